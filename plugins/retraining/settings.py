"""When to train, how much, and what a new model must show."""

from __future__ import annotations

from pydantic import Field, PositiveFloat, PositiveInt, SecretStr

from plugins.domain import MemberName
from plugins.learning.held_out import Course
from plugins.learning.labels import Barriers
from plugins.retraining.rules import Gate
from plugins.retraining.triggers import Reasons
from plugins.store import DatabaseUrl
from qtcore import Settings, means


class RetrainingSettings(Settings):
    """Times are real seconds unless they say otherwise."""

    database_url: DatabaseUrl = Field(default=SecretStr(""), description="default: quantum.db in the home folder")
    continuous: bool = Field(default=True, description="false: only the first training, and what a person asks for")
    members: tuple[MemberName, ...] = Field(
        default=tuple(MemberName), min_length=1, description="models that are trained"
    )
    every_h: PositiveFloat = Field(default=24.0, description="market hours between trainings without another reason")
    least_trades: PositiveInt = Field(default=50, description="closed trades that are a reason to train")
    pause_h: float = Field(default=1.0, ge=0, description="market hours that only a person's wish may cut short")
    bars: int = Field(default=10_000, ge=300, description="newest candles per symbol that are learned from")
    samples: int = Field(default=12_000, ge=500, description="decisions learned from at most; more are thinned out")
    least_samples: int = Field(default=600, ge=100, description="with fewer decisions nothing is trained")
    blocks: int = Field(default=4, ge=3, le=10, description="blocks of history that judge trees, two at a time")
    steps: int = Field(default=3, ge=2, le=6, description="steps by which nets are judged, walking forward")
    horizon_bars: PositiveInt = Field(default=24, description="bars after which a decision's fate is surely known")
    threads: PositiveInt = Field(default=1, description="threads of a training; another number is another artefact")
    seed: int = Field(default=1, ge=0)
    least_skill: float = Field(default=0.0, description="share of the log loss of knowing nothing that must be saved")
    too_good: float = Field(default=0.35, gt=0, lt=1, description="a larger share is a leak, not a discovery")
    shadow_decisions: PositiveInt = Field(default=200, description="live decisions before a challenger may vote")
    canary_decisions: PositiveInt = Field(default=400, description="live decisions of a new champion's probation")
    compare_s: PositiveFloat = Field(
        default=120.0,
        description="how often challengers and canaries are compared",
        json_schema_extra=means(least_s=1.0),
    )
    settle_s: float = Field(
        default=30.0, ge=0, description="after a start, before the processors are used for training"
    )
    deadline_s: PositiveFloat = Field(default=1800.0, description="after which a training is ended and has failed")
    look_s: PositiveFloat = Field(
        default=5.0, description="how often reasons are looked for", json_schema_extra=means(least_s=0.5)
    )

    @property
    def reasons(self) -> Reasons:
        """When to train."""
        return Reasons(self.every_h, self.least_trades, self.pause_h)

    @property
    def course(self) -> Course:
        """How to judge what is trained."""
        return Course(blocks=self.blocks, steps=self.steps, seed=self.seed, threads=self.threads)

    @property
    def gate(self) -> Gate:
        """What a new model must show."""
        return Gate(
            least_skill=self.least_skill,
            too_good=self.too_good,
            shadow_decisions=self.shadow_decisions,
            canary_decisions=self.canary_decisions,
        )

    @property
    def barriers(self) -> Barriers:
        """What decides a decision's fate."""
        return Barriers(horizon_bars=self.horizon_bars)
