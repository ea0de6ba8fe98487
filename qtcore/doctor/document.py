"""What the doctor says, as data."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, Field

from qtcore.documents import Document, PluginName
from qtcore.health.model import Finding, RemedyKind

SCHEMA_VERSION = 1


class CheckState(StrEnum):
    """How a check ended; declared worst first. A check that crashed or hung says nothing of what it looked at."""

    TROUBLE = "trouble"
    HUNG = "hung"
    CRASHED = "crashed"
    FINE = "fine"
    SKIPPED = "skipped"


class CheckLine(Document):
    """One check and what it saw."""

    name: str
    plugin: PluginName | None = None
    state: CheckState
    sentence: str
    took_ms: float = Field(ge=0)
    findings: tuple[Finding, ...] = ()


class RepairResult(StrEnum):
    """What became of one remedy."""

    FIXED = "fixed"
    """The same check sees the trouble no more."""
    NOT_FIXED = "not_fixed"
    """It was carried out, and the same check still sees the trouble."""
    FAILED = "failed"
    """It could not be carried out."""
    LEFT = "left"
    """It needs a yes that nobody gave, or a person."""


class RepairLine(Document):
    """One remedy of the receipt."""

    check: str
    code: str
    subject: str = ""
    kind: RemedyKind
    act: str
    at: AwareDatetime
    result: RepairResult
    sentence: str
    proof: str = Field(default="", description="what the same check said afterwards")


class DoctorDocument(Document):
    """The whole examination, with the receipt of what was done about it."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    at: AwareDatetime
    home: str
    bundle: str | None = Field(default=None, description="the file that was looked at, where it was one")
    running: bool
    first: str = Field(description="what must be known before anything else: whether the supervisor lives")
    took_s: float = Field(ge=0)
    counts: dict[CheckState, int]
    checks: tuple[CheckLine, ...]
    receipt: tuple[RepairLine, ...] = ()

    @property
    def troubles(self) -> tuple[Finding, ...]:
        """Everything that is wrong."""
        return tuple(finding for line in self.checks for finding in line.findings)
