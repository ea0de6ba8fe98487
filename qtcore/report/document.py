"""The report as data: what every rendering of it is made from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import AwareDatetime, Field, model_validator

from qtcore.config.audit_document import AuditDocument
from qtcore.documents import Document, PluginName
from qtcore.health.model import Condition, Finding, Healing, RemedyKind, Severity, Status
from qtcore.report.section import Section
from qtcore.report.status_document import PluginLine, add_up

SCHEMA_VERSION = 2


class FindingGroup(Document):
    """A finding with everything that is there because of it."""

    cause: Finding
    effects: tuple[Finding, ...] = ()
    severity: Severity = Field(description="the gravest of all that belongs to it")


class Question(Document):
    """One of the five questions about a component, with its answer."""

    name: str = Field(description="`declared`, `started`, `alive`, `progressing` or `effective`")
    status: Status
    reason: str


class Component(Document):
    """What is known of one plugin."""

    line: PluginLine
    area: str = ""
    vital: bool = False
    questions: tuple[Question, ...] = ()
    conditions: tuple[Condition, ...] = Field(default=(), description="what else it says of itself")


class DeductionLine(Document):
    """Points lost, and why."""

    points: int = Field(ge=0)
    reason: str


class ScoreLine(Document):
    """One plugin's score: 10 minus its deductions, never below 0."""

    plugin: PluginName
    area: str = ""
    vital: bool
    status: Status
    score: int | None
    deductions: tuple[DeductionLine, ...] = ()


class Cap(Document):
    """A ceiling for the overall score, and why it applies."""

    ceiling: int = Field(ge=0, le=100)
    reason: str


class Scorecard(Document):
    """The overall score and the sum behind it, so that anyone can redo it."""

    formula_version: int
    score: int | None
    mean: int | None = Field(description="ten times the mean of the plugins' scores, vital ones counted twice")
    caps: tuple[Cap, ...] = Field(default=(), description="every ceiling that applies, the lowest first")
    plugins: tuple[ScoreLine, ...]


class Step(Document):
    """One thing to do about a cause."""

    priority: Severity = Field(description="`critical`: immediately, `high`: today, `medium`: this week")
    plugin: PluginName | None = None
    code: str
    subject: str = ""
    what: str = Field(description="the title of the finding, or its summary")
    kind: RemedyKind
    command: str
    does: str = Field(default="", description="what the command does")
    expected: str = Field(description="what one sees when it worked")
    takes_s: float = Field(ge=0, description="how long it takes")
    measured: int = Field(ge=0, description="of how many earlier times that is the median; 0: a rule of thumb")


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


class Contribution(Document):
    """Sections that a plugin contributed, and how old they are."""

    plugin: PluginName
    produced_at: AwareDatetime
    age_s: float = Field(ge=0)
    stale: bool = Field(description="older than it should be: nobody renews it")
    sections: tuple[Section, ...]


class Watched(Document):
    """A verdict of `qt watch`: somebody waited for a status and saw it hold or break."""

    at: AwareDatetime
    who: str
    until: str
    for_s: float
    held: bool
    waited_s: float
    held_s: float = Field(description="the longest time that it held without a break")
    breaks: int = Field(default=0, ge=0)
    why: str = Field(default="", description="what broke it last")


class Mute(Document):
    """A finding that nobody is told of for a while."""

    fingerprint: str
    until: AwareDatetime
    open: bool


class Usage(Document):
    """How much room a part of the home folder takes."""

    what: str
    path: str
    bytes: int = Field(ge=0)
    limit_bytes: int | None = Field(default=None, description="beyond it the oldest goes; none: it grows")


class Reporter(Document):
    """How the report itself came about: who checks the checker."""

    status: Status
    configured: int = Field(ge=0)
    covered: int = Field(ge=0, description="plugins of which a current reading was there")
    oldest_s: float | None = Field(default=None, description="age of the oldest current reading")
    asked: int = Field(default=0, ge=0, description="questions about health in this run")
    missed: int = Field(default=0, ge=0, description="of those, how many were not answered in time")
    contributions: int = Field(default=0, ge=0)
    stale_contributions: int = Field(default=0, ge=0)
    kept: int = Field(default=0, ge=0, description="reports in the home")
    kept_at: AwareDatetime | None = Field(default=None, description="the newest of them")
    late: bool = Field(default=False, description="the newest is older than the schedule allows")
    took_s: float = Field(ge=0, description="how long gathering took")
    gaps: tuple[str, ...] = Field(default=(), description="what could not be known, and why")


class ReportDocument(Document):
    """Everything the report says."""

    schema_: int = Field(default=SCHEMA_VERSION, alias="schema")
    at: AwareDatetime
    hours: float = Field(description="how far back episodes and healing are told")
    application: str
    language: str = Field(default="en", description="what it is set in unless somebody asks otherwise")
    mode: str
    posture: str
    posture_reasons: tuple[str, ...] = ()
    running: bool
    answering: bool = Field(default=True, description="false: a supervisor holds the home and says nothing")
    since: AwareDatetime | None = Field(description="start of the supervisor; when it is dead, its end")
    status: Status
    counts: dict[Status, int]
    groups: tuple[FindingGroup, ...]
    components: tuple[Component, ...]
    scorecard: Scorecard
    steps: tuple[Step, ...] = ()
    healings: tuple[Healing, ...]
    episodes: tuple[Episode, ...]
    watched: tuple[Watched, ...] = ()
    mutes: tuple[Mute, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    configuration: AuditDocument | None = Field(default=None, description="what this run was started with")
    configuration_changed: bool = Field(default=False, description="its file is another one now")
    reporter: Reporter
    missing_protections: tuple[str, ...] = ()
    damage: tuple[str, ...] = Field(default=(), description="records that could not be read")
    usage: tuple[Usage, ...]
    free_bytes: int
    days_left: float | None = Field(default=None, description="until the disk is full, at the pace of this run")
    norwegian: dict[str, str] = Field(
        default={}, description="translations of plugins' fixed texts that occur here, so that it can be set again"
    )

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        add_up(self.counts, (component.line.status for component in self.components))
        return self

    @property
    def findings(self) -> Iterator[Finding]:
        """Every open finding, causes before their effects."""
        for group in self.groups:
            yield group.cause
            yield from group.effects
