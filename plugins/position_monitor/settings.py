"""The monitor's settings; protection counts real seconds, age counts market time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from pydantic import Field, PositiveFloat

from plugins.position_monitor.decisions import Rules
from qtcore import Settings


class PositionMonitorSettings(Settings):
    """The fallback distances are the original's, for a position about which the policy says nothing."""

    naked_s: PositiveFloat = Field(default=2.0, description="real seconds without a live stop before it is closed")
    fired_s: PositiveFloat = Field(default=3.0, description="real seconds a fired stop may take to close it")
    maximum_age_h: PositiveFloat = Field(default=72.0, description="hours of market time; the policy may ask for less")
    fallback_stop: Decimal = Field(default=Decimal("0.02"), gt=0, lt=1, description="share of the entry price")
    fallback_take_profit: Decimal = Field(default=Decimal("0.03"), gt=0, lt=1, description="share of the entry price")
    call_timeout_s: PositiveFloat = Field(default=6.0, description="how long the exchange may take for one act")

    @property
    def rules(self) -> Rules:
        """The same as plain values for the decisions."""
        return Rules(
            naked_s=self.naked_s,
            fired_s=self.fired_s,
            maximum_age=timedelta(hours=self.maximum_age_h),
            fallback_stop=self.fallback_stop,
            fallback_take_profit=self.fallback_take_profit,
        )
