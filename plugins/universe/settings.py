"""What the operator may set about the universe."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field, PositiveFloat

from qtcore import Settings


class UniverseSettings(Settings):
    """Which symbols may trade."""

    include: tuple[str, ...] = Field(default=(), description="only these; every symbol that passes when empty")
    exclude: tuple[str, ...] = ()
    max_symbols: int = Field(default=50, ge=1, description="the most traded that pass")
    minimum_bars: int = Field(default=100, ge=1, description="closed candles without which nothing can be judged")
    minimum_turnover: Decimal = Field(
        default=Decimal(0), ge=0, description="quote asset traded in the last bars, above this"
    )
    refresh_s: PositiveFloat = Field(default=10.0, description="real seconds between looks at what the feed covers")
    instruments_timeout_s: PositiveFloat = 20.0
