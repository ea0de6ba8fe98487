"""What the operator may set about the history."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from qtcore import Settings, means

Interval = Literal["1m", "3m", "5m", "15m", "30m", "1h"]


class HistorySettings(Settings):
    """Times are real seconds unless they say otherwise."""

    interval: Interval = Field(
        default="1m",
        description="length of the candles; the same as the feed's",
        json_schema_extra=means("market.interval", market=True),
    )
    market: str = Field(
        default="",
        pattern=r"^[a-z0-9-]{0,60}$",
        description="serve this folder of imported history instead of what the venue gives; `qt data check` lists them",
    )
    bars: int = Field(default=20_000, ge=1000, le=500_000, description="candles wanted and kept per symbol")
    refresh_bars: int = Field(default=30, ge=1, description="new candles are fetched once so many have closed")
    weight_ceiling: PositiveInt = Field(
        default=1150,
        description="request weight a minute at which this waits: from half of the venue's on the exchange saves it",
    )
    pause_s: PositiveFloat = Field(default=0.05, description="pause between two requests")
    request_timeout_s: PositiveFloat = 10.0
    address_timeout_s: PositiveFloat = Field(
        default=30.0, description="how long to wait for the venue and the universe"
    )
