"""What may be risked: the budget of one trade, and the advice about the book as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from plugins.domain.words import Side
from qtcore import topic

ONE = Decimal(1)


@topic(retained=True, expires_s=10.0)
@dataclass(frozen=True, slots=True)
class RiskBudget:
    """What one trade may use, said by the risk manager; without it nothing is entered.

    Shares are of equity, `notional` is in USDT. `gross_exposure` bounds the notional of all positions
    with this one, `liquidation_share` the stop's distance as a part of the distance to liquidation.
    """

    risk_share: Decimal
    notional: Decimal
    margin_share: Decimal
    gross_exposure: Decimal
    leverage: int
    liquidation_share: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class EntryAdvice:
    """What one more position in one symbol on one side would mean for the book.

    `haircut` multiplies its risk (1: nothing held moves with it); `room` is the notional (USDT) left under
    the caps; `correlation` is the highest with a position held, signed by the sides. `veto` says with its
    number why there should be none, and is empty when there may be one.
    """

    haircut: Decimal = ONE
    room: Decimal | None = None
    correlation: Decimal | None = None
    veto: str = ""


@dataclass(frozen=True, slots=True)
class Reduction:
    """A part (0 to 1) of a position that should be closed, and why."""

    symbol: str
    share: Decimal
    reason: str


@topic(retained=True, expires_s=45.0)
@dataclass(frozen=True, slots=True)
class PortfolioAdvice:
    """The balancer's word about the book, renewed all the time and void when it is not.

    Only what is `enforced` binds; the rest is for people. `known` is False while there is too little
    history to say how symbols move together. `at` is market time.
    """

    enforced: bool
    known: bool
    reason: str
    long: dict[str, EntryAdvice]
    short: dict[str, EntryAdvice]
    reductions: tuple[Reduction, ...]
    at: datetime
    figures: dict[str, str] = field(default_factory=dict)

    def entry(self, symbol: str, side: Side) -> EntryAdvice | None:
        """The advice about one more position; None where it says nothing."""
        return (self.long if side is Side.LONG else self.short).get(symbol)
