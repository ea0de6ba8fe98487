"""What the gates look at: everything known when one signal is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.domain import Account, Instrument, Mark, Position, Source, TradingPolicy, Universe


@dataclass(frozen=True, slots=True)
class Rules:
    """The executor's own limits, as plain values. `cooldown` is market time; ages are real seconds."""

    positions: int
    cooldown: timedelta
    sources: frozenset[Source]
    trend_tolerance: Decimal
    counter_trend_confidence: Decimal
    risk_per_trade: Decimal
    notional_per_trade: Decimal
    margin_share: Decimal
    leverage: int
    account_age_s: float
    mark_age_s: float


@dataclass(frozen=True, slots=True)
class World:
    """None where nothing is known; unknown never lets anything pass. Ages are in real seconds."""

    market_now: datetime
    posture: str
    kill_reason: str | None
    universe: Universe | None
    policy: TradingPolicy | None
    account: Account | None
    account_age_s: float
    mark: Mark | None
    mark_age_s: float
    instrument: Instrument | None
    positions: Mapping[str, Position]
    last_entry_at: datetime | None
    """Market time of the last entry in this symbol."""
    untold: frozenset[str] = frozenset()
    """Symbols just entered whose position is not among `positions` yet."""
