"""What the exchange's actions answer, validated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pydantic import TypeAdapter

from plugins.domain import ExitReason, Fill


@dataclass(frozen=True, slots=True)
class FillLine:
    """A fill with its number in exchange.db; `closed_because` where it ended a round trip."""

    sequence: int
    fill: Fill
    position_id: str
    closed_because: ExitReason | None


@dataclass(frozen=True, slots=True)
class FillPage:
    """Fills in order, how many the exchange has in all, its highest number, and which exchange.db this is."""

    ledger: str
    fills: list[FillLine]
    count: int
    last: int


@dataclass(frozen=True, slots=True)
class IncomeLine:
    """A wallet change with its number in exchange.db."""

    sequence: int
    transaction_id: str
    kind: str
    symbol: str
    amount: Decimal
    asset: str
    market_at: datetime


FILL_PAGE = TypeAdapter(FillPage)
INCOME_PAGE = TypeAdapter(list[IncomeLine])
