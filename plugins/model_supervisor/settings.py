"""How much must have happened before anything is said of a source, and how sure one must be."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr

from plugins.learning.labels import Barriers, Costs
from plugins.model_supervisor.rules import Rules
from plugins.store import DatabaseUrl
from qtcore import Settings, means


class ModelSupervisorSettings(Settings):
    """Shares are between 0 and 1; times are real seconds unless they say otherwise."""

    database_url: DatabaseUrl = Field(default=SecretStr(""), description="default: quantum.db in the home folder")
    interval_s: PositiveInt = Field(
        default=60,
        description="market seconds of the candles that signals are made from",
        json_schema_extra=means("market.interval", market=True),
    )
    horizon_bars: PositiveInt = Field(default=24, description="bars after which a signal's fate is known at the latest")
    barrier_width: PositiveFloat = Field(default=1.0, description="barriers in volatilities of the horizon")
    fee: float = Field(default=0.0005, ge=0, description="of the notional, per side")
    slippage: float = Field(default=0.0002, ge=0, description="of the notional, per side")
    window: int = Field(default=1000, ge=50, description="signals of a source that are looked at")
    least_signals: int = Field(default=100, ge=20, description="fewer with a known fate say nothing")
    balance_margin: float = Field(default=0.15, gt=0, lt=1, description="long share beyond what the market explains")
    balance_chance: float = Field(default=0.001, gt=0, lt=0.5, description="a rarer balance is no accident")
    calibration_limit: float = Field(default=0.10, gt=0, lt=1, description="mean gap of confidence and hit rate")
    least_distinct: float = Field(
        default=0.10, gt=0, lt=1, description="share of unlike confidences under which a source is stuck"
    )
    spike_share: float = Field(default=0.50, gt=0, le=1, description="share of one single confidence that is a spike")
    fallback_limit: float = Field(default=0.80, gt=0, le=1, description="share of the rule's signals once models vote")
    coverage_limit: float = Field(default=0.50, gt=0, le=1, description="share of votes in which a member must count")
    late_s: PositiveFloat = Field(default=2.0, description="from candle to signal, 95 of 100")
    judge_s: PositiveFloat = Field(
        default=15.0,
        description="how often fates are looked up and sources judged",
        json_schema_extra=means(least_s=1.0),
    )
    judge_timeout_s: PositiveFloat = Field(
        default=30.0,
        description="processor seconds after which a judgement is given up; it may wait for them six times as long",
    )
    verdict_valid_s: PositiveFloat = Field(
        default=120.0,
        description="how long a word about a source holds",
        json_schema_extra=means(judges="model_supervisor.judge_s"),
    )

    @property
    def barriers(self) -> Barriers:
        """What decides a signal's fate."""
        return Barriers(horizon_bars=self.horizon_bars, width=self.barrier_width)

    @property
    def costs(self) -> Costs:
        """What acting on a signal costs."""
        return Costs(self.fee, self.slippage)

    @property
    def rules(self) -> Rules:
        """The limits as plain values."""
        return Rules(
            least=self.least_signals,
            balance_margin=self.balance_margin,
            balance_chance=self.balance_chance,
            calibration=self.calibration_limit,
            distinct=self.least_distinct,
            spike=self.spike_share,
            fallback=self.fallback_limit,
            coverage=self.coverage_limit,
            late_s=self.late_s,
            horizon_ms=self.horizon_bars * self.interval_s * 1000,
        )
