"""The report as data: what every rendering of it is made from."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from qtcore.documents import Document, PluginName
from qtcore.health.model import Finding, Healing, Status
from qtcore.report.status_document import PluginLine

SCHEMA_VERSION = 1


class DeductionLine(Document):
    """Points lost, and why."""

    points: int = Field(ge=0)
    reason: str


class ScoreLine(Document):
    """One plugin's score: 10 minus its deductions, never below 0."""

    plugin: PluginName
    vital: bool
    status: Status
    score: int | None
    deductions: tuple[DeductionLine, ...] = ()


class Scorecard(Document):
    """The overall score and the sum behind it, so that anyone can redo it."""

    formula_version: int
    score: int | None
    mean: int | None = Field(description="ten times the mean of the plugins' scores, vital ones counted twice")
    cap: str | None = Field(default=None, description="the ceiling that applies, if any")
    plugins: tuple[ScoreLine, ...]


class Episode(Document):
    """From the first sign of trouble to recovery, as the journal tells it."""

    plugin: PluginName
    began_at: AwareDatetime
    ended_at: AwareDatetime | None
    lasted_s: float = Field(ge=0)
    cause: str
    collateral_of: str | None = None
    steps: tuple[str, ...]
    recovered: bool
    trace_id: str | None = None


class Usage(Document):
    """How much room a part of the home folder takes."""

    what: str
    path: str
    bytes: int = Field(ge=0)


class ReportDocument(Document):
    """Everything the report says."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    at: AwareDatetime
    hours: float = Field(description="how far back episodes and healing are told")
    application: str
    mode: str
    posture: str
    posture_reasons: tuple[str, ...] = ()
    running: bool
    since: AwareDatetime | None = Field(description="start of the supervisor; when it is dead, its end")
    status: Status
    counts: dict[Status, int]
    findings: tuple[Finding, ...]
    plugins: tuple[PluginLine, ...]
    scorecard: Scorecard
    healings: tuple[Healing, ...]
    episodes: tuple[Episode, ...]
    missing_protections: tuple[str, ...] = ()
    damage: tuple[str, ...] = Field(default=(), description="records that could not be read")
    usage: tuple[Usage, ...]
    free_bytes: int
