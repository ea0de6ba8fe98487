"""One entry of the journal."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from qtcore.documents import Document, Facts, Generation, Instant, PluginName
from qtcore.kernel.words import Cause

SCHEMA_VERSION = 1


class EventKind(StrEnum):
    """What an entry of the journal tells."""

    SUPERVISOR_STARTED = "supervisor_started"
    SUPERVISOR_STOPPED = "supervisor_stopped"
    SUPERVISOR_DIED = "supervisor_died"
    CONFIGURATION_LOADED = "configuration_loaded"
    TRANSITION = "transition"
    GENERATION_RESERVED = "generation_reserved"
    HOST_SPAWNED = "host_spawned"
    HOST_UP = "host_up"
    HOST_SUSPECTED = "host_suspected"
    HOST_KILLED = "host_killed"
    HOST_GONE = "host_gone"
    EVIDENCE = "evidence"
    FINDING_OPENED = "finding_opened"
    FINDING_CHANGED = "finding_changed"
    FINDING_RESOLVED = "finding_resolved"
    FINDING_ACKNOWLEDGED = "finding_acknowledged"
    FINDING_MUTED = "finding_muted"
    FINDING_UNMUTED = "finding_unmuted"
    FINDINGS_KEPT = "findings_kept"
    HEALING = "healing"
    POSTURE_CHANGED = "posture_changed"
    STATUS_CHANGED = "status_changed"
    OPERATOR_COMMAND = "operator_command"
    FORK_SERVER_LOST = "fork_server_lost"
    FORK_SERVER_BACK = "fork_server_back"
    VERDICT = "verdict"
    WOULD_HAVE = "would_have"
    NOTE = "note"


class JournalEvent(Document):
    """One fact about the system, with its one recorded reason."""

    schema_version: int = SCHEMA_VERSION
    seq: int = Field(ge=1, description="gap-free, starts at 1")
    at: Instant
    kind: EventKind
    reason: str
    plugin: PluginName | None = None
    host: str | None = None
    generation: Generation | None = None
    cause: Cause | None = None
    details: Facts = {}
    trace_id: str | None = None
