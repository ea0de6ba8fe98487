"""What the operator may set about the sources of signals."""

from __future__ import annotations

from typing import Self

from pydantic import Field, PositiveFloat, SecretStr, model_validator

from plugins.store import DatabaseUrl
from qtcore import Settings


class RsiRuleSettings(Settings):
    """Wilder's relative strength index on closed candles, and where it becomes a view."""

    period: int = Field(default=14, ge=2, le=200)
    oversold: float = Field(default=30.0, gt=0, lt=50, description="below it: long")
    overbought: float = Field(default=70.0, gt=50, lt=100, description="above it: short")


class ModelsSettings(Settings):
    """Times are market seconds unless they say otherwise."""

    rsi_rule: RsiRuleSettings = RsiRuleSettings()
    warm_up_bars: int = Field(default=300, ge=30, description="closed candles that a source starts from")
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
