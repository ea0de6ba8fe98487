"""The state file of one plugin: a projection for people and outsiders."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from qtcore.documents import Document, Facts, Generation, Instant, PluginName
from qtcore.health.cause import Relations
from qtcore.health.model import Condition, Finding, Status
from qtcore.kernel.words import Autonomy, Lifecycle

SCHEMA_VERSION = 1


class Progress(Document):
    """One counter of work done."""

    count: int = Field(ge=0)
    at: AwareDatetime | None = None


class StateFile(Document):
    """`state/<plugin>.json`; after `valid_until` it must be read as `unknown`."""

    schema_version: int = SCHEMA_VERSION
    plugin: PluginName
    journal_seq: int = Field(ge=0, description="the journal entry this projection includes last")
    generation: Generation
    lifecycle: Lifecycle
    status: Status
    autonomy: Autonomy = Autonomy.ENFORCED
    summary: str = ""
    reason: str = Field(default="", description="why it is in this lifecycle")
    since: AwareDatetime
    produced_at: Instant
    valid_until: Instant
    data_as_of: AwareDatetime | None = None
    host: str | None = None
    pid: int | None = None
    restarts: int = Field(default=0, ge=0)
    next_attempt_at: AwareDatetime | None = None
    conditions: tuple[Condition, ...] = ()
    findings: tuple[Finding, ...] = ()
    progress: dict[str, Progress] = {}
    facts: Facts = {}
    area: str = Field(default="", description="the part of the application it belongs to, as the scorecard names it")
    needs: tuple[PluginName, ...] = ()
    wants: tuple[PluginName, ...] = ()
    reads_from: tuple[PluginName, ...] = Field(default=(), description="whose topics it reads or actions it calls")

    @property
    def relations(self) -> Relations:
        """Whom it depends on, for folding effects under causes."""
        return Relations(self.host, frozenset(self.needs), frozenset(self.wants), frozenset(self.reads_from))
