"""The monitor's settings; protection counts real seconds, everything else market time."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from plugins.position_monitor.sight import Rules, Rung, StopType
from qtcore import Settings, means

Share = Annotated[Decimal, Field(gt=0, lt=1)]


class RungSettings(Settings):
    """One rung of the take-profit ladder."""

    share: Share = Field(description="part of what was entered that is taken here")
    gain: Decimal = Field(gt=0, description="in multiples of the first stop's distance")


class PositionMonitorSettings(Settings):
    """The fallback distances are the original's, for a position about which the policy says nothing."""

    naked_s: PositiveFloat = Field(default=2.0, description="real seconds without a live stop before it is closed")
    fired_s: PositiveFloat = Field(default=3.0, description="real seconds a fired stop may take to close it")
    stop_type: StopType = Field(
        default=StopType.MARKET, description="market, limit, or hybrid: a limit before a market stop"
    )
    limit_slip: Share = Field(default=Decimal("0.002"), description="how much worse than its trigger a limit may be")
    hybrid_gap: Share = Field(
        default=Decimal("0.002"), description="how much nearer than the market stop a limit stands"
    )
    maximum_age_h: PositiveFloat = Field(default=72.0, description="hours of market time; the policy may ask for less")
    least_age_s: NonNegativeFloat = Field(default=900.0, description="market time before a lost reason counts")
    fallback_stop: Share = Field(default=Decimal("0.02"), description="share of the entry price")
    fallback_take_profit: Share = Field(default=Decimal("0.03"), description="share of the entry price")
    ladder: tuple[RungSettings, ...] = Field(
        default=(RungSettings(share=Decimal("0.5"), gain=Decimal("1.5")),),
        description="parts taken on the way, of a position that follows a trend",
    )
    quick_ladder: tuple[RungSettings, ...] = Field(
        default=(RungSettings(share=Decimal("0.5"), gain=Decimal(1)),), description="the same for all other exit styles"
    )
    funding_least: Share = Field(
        default=Decimal("0.0005"), description="cost of a settlement that is worth leaving for"
    )
    funding_lead_s: PositiveFloat = Field(
        default=60.0, description="market time before a settlement, at least 3 real seconds"
    )
    neutral_reduce: PositiveInt = Field(default=3, description="predictions in a row against holding it: halved")
    neutral_close: PositiveInt = Field(default=10, description="the same: closed")
    tighten: Share = Field(default=Decimal("0.5"), description="of the stop's distance, after a weak opposite signal")
    least_step: Share = Field(default=Decimal("0.001"), description="smaller moves of a stop are not worth an order")
    unseen_s: PositiveFloat = Field(
        default=10.0,
        description="real seconds for which account and positions may differ",
        json_schema_extra=means(judges="exchange.reconcile_s"),
    )
    call_timeout_s: PositiveFloat = Field(default=6.0, description="how long the exchange may take for one act")

    @model_validator(mode="after")
    def _rungs_are_parts(self) -> Self:
        for name, rungs in (("ladder", self.ladder), ("quick_ladder", self.quick_ladder)):
            if sum(rung.share for rung in rungs) > 1:
                raise ValueError(f"the shares of {name} must not add up to more than the whole position")
        if self.neutral_reduce > self.neutral_close:
            raise ValueError("neutral_reduce must not be above neutral_close")
        return self

    @property
    def rules(self) -> Rules:
        """The same as plain values for the decisions."""
        return Rules(
            naked_s=self.naked_s,
            fired_s=self.fired_s,
            maximum_age=timedelta(hours=self.maximum_age_h),
            least_age=timedelta(seconds=self.least_age_s),
            fallback_stop=self.fallback_stop,
            fallback_take_profit=self.fallback_take_profit,
            ladder=tuple(Rung(rung.share, rung.gain) for rung in self.ladder),
            quick_ladder=tuple(Rung(rung.share, rung.gain) for rung in self.quick_ladder),
            funding_least=self.funding_least,
            neutral_reduce=self.neutral_reduce,
            neutral_close=self.neutral_close,
            tighten=self.tighten,
            least_step=self.least_step,
            stop_type=self.stop_type,
            limit_slip=self.limit_slip,
            hybrid_gap=self.hybrid_gap,
        )
