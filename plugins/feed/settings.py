"""What the operator may set about the feed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from qtcore import Settings, means

Interval = Literal["1m", "3m", "5m", "15m", "30m", "1h"]

INTERVAL_S: dict[Interval, int] = {"1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600}


class FeedSettings(Settings):
    """Ages of candles are counted in their own periods; what says `_s` is real seconds unless it says otherwise."""

    interval: Interval = Field(
        default="1m",
        description="length of the candles that everything is judged by",
        json_schema_extra=means("market.interval", market=True),
    )
    symbols: tuple[str, ...] = Field(default=(), description="only these; the most traded of the venue when empty")
    max_symbols: int = Field(default=50, ge=1, le=400, description="how many symbols are followed when none are named")
    history_bars: int = Field(
        default=500, ge=50, le=1500, description="closed candles kept and loaded at start, per symbol"
    )
    stale_after_periods: float = Field(
        default=2.5, ge=1.5, description="a symbol without a closed candle for so many periods is stale"
    )
    mark_stale_s: PositiveFloat = Field(
        default=10.0,
        description="market seconds after which a mark price is stale",
        json_schema_extra=means(judges=1.0, judges_market=True, market=True),
    )
    mute_after_s: PositiveFloat = Field(
        default=2.0,
        ge=1.5,
        description="market seconds, at least 2 real ones, after which a stream of one frame a second counts as mute",
        json_schema_extra=means(judges=1.0, judges_market=True, market=True),
    )
    patience_s: PositiveFloat = Field(default=4.0, description="time that a step of recovery gets to work")
    retry_s: PositiveFloat = Field(default=30.0, description="while REST is asked, streams are tried this often")
    poll_s: PositiveFloat = Field(
        default=1.0, description="time between two rounds of asking by REST", json_schema_extra=means(least_s=0.2)
    )
    spreads_s: PositiveFloat = Field(
        default=30.0,
        description="time between two looks at all best bids and asks",
        json_schema_extra=means(least_s=1.0),
    )
    backoff_s: PositiveFloat = Field(default=0.25, description="first wait before dialling again; doubles each time")
    max_backoff_s: PositiveFloat = 15.0
    address_timeout_s: PositiveFloat = Field(default=20.0, description="how long to wait for the venue's address")
    request_timeout_s: PositiveFloat = 5.0
    weight_ceiling: PositiveInt = Field(
        default=1200, description="request weight a minute at which history waits, so that orders always have room"
    )
