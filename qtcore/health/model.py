"""The vocabulary of health: status, condition, finding, remedy, healing."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, PositiveFloat

from qtcore.documents import Document, Facts, Generation, PluginName


class Status(StrEnum):
    """How a plugin or the whole is doing; declared worst first."""

    FAILED = "failed"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    DEGRADED = "degraded"
    HEALTHY = "healthy"
    OFF = "off"

    @property
    def rank(self) -> int:
        """0 for the worst status; grows as things get better."""
        return _RANK[self]


_RANK = {status: rank for rank, status in enumerate(Status)}


def worst(*statuses: Status) -> Status:
    """The worst of the given statuses; `off` when there is none."""
    return min(statuses, key=lambda status: status.rank, default=Status.OFF)


class Severity(StrEnum):
    """How urgent a finding is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class RemedyKind(StrEnum):
    """Who may carry a remedy out: the supervisor, the supervisor after a yes, or only a person."""

    SAFE = "safe"
    CONFIRM = "confirm"
    MANUAL = "manual"


class Remedy(Document):
    """A typed act that may resolve a finding."""

    kind: RemedyKind
    act: str = Field(
        description="`heal`, `restart`, `start`, `release`, `call PLUGIN.ACTION [JSON]`, or a command line or step for "
        "a person; one without a name is about the finding's own plugin"
    )
    effect: str = Field(description="what it does, in one sentence")
    expected: str = Field(default="", description="what one sees when it worked")

    @classmethod
    def safe(cls, act: str, effect: str, expected: str = "") -> Self:
        """An act that the supervisor may carry out by itself."""
        return cls(kind=RemedyKind.SAFE, act=act, effect=effect, expected=expected)

    @classmethod
    def confirm(cls, act: str, effect: str, expected: str = "") -> Self:
        """An act that the supervisor carries out once a person has said yes."""
        return cls(kind=RemedyKind.CONFIRM, act=act, effect=effect, expected=expected)

    @classmethod
    def manual(cls, act: str, effect: str, expected: str = "") -> Self:
        """What only a person can do."""
        return cls(kind=RemedyKind.MANUAL, act=act, effect=effect, expected=expected)


class Condition(Document):
    """One dated observation about a plugin.

    Without an `observed_at` it was observed when the answer came; without an `expires_at` it holds as
    long as the answer. An expired condition is `unknown`, and so is then its plugin.
    """

    name: str
    status: Status
    reason: str
    evidence: Facts = {}
    observed_at: AwareDatetime | None = None
    expires_at: AwareDatetime | None = None


Code = Annotated[str, Field(pattern=r"^QT-[A-Z0-9]+(-[A-Z0-9]+)*$")]
"""A stable name of a kind of trouble: its texts may change, it may not."""


class Reach(StrEnum):
    """Whose trouble a finding may be the cause of."""

    NOTHING = "nothing"
    """Advice: nothing else goes wrong because of it."""
    DOWNSTREAM = "downstream"
    """Of what depends on its plugin."""
    EVERYTHING = "everything"
    """Of everything: what it is about is shared by all, as the disk is."""


class Finding(Document):
    """A problem that a person could act on; its fixed texts come from its kind in the catalogue."""

    code: Code
    severity: Severity
    summary: str
    title: str = Field(default="", description="what kind of trouble it is, in a few words")
    plugin: PluginName | None = None
    subject: str = Field(default="", description="what it is about, where one plugin may have several: a symbol")
    evidence: Facts = {}
    cause: str = ""
    consequence: str = ""
    fix: str = ""
    verify: str = ""
    remedies: tuple[Remedy, ...] = ()
    healable: bool = Field(default=False, description="the plugin's own `heal` hook may resolve it in place")
    opened_at: AwareDatetime | None = None
    last_seen_at: AwareDatetime | None = None
    gone_at: AwareDatetime | None = Field(
        default=None, description="since then it is not seen any more, and counts as open until it has stayed away"
    )
    resolved_at: AwareDatetime | None = None
    unconfirmed: bool = Field(default=False, description="known from before the last restart, not seen again yet")
    count: int = Field(default=1, ge=1, description="how often it was seen")
    episodes: int = Field(default=1, ge=1, description="how often it went and came back while it counted as open")
    acknowledged_by: str | None = None
    acknowledged_at: AwareDatetime | None = None
    muted_until: AwareDatetime | None = Field(default=None, description="until then nobody is told of it")
    muted_by: str | None = None
    trace_id: str | None = None
    reach: Reach = Reach.DOWNSTREAM
    root: bool = Field(default=False, description="its reason lies in itself, not in what its plugin depends on")
    effect_of: tuple[Code, ...] = Field(default=(), description="codes of what usually is its cause")

    @property
    def fingerprint(self) -> str:
        """The same trouble has the same one, in every run: it holds no time and no figures."""
        return "/".join(filter(None, (self.plugin or "supervisor", self.code, self.subject)))


class Rung(StrEnum):
    """The ladder of healing, gentlest first."""

    HEAL = "heal"
    RESTART_PLUGIN = "restart_plugin"
    RESTART_GROUP = "restart_group"
    RECREATE_HOST = "recreate_host"
    QUARANTINE = "quarantine"
    TIGHTEN_POSTURE = "tighten_posture"
    TELL_PERSON = "tell_person"


class HealingOutcome(StrEnum):
    """What a re-check said about an act of healing."""

    PROVEN = "proven"
    FAILED = "failed"
    REFUSED = "refused"
    PENDING = "pending"


class Healing(Document):
    """One act of healing and what became of it."""

    plugin: PluginName
    finding: str | None = Field(default=None, description="code of the finding it answers")
    rung: Rung
    act: str
    outcome: HealingOutcome
    proof: str = Field(default="", description="what the re-check saw")
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    generation_before: Generation | None = None
    generation_after: Generation | None = None
    trace_id: str | None = None


class Health(Document):
    """What a plugin's `health` hook says about itself."""

    status: Status
    summary: str = ""
    conditions: tuple[Condition, ...] = ()
    findings: tuple[Finding, ...] = ()
    facts: Facts = Field(
        default={},
        description="figures for people; a name with a dot (`venue.endpoint`) is about something that others speak of "
        "too, and all who name it must agree",
    )
    data_as_of: AwareDatetime | None = None
    valid_for_s: PositiveFloat | None = Field(
        default=None, description="real seconds this answer holds; default: three cadences"
    )

    @classmethod
    def healthy(cls, summary: str = "", **facts: object) -> Self:
        """All is well, with figures that show it."""
        return cls.model_validate({"status": Status.HEALTHY, "summary": summary, "facts": facts})

    @classmethod
    def unknown(cls, summary: str, **facts: object) -> Self:
        """Nothing is known; never the same as healthy."""
        return cls.model_validate({"status": Status.UNKNOWN, "summary": summary, "facts": facts})

    @classmethod
    def degraded(cls, summary: str, *findings: Finding, **facts: object) -> Self:
        """It works, but not as it should."""
        return cls.model_validate({"status": Status.DEGRADED, "summary": summary, "findings": findings, "facts": facts})

    @classmethod
    def critical(cls, summary: str, *findings: Finding, **facts: object) -> Self:
        """It does not do its work."""
        return cls.model_validate({"status": Status.CRITICAL, "summary": summary, "findings": findings, "facts": facts})
