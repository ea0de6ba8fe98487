"""What the operator may set about the sources of signals."""

from __future__ import annotations

from typing import Self

from pydantic import Field, PositiveFloat, SecretStr, model_validator

from plugins.learning.ensemble import ViewRules
from plugins.store import DatabaseUrl
from qtcore import Settings


class RsiRuleSettings(Settings):
    """Wilder's relative strength index on closed candles, and where it becomes a view."""

    period: int = Field(default=14, ge=2, le=200)
    oversold: float = Field(default=30.0, gt=0, lt=50, description="below it: long")
    overbought: float = Field(default=70.0, gt=50, lt=100, description="above it: short")


class EnsembleSettings(Settings):
    """When the members are asked, and what of their answer is a view. Times are real seconds."""

    burst_s: PositiveFloat = Field(
        default=0.25, description="how long after the first candle of a close to wait for the others"
    )
    settle_s: float = Field(default=0.05, ge=0, description="how long to leave the processor to the orders of the rule")
    deep_timeout_s: PositiveFloat = Field(default=0.15, description="nets that answer later than this have no vote")
    look_every_s: PositiveFloat = Field(default=1.0, description="how often to look for another champion")
    least_probability: float = Field(default=0.38, ge=0.2, lt=1, description="of a direction, to be a view")
    least_margin: float = Field(default=0.08, ge=0, lt=1, description="over the opposite direction, to be a view")
    fewest_members: int = Field(default=2, ge=1, le=4, description="fewer that vote are a finding")

    @property
    def rules(self) -> ViewRules:
        """As the ensemble takes them."""
        return ViewRules(self.least_probability, self.least_margin)


class ModelsSettings(Settings):
    """Times are market seconds unless they say otherwise."""

    rsi_rule: RsiRuleSettings = RsiRuleSettings()
    ensemble: EnsembleSettings = EnsembleSettings()
    warm_up_bars: int = Field(default=400, ge=30, description="closed candles that a source starts from")
    signal_lifetime_s: PositiveFloat = Field(
        default=60.0, description="a signal that is older is void; at least 2 real seconds"
    )
    stale_after_periods: float = Field(
        default=2.5, ge=1.5, description="candle periods without a candle, after which it is old"
    )
    universe_timeout_s: PositiveFloat = Field(default=30.0, description="real seconds to wait for the first universe")
    database_url: DatabaseUrl = Field(
        default=SecretStr(""), description="where signals are stored; the file in the home folder when empty"
    )

    @model_validator(mode="after")
    def _enough_history(self) -> Self:
        if self.warm_up_bars < 2 * self.rsi_rule.period:
            raise ValueError(f"warm_up_bars must be at least twice the RSI's period of {self.rsi_rule.period}")
        return self
