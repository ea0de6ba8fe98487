"""What the operator may set about the universe."""

from __future__ import annotations

from decimal import Decimal
from typing import Self

from pydantic import Field, PositiveFloat, model_validator

from plugins.domain import Tier
from qtcore import Settings, means


class Bounds(Settings):
    """What a symbol needs for a tier. Shares are parts of one; `turnover` is quote asset an hour."""

    turnover: Decimal = Field(ge=0, description="at least, an hour, in quote asset")
    spread: PositiveFloat = Field(description="at most, ask less bid as a part of their middle")
    movement: PositiveFloat = Field(description="at most, high less low of an hour as a part of the price")
    empty: float = Field(ge=0, le=1, description="at most, share of candles without any trade")
    bars: int = Field(ge=1, description="at least, closed candles")


class UniverseSettings(Settings):
    """Which symbols may trade, and what makes one better than another."""

    include: tuple[str, ...] = Field(default=(), description="only these; every symbol that passes when empty")
    exclude: tuple[str, ...] = ()
    max_symbols: int = Field(default=50, ge=1, description="the best that pass, by tier and turnover")
    tiers: tuple[Tier, ...] = Field(default=tuple(Tier), description="which of them may trade")
    core: Bounds = Bounds(turnover=Decimal(10_000_000), spread=0.0005, movement=0.03, empty=0.02, bars=300)
    expansion: Bounds = Bounds(turnover=Decimal(1_000_000), spread=0.0015, movement=0.06, empty=0.1, bars=200)
    minimum_bars: int = Field(default=100, ge=1, description="closed candles without which nothing can be judged")
    minimum_turnover: Decimal = Field(default=Decimal(0), ge=0, description="quote asset an hour, above this")
    maximum_spread: PositiveFloat = Field(default=0.005, description="a wider one costs more than a trade can bring")
    maximum_movement: PositiveFloat = Field(default=0.25, description="an hour's, beyond which no stop is safe")
    maximum_empty: float = Field(default=0.5, ge=0, le=1, description="share of candles without any trade")
    slack: float = Field(
        default=1.25, ge=1, le=3, description="a symbol loses what it has only when it misses a bound by this factor"
    )
    refresh_s: PositiveFloat = Field(
        default=10.0,
        description="real seconds between looks at what the feed covers",
        json_schema_extra=means(least_s=0.5),
    )
    instruments_timeout_s: PositiveFloat = 20.0

    @model_validator(mode="after")
    def _better_is_stricter(self) -> Self:
        core, expansion = self.core, self.expansion
        if core.turnover < expansion.turnover or core.spread > expansion.spread or core.bars < expansion.bars:
            raise ValueError("core asks for less than expansion does; give it the stricter bounds")
        return self
