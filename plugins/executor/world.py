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
    Side,
    SourceVerdict,
    TradingPolicy,
    Universe,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The executor's own limits, as plain values. Cooldowns are market time; ages are real seconds.

    `verdicts_required` and `portfolio_required`: entries wait for that word from the start; else only once it
    has been heard, because who has spoken and falls silent must not set anything free.
    """

    positions: int
    cooldown: timedelta
    side_cooldown: timedelta
    entries_per_day: int
    funding_limit: Decimal
    verdicts_required: bool
    portfolio_required: bool
    trend_tolerance: Decimal
    account_age_s: float
    mark_age_s: float


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry that filled, or may have, in market time."""

    side: Side
    at: datetime


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
    entries: tuple[Entry, ...] = ()
    """The last day's entries in this symbol, oldest first."""
    untold: frozenset[str] = frozenset()
    """Symbols just entered whose position is not among `positions` yet."""
    budget: RiskBudget | None = None
    advice: PortfolioAdvice | None = None
    advised_before: bool = False
    verdict: SourceVerdict | None = None
    verdict_age_s: float = 0.0
    open_notional: Decimal = Decimal(0)
    """USDT of all positions, with entries whose position is not told yet."""
