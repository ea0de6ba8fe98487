"""What the market says: addresses, candles, marks, instruments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from plugins.domain.words import Mode, Regime, Volatility
from qtcore import topic


@topic(retained=True)
@dataclass(frozen=True, slots=True)
class VenueAddress:
    """Where the venue of this run answers; `origin` like `http://127.0.0.1:8877`, empty for the venue's own hosts."""

    mode: Mode
    origin: str
    description: str


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
    """What may be ordered of a symbol: the venue's filters, in quote and base units."""

    symbol: str
    tick: Decimal
    step: Decimal
    minimum_quantity: Decimal
    maximum_market_quantity: Decimal
    minimum_notional: Decimal
    status: str


@topic(retained=True)
@dataclass(frozen=True, slots=True)
class Universe:
    """Which symbols may trade, and why the others may not."""

    symbols: tuple[str, ...]
    refused: dict[str, str]
    at: datetime


@topic(retained=True)
@dataclass(frozen=True, slots=True)
class TradingPolicy:
    """What the policy allows now; per symbol overrides stand in `by_symbol`."""

    allow_entries: bool
    reason: str
    minimum_confidence: Decimal
    risk_multiplier: Decimal
    by_symbol: dict[str, SymbolPolicy]
    at: datetime


@dataclass(frozen=True, slots=True)
class SymbolPolicy:
    """Regime and volatility of one symbol and what follows for entries and exits.

    Stop and take-profit distances are in multiples of `atr` (price units). `trend` is the close's
    distance from its long average as a part of it; `reason` says why entries are not allowed.
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
