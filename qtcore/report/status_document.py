"""The document that `qt status --json` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from qtcore.documents import Document, Generation, PluginName
from qtcore.health.model import Status
from qtcore.kernel.words import Autonomy, Lifecycle

SCHEMA_VERSION = 1


class SupervisorLine(Document):
    """The supervisor process, or the last one known."""

    pid: int | None
    since: AwareDatetime | None
    findings: tuple[str, ...] = ()
    """Codes of what is wrong with the supervisor itself, such as a journal that cannot be written."""


class OverallLine(Document):
    """The worst status that matters and the score, 0–100."""

    status: Status
    score: int | None = Field(default=None, ge=0, le=100)


class PluginLine(Document):
    """One plugin's row."""

    name: PluginName
    lifecycle: Lifecycle
    status: Status
    score: int | None = Field(default=None, ge=0, le=10)
    since: AwareDatetime
    host: str | None
    pid: int | None
    generation: Generation
    restarts: int
    observed_at: AwareDatetime | None
    valid_until: AwareDatetime | None
    autonomy: Autonomy = Autonomy.ENFORCED
    summary: str = ""
    findings: tuple[str, ...] = ()


class StatusDocument(Document):
    """Everything `qt status` shows, as one document; the counts add up to the plugins."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    at: AwareDatetime
    mode: str
    posture: str
    running: bool
    supervisor: SupervisorLine
    overall: OverallLine
    counts: dict[Status, int]
    plugins: tuple[PluginLine, ...]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        add_up(self.counts, (line.status for line in self.plugins))
        return self


def add_up(counts: Mapping[Status, int], statuses: Iterable[Status]) -> None:
    """Raise ValueError unless the counts are those of the statuses that are listed beside them."""
    listed = Counter(statuses)
    for status in Status:
        if counts.get(status, 0) != listed[status]:
            raise ValueError(f"the counts say {counts.get(status, 0)} {status.value}, and {listed[status]} are listed")
