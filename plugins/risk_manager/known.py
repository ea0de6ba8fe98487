"""What the risk manager has heard of account, positions, stops and rules, and how its signals ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from plugins.domain import (
    Account,
    EntryAdvice,
    Instrument,
    Mark,
    Outcome,
    OutcomeCode,
    Position,
    RiskBudget,
    Side,
    StopState,
    StopStatus,
    SymbolPolicy,
    TradingPolicy,
)
from plugins.domain.sizing import Funds, Sizing, Wanted, size
from qtcore import QtError

T = TypeVar("T")

SIZED = frozenset(
    {OutcomeCode.FILLED, OutcomeCode.RISK_GUARD, OutcomeCode.ORDER_REFUSED, OutcomeCode.ORDER_UNKNOWN}
    | {OutcomeCode.STOP_REFUSED, OutcomeCode.LEASE}
)
"""Outcomes that only a signal with a size can have."""


class CannotSize(QtError):
    """Something that a size needs is not known."""


@dataclass(frozen=True, slots=True)
class Held:
    """An open position, its stop if one is live, and the rules of its symbol."""

    position: Position
    stop: StopState | None
    instrument: Instrument | None


@dataclass(slots=True)
class Known:
    """Everything heard so far."""

    account: Account | None = None
    account_s: float = 0.0
    policy: TradingPolicy | None = None
    instruments: dict[str, Instrument] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    stops: dict[str, StopState] = field(default_factory=dict)
    sized: int = 0
    refused: int = 0
    refused_in_a_row: int = 0
    last_refusal: str = ""
    outcomes: Counter[OutcomeCode] = field(default_factory=Counter)

    def hear(self, message: object, now_s: float) -> None:
        """Take a message of any topic that the risk manager reads."""
        match message:
            case Account():
                self.account, self.account_s = message, now_s
            case TradingPolicy():
                self.policy = message
            case Instrument():
                self.instruments[message.symbol] = message
            case Mark():
                self.marks[message.symbol] = message
            case Position() if message.quantity:
                self.positions[message.symbol] = message
            case Position():
                self.positions.pop(message.symbol, None)
                self.stops.pop(message.symbol, None)
            case StopState():
                self.stops[message.symbol] = message
            case Outcome():
                self._ended(message)

    def held(self) -> list[Held]:
        """Every open position with what guards it."""
        return [
            Held(position, _live(self.stops.get(symbol)), self.instruments.get(symbol))
            for symbol, position in sorted(self.positions.items())
        ]

    def size(
        self, symbol: str, side: Side, budget: RiskBudget, advice: EntryAdvice | None
    ) -> tuple[Sizing, Instrument]:
        """The size that an entry would have now. Raises CannotSize."""
        policy, account = self._policy_of(symbol), _needed(self.account, "the account")
        mark = _needed(self.marks.get(symbol), f"the mark price of {symbol}")
        instrument = _needed(self.instruments.get(symbol), f"the venue's rules for {symbol}")
        advised = advice or EntryAdvice()
        distance = policy.atr * policy.stop_atr
        wanted = Wanted(side, mark.price, distance, policy.risk_multiplier, advised.haircut, advised.room)
        funds = Funds(account.equity, account.available, self.open_notional())
        return size(wanted, funds, budget, instrument), instrument

    def open_notional(self) -> Decimal:
        """USDT of all positions by the venue's last word."""
        return sum((each.quantity * each.mark_price for each in self.positions.values()), Decimal(0))

    def _policy_of(self, symbol: str) -> SymbolPolicy:
        policy = _needed(self.policy, "the policy")
        return _needed(policy.by_symbol.get(symbol), f"the policy for {symbol}")

    def _ended(self, outcome: Outcome) -> None:
        self.outcomes[outcome.code] += 1
        if outcome.code is OutcomeCode.SIZE:
            self.refused += 1
            self.refused_in_a_row += 1
            self.last_refusal = outcome.sentence
        elif outcome.code in SIZED:
            self.sized += 1
            self.refused_in_a_row = 0


def _needed(value: T | None, what: str) -> T:
    if value is None:
        raise CannotSize(f"{what} is not known, so no size can be given; see `qt status` for who should tell it")
    return value


def _live(stop: StopState | None) -> StopState | None:
    return stop if stop is not None and stop.status is StopStatus.LIVE else None
