"""What the operator may set about the policy. Values outside a range are refused at start, never clamped in silence."""

from __future__ import annotations

from typing import Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from plugins.domain import Source
from plugins.policy.chain import dead_zones
from plugins.policy.confidence import ConfidenceSettings
from qtcore import Settings, impossible


class RegimeSettings(Settings):
    """How a symbol's regime is told from its candles."""

    adx_period: int = Field(default=14, ge=2)
    trending_adx: float = Field(default=25.0, gt=0, lt=100, description="a trend begins here")
    trend_over_adx: float = Field(default=20.0, gt=0, lt=100, description="a trend that has begun ends here")
    ranging_width: float = Field(
        default=0.02, gt=0, description="high to low of an hour, as a part of the price; below: ranging"
    )
    range_over_width: float = Field(default=0.022, gt=0, description="a range that has begun ends above this width")
    average_period: int = Field(
        default=200, ge=10, description="candles of the long average that `trend` is measured from"
    )

    @model_validator(mode="after")
    def _ends_below_its_beginning(self) -> Self:
        if self.trend_over_adx > self.trending_adx:
            raise ValueError("trend_over_adx must not be above trending_adx, or a trend would end as it begins")
        if self.range_over_width < self.ranging_width:
            raise ValueError("range_over_width must not be below ranging_width, or a range would end as it begins")
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


class PolicySettings(Settings):
    """Regime and volatility thresholds, and what follows from them."""

    regime: RegimeSettings = RegimeSettings()
    volatility: VolatilitySettings = VolatilitySettings()
    confidence: ConfidenceSettings = ConfidenceSettings()
    sources: tuple[Source, ...] = Field(default=tuple(Source), description="whose signals are traded")
    observed: tuple[Source, ...] = Field(default=(), description="whose signals are recorded and never traded")
    entry_deadline_s: float = Field(
        default=20.0, gt=0, le=600, description="market time that a limit entry may wait, where the style is one"
    )
    warm_up_bars: PositiveInt = Field(default=500, description="closed candles that the gauges start from")
    stale_after_periods: float = Field(
        default=2.5, ge=1.5, description="candle periods after which a symbol's data is stale"
    )
    renew_s: PositiveFloat = Field(
        default=2.0, le=10, description="real seconds after which an unchanged policy is said again"
    )

    @model_validator(mode="after")
    def _can_be_satisfied(self) -> Self:
        if zones := dead_zones(self.sources, self.observed, self.confidence):
            raise impossible(
                "QT-CONFIG-CHAIN",
                f"the chain of thresholds and source filters lets nothing through: {'; '.join(zones)}. "
                "Lower confidence (least, ceiling, or the regime's own), trade the source by naming it in sources, "
                "or say in observed that its signals are only to be recorded",
            )
        return self
