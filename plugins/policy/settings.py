"""What the operator may set about the policy. Values outside a range are refused at start, never clamped in silence."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from plugins.domain import Source
from qtcore import Settings

Share = Annotated[Decimal, Field(ge=0, le=1)]


class RegimeSettings(Settings):
    """How a symbol's regime is told from its candles."""

    adx_period: int = Field(default=14, ge=2)
    trending_adx: float = Field(default=25.0, gt=0, lt=100, description="a trend begins here")
    trend_over_adx: float = Field(default=20.0, gt=0, lt=100, description="a trend that has begun ends here")
    ranging_width: float = Field(
        default=0.02, gt=0, description="high to low of an hour, as a part of the price; below: ranging"
    )
    average_period: int = Field(
        default=200, ge=10, description="candles of the long average that `trend` is measured from"
    )

    @model_validator(mode="after")
    def _ends_below_its_beginning(self) -> Self:
        if self.trend_over_adx > self.trending_adx:
            raise ValueError("trend_over_adx must not be above trending_adx, or a trend would end as it begins")
        return self


class VolatilitySettings(Settings):
    """Average true range over price, brought to one hour by the square root of time; see `policy.gauge`."""

    atr_period: int = Field(default=14, ge=2)
    normal_from: float = Field(default=0.005, gt=0)
    high_from: float = Field(default=0.015, gt=0)
    extreme_from: float = Field(default=0.03, gt=0)
    hysteresis: float = Field(
        default=0.1, ge=0, lt=1, description="a level is left only this part below where it begins"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.normal_from < self.high_from < self.extreme_from:
            raise ValueError("volatility levels must grow: normal_from < high_from < extreme_from")
        return self


class ConfidenceSettings(Settings):
    """Least confidence of a signal by regime, within the bounds that the original meant for each."""

    trending: Decimal = Field(default=Decimal("0.32"), ge=Decimal("0.20"), le=Decimal("0.50"))
    ranging: Decimal = Field(default=Decimal("0.40"), ge=Decimal("0.25"), le=Decimal("0.55"))
    normal: Decimal = Field(default=Decimal("0.38"), ge=Decimal("0.22"), le=Decimal("0.52"))
    floor: Share = Decimal("0.30")
    ceiling: Share = Decimal("0.60")

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> Self:
        if self.floor > self.ceiling:
            raise ValueError("floor must not be above ceiling")
        return self


class PolicySettings(Settings):
    """Regime and volatility thresholds, and what follows from them."""

    regime: RegimeSettings = RegimeSettings()
    volatility: VolatilitySettings = VolatilitySettings()
    confidence: ConfidenceSettings = ConfidenceSettings()
    sources: tuple[Source, ...] = Field(
        default=(Source.RSI_RULE,), min_length=1, description="whose signals must be able to pass"
    )
    warm_up_bars: PositiveInt = Field(default=500, description="closed candles that the gauges start from")
    stale_after_periods: float = Field(
        default=2.5, ge=1.5, description="candle periods after which a symbol's data is stale"
    )
    renew_s: PositiveFloat = Field(
        default=2.0, le=10, description="real seconds after which an unchanged policy is said again"
    )
