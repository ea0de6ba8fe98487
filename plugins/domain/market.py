"""What the market says: addresses, candles, marks, instruments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pydantic import JsonValue

from plugins.domain.brackets import Bracket
from plugins.domain.words import EntryStyle, ExitStyle, Mode, Regime, Source, Tier, Volatility
from qtcore import topic


@topic(retained=True)
@dataclass(frozen=True, slots=True)
class VenueAddress:
    """Where the venue of this run answers; `origin` like `http://127.0.0.1:8877`, empty for the venue's own hosts."""

    mode: Mode
    origin: str
    description: str

    @property
    def facts(self) -> dict[str, JsonValue]:
        """What everybody who speaks to the venue says of it in the same words, so that they can be held together."""
        return {"venue.endpoint": self.origin or "the venue's own hosts", "venue.mode": self.mode.value}


@topic(expires_s=30.0)
@dataclass(frozen=True, slots=True)
class Candle:
    """One bar of one symbol. `symbol` is the venue's id (`BTCUSDT`); times are market time; volume in base asset.

    `received_ns` is CLOCK_MONOTONIC when the last byte came in, for latency figures.
    """

    symbol: str
    interval_s: int
    opened_at: datetime
    closed_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    closed: bool = True
    received_ns: int = 0


@topic(retained=True, expires_s=30.0, key="symbol")
@dataclass(frozen=True, slots=True)
class Mark:
    """Mark price and the funding rate next due. Times are market time."""

    symbol: str
    price: Decimal
    funding_rate: Decimal
    next_funding_at: datetime | None
    at: datetime


@topic(retained=True, key="symbol")
@dataclass(frozen=True, slots=True)
class Instrument:
    """What may be ordered of a symbol: the venue's filters, in quote and base units.

    `brackets` is the venue's margin table, lowest notional first; empty while it is not known.
    """

    symbol: str
    tick: Decimal
    step: Decimal
    minimum_quantity: Decimal
    maximum_market_quantity: Decimal
    minimum_notional: Decimal
    status: str
    brackets: tuple[Bracket, ...] = ()


@topic(retained=True)
@dataclass(frozen=True, slots=True)
class Universe:
    """Which symbols may trade, best first, and why the others may not; `tiers` says how well each of them trades."""

    symbols: tuple[str, ...]
    refused: dict[str, str]
    at: datetime
    tiers: dict[str, Grade] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grade:
    """The tier of one symbol, and what keeps it there."""

    tier: Tier
    reason: str


@topic(retained=True)
@dataclass(frozen=True, slots=True)
class TradingPolicy:
    """What the policy allows now; per symbol overrides stand in `by_symbol`.

    Only signals of `sources` may be traded; one against a clear trend needs `counter_trend_confidence`.
    """

    allow_entries: bool
    reason: str
    minimum_confidence: Decimal
    risk_multiplier: Decimal
    by_symbol: dict[str, SymbolPolicy]
    at: datetime
    sources: tuple[Source, ...] = tuple(Source)
    counter_trend_confidence: Decimal = Decimal("0.60")


@dataclass(frozen=True, slots=True)
class SymbolPolicy:
    """Regime and volatility of one symbol and what follows for entries and exits.

    Stop and take-profit distances are in multiples of `atr` (price units). `trend` is the close's
    distance from its long average as a part of it; `reason` says why entries are not allowed.
    A limit entry waits `entry_deadline_s` of market time. A profit of `break_even_r` times the first
    risk moves the stop to the entry price; `trail_atr` is how far (in `atr`) a trailing stop stays behind.
    """

    regime: Regime
    volatility: Volatility
    allow_entries: bool
    minimum_confidence: Decimal
    risk_multiplier: Decimal
    atr: Decimal
    trend: Decimal
    stop_atr: Decimal
    take_profit_atr: Decimal
    maximum_age_s: float
    reason: str = ""
    entry_style: EntryStyle = EntryStyle.MARKET
    entry_deadline_s: float = 20.0
    exit_style: ExitStyle = ExitStyle.TREND_FOLLOW
    break_even_r: Decimal = Decimal("0.5")
    trail_atr: Decimal = Decimal(2)
