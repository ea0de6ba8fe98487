"""Ways in which the venue may misbehave for a while: set from outside (see `faults`), kept by no ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

EVERY = ""
"""In place of a symbol: all of them."""


class SymbolStatus(StrEnum):
    """`SETTLING`: positions may only be reduced; `CLOSE`: delisted, nothing can be done any more."""

    TRADING = "TRADING"
    SETTLING = "SETTLING"
    CLOSE = "CLOSE"


@dataclass(slots=True)
class Thin:
    """Children of conditional orders get only this fraction of what they want; the rest of a market order expires.

    `left` says how many of them, None without a limit; `struck` is told of each.
    """

    fraction: Decimal
    left: int | None = None
    struck: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Still:
    """What is told of a symbol whose market stands still: its last two prices, and the market time of then."""

    last: Decimal
    previous: Decimal
    at_ms: int


@dataclass(slots=True)
class Quirks:
    """`held` are symbols whose triggered orders do not reach the engine; `liquidating` refuses all orders.

    Of symbols in `still` only what was then is told; the engine goes on with what is.
    """

    held: set[str] = field(default_factory=set)
    thin: dict[str, Thin] = field(default_factory=dict)
    status: dict[str, SymbolStatus] = field(default_factory=dict)
    still: dict[str, Still] = field(default_factory=dict)
    liquidating: bool = False

    def holds(self, symbol: str) -> bool:
        return bool(self.held) and (symbol in self.held or EVERY in self.held)

    def thinned(self, symbol: str) -> Decimal | None:
        """Use up one of the thin fills that are due for a symbol; None when none is."""
        thin = self.thin.get(symbol) or self.thin.get(EVERY)
        if thin is None or thin.left == 0:
            return None
        if thin.left is not None:
            thin.left -= 1
        if thin.struck is not None:
            thin.struck()
        return thin.fraction

    def status_of(self, symbol: str) -> SymbolStatus:
        return self.status.get(symbol, SymbolStatus.TRADING)
