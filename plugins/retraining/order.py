"""What the training process is told and what it answers, as JSON: it shares nothing with the plugin but files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from plugins.domain import MemberName
from plugins.retraining.comparing import Comparison
from qtcore.documents import Document


class Pair(Document):
    """Two artefacts of a member, to be compared on decisions from `since_ms` (market time) on."""

    member: MemberName
    old: str
    new: str
    since_ms: int = 0


class History(Document):
    """What to learn from or compare on."""

    folder: Path
    interval: str
    symbols: tuple[str, ...]
    bars: int = Field(gt=0, description="the newest so many of each symbol")
    samples: int = Field(gt=0, description="at most; more are thinned out evenly")
    horizon_bars: int = Field(gt=0)


class TrainOrder(Document):
    """Train these members."""

    kind: Literal["train"] = "train"
    home: Path
    history: History
    members: tuple[MemberName, ...]
    least_samples: int
    blocks: int
    steps: int
    seed: int
    threads: int
    made_at: AwareDatetime
    reason: str


class CompareOrder(Document):
    """Compare these pairs."""

    kind: Literal["compare"] = "compare"
    home: Path
    history: History
    pairs: tuple[Pair, ...]
    threads: int = 1


Order = Annotated[TrainOrder | CompareOrder, Field(discriminator="kind")]
ORDER: TypeAdapter[TrainOrder | CompareOrder] = TypeAdapter(Order)


class Stage(Document):
    """Where the work is; `done` is the part of this member's training that is over."""

    kind: Literal["stage"] = "stage"
    member: str
    stage: str
    done: float


class TrainedModel(Document):
    """One member's result. `against` compares with its champion on held-out decisions that neither has learned from."""

    kind: Literal["trained"] = "trained"
    member: MemberName
    artefact: str
    unchanged: bool
    seconds: float
    samples: int
    last_ms: int = Field(description="market time of the newest decision that it learned from")
    metrics: dict[str, float]
    against: Comparison | None = None


class FailedModel(Document):
    """A member that could not be trained."""

    kind: Literal["failed"] = "failed"
    member: MemberName
    reason: str


class Compared(Document):
    """The result of a pair; `trouble` when it could not be compared."""

    kind: Literal["compared"] = "compared"
    pair: Pair
    comparison: Comparison
    trouble: str = ""


class Ended(Document):
    """The last line of work that was done to its end."""

    kind: Literal["ended"] = "ended"
    decisions: int


class Refused(Document):
    """The last line of work that could not begin."""

    kind: Literal["refused"] = "refused"
    reason: str


Line = Annotated[Stage | TrainedModel | FailedModel | Compared | Ended | Refused, Field(discriminator="kind")]
LINE: TypeAdapter[Stage | TrainedModel | FailedModel | Compared | Ended | Refused] = TypeAdapter(Line)


class Phase(StrEnum):
    """Where a member's newest version stands."""

    SETTLED = "settled"
    SHADOW = "shadow"
    CANARY = "canary"
