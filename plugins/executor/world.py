"""What the gates look at: everything known when one signal is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.domain import (
    Account,
    Instrument,
    Mark,
    PortfolioAdvice,
    Position,
    RiskBudget,
    TradingPolicy,
    Universe,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The executor's own limits, as plain values. `cooldown` is market time; ages are real seconds."""

    positions: int
    cooldown: timedelta
    trend_tolerance: Decimal
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
    budget: RiskBudget | None = None
    advice: PortfolioAdvice | None = None
    open_notional: Decimal = Decimal(0)
    """USDT of all positions, with entries whose position is not told yet."""
