"""What the repositories hand out: frozen rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from plugins.domain import ExitReason, Fill, OutcomeCode, Side, Signal


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A stored signal and, once it has ended, how."""

    signal: Signal
    outcome: OutcomeCode | None
    sentence: str | None
    outcome_at: datetime | None
    intent_id: str | None
    had: Decimal | None
    needed: Decimal | None
    record: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Miss:
    """A signal that failed one gate by little: it had `had` where `needed` was asked."""

    signal_id: str
    symbol: str
    code: OutcomeCode
    had: Decimal
    needed: Decimal
    sentence: str
    made_at: datetime

    @property
    def shortfall(self) -> Decimal:
        """How much was missing, as a part of what was needed."""
        return abs(self.needed - self.had) / abs(self.needed) if self.needed else abs(self.had)


@dataclass(frozen=True, slots=True)
class Funnel:
    """All signals of a window: `made` = `unfinished` + the sum of `ended`."""

    since: datetime
    until: datetime
    made: int
    unfinished: int
    ended: dict[OutcomeCode, int]
    nearest: tuple[Miss, ...]


@dataclass(frozen=True, slots=True)
class FillRow:
    """A stored fill and the round trip it belongs to."""

    fill: Fill
    position_id: str


@dataclass(frozen=True, slots=True)
class PositionRow:
    """A round trip as the history knows it; amounts in quote asset, quantities in base asset."""

    id: str
    symbol: str
    side: Side
    quantity: Decimal
    entered: Decimal
    entry_price: Decimal
    exit_price: Decimal | None
    gross_pnl: Decimal
    fees: Decimal
    fills: int
    first_order_id: str
    last_order_id: str
    opened_at: datetime
    opened_market_at: datetime
    updated_at: datetime
    updated_market_at: datetime
    closed_because: ExitReason | None


@dataclass(frozen=True, slots=True)
class TradeRow:
    """A closed round trip: net_pnl = gross_pnl - fees + funding, all in quote asset."""

    position_id: str
    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    gross_pnl: Decimal
    fees: Decimal
    funding: Decimal
    net_pnl: Decimal
    fills: int
    opened_at: datetime
    opened_market_at: datetime
    closed_at: datetime
    closed_market_at: datetime
    closed_because: ExitReason


@dataclass(frozen=True, slots=True)
class FundingRow:
    """One funding settlement; `amount` is negative when paid."""

    transaction_id: str
    symbol: str
    amount: Decimal
    asset: str
    market_at: datetime
