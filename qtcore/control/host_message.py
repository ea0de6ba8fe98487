"""HostMessage: everything supervisor and host may say to each other, one JSON datagram each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, TypeAdapter

from qtcore.documents import Document, Facts, Generation, PluginName
from qtcore.health.model import Finding, Health, Status
from qtcore.kernel.posture import PostureClaim
from qtcore.kernel.words import Autonomy, Cause

MAX_BYTES = 180_000
"""The largest datagram; a Unix SEQPACKET socket carries about 200 kB by default."""


class Assignment(Document):
    """One plugin generation that a host is to run."""

    plugin: PluginName
    use: str
    generation: Generation
    settings: dict[str, Any] = {}
    cadence_s: float = Field(gt=0)
    start_timeout_s: float = Field(gt=0)
    health_timeout_s: float = Field(default=5.0, gt=0)
    heal_timeout_s: float = Field(default=30.0, gt=0)
    stop_timeout_s: float = Field(default=10.0, gt=0)
    exclusive: bool = False
    autonomy: Autonomy = Autonomy.ENFORCED
    slot: int = Field(ge=0, description="index of its progress slot in the shared board")
    traceparent: str | None = None


# --- supervisor to host -------------------------------------------------------------------------


class StartPlugin(Document):
    """Load the plugin and run its `start`."""

    type: Literal["start_plugin"] = "start_plugin"
    assignment: Assignment


class StopPlugin(Document):
    """Cancel the plugin's `start`; answer with PluginEnded."""

    type: Literal["stop_plugin"] = "stop_plugin"
    plugin: PluginName
    generation: Generation
    reason: str
    drain_s: float = Field(default=0.0, ge=0)


class CheckHealth(Document):
    """Run the plugin's `health` hook now."""

    type: Literal["check_health"] = "check_health"
    plugin: PluginName
    generation: Generation
    request: str


class HealPlugin(Document):
    """Run the plugin's `heal` hook for this finding."""

    type: Literal["heal_plugin"] = "heal_plugin"
    plugin: PluginName
    generation: Generation
    request: str
    finding: Finding
    traceparent: str | None = None


class CallAction(Document):
    """Run one of the plugin's actions on behalf of `qt call`."""

    type: Literal["call_action"] = "call_action"
    plugin: PluginName
    generation: Generation
    request: str
    action: str
    argument: dict[str, Any] = {}
    timeout_s: float = Field(gt=0)


class SetPosture(Document):
    """The posture in force, renewed before it expires."""

    type: Literal["set_posture"] = "set_posture"
    level: str
    reasons: tuple[str, ...] = ()
    expires_s: float


class SetPeers(Document):
    """Who writes which topic and answers which action, and at which endpoint."""

    type: Literal["set_peers"] = "set_peers"
    peers: tuple[Peer, ...]


class Peer(Document):
    """One host's endpoints and the plugins that live in it."""

    host: str
    publisher: str
    router: str
    plugins: tuple[PluginName, ...]
    writes: dict[str, tuple[PluginName, ...]] = Field(default={}, description="topic -> plugins that write it")


class StopHost(Document):
    """Stop everything and exit with 0."""

    type: Literal["stop_host"] = "stop_host"
    reason: str
    grace_s: float = Field(gt=0)


# --- host to supervisor -------------------------------------------------------------------------


class HostUp(Document):
    """The host runs and has bound its endpoints."""

    type: Literal["host_up"] = "host_up"
    host: str
    pid: int
    publisher: str
    router: str


class PluginLoaded(Document):
    """The module is imported and the object built; `start` is about to run."""

    type: Literal["plugin_loaded"] = "plugin_loaded"
    plugin: PluginName
    generation: Generation
    module_file: str | None = None


class PluginReady(Document):
    """The plugin called `ready()`."""

    type: Literal["plugin_ready"] = "plugin_ready"
    plugin: PluginName
    generation: Generation


class PluginEnded(Document):
    """This generation is over: it returned, raised, was stopped, or asks to be tried again."""

    type: Literal["plugin_ended"] = "plugin_ended"
    plugin: PluginName
    generation: Generation
    cause: Cause
    error_type: str | None = None
    sentence: str = ""
    traceback: str = ""
    retry_after_s: float | None = None
    trace_id: str | None = None


class HealthReported(Document):
    """What `health` said, or why it could not say anything (a failed sensor)."""

    type: Literal["health_reported"] = "health_reported"
    plugin: PluginName
    generation: Generation
    request: str
    health: Health | None = None
    sensor_failure: str | None = None
    took_s: float = 0.0


class HealDone(Document):
    """What `heal` did; the supervisor re-checks."""

    type: Literal["heal_done"] = "heal_done"
    plugin: PluginName
    generation: Generation
    request: str
    act: str = ""
    error: str | None = None


class CallDone(Document):
    """The result of CallAction or its typed error."""

    type: Literal["call_done"] = "call_done"
    plugin: PluginName
    request: str
    result: JsonValue = None
    error_type: str | None = None
    error: str | None = None


class ClaimPosture(Document):
    """A plugin's claim on the posture."""

    type: Literal["claim_posture"] = "claim_posture"
    plugin: PluginName
    generation: Generation
    claim: PostureClaim


class FindingRaised(Document):
    """A finding outside a health answer, or its end."""

    type: Literal["finding_raised"] = "finding_raised"
    plugin: PluginName
    generation: Generation
    finding: Finding
    resolved: bool = False


class ActWithheld(Document):
    """What a plugin would have done, had its autonomy allowed it."""

    type: Literal["act_withheld"] = "act_withheld"
    plugin: PluginName
    generation: Generation
    what: str
    autonomy: Autonomy
    facts: Facts = {}
    repeated: int = Field(default=1, ge=1, description="how often since it was told last")
    trace_id: str | None = None


class FileRemoved(Document):
    """A file that this host writes was removed while it runs; it has begun a new one."""

    type: Literal["file_removed"] = "file_removed"
    path: str


class NoteRaised(Document):
    """Something worth a line in the journal."""

    type: Literal["note_raised"] = "note_raised"
    plugin: PluginName | None = None
    text: str
    status: Status | None = None
    details: Facts = {}


SetPeers.model_rebuild()

ToHost = Annotated[
    StartPlugin | StopPlugin | CheckHealth | HealPlugin | CallAction | SetPosture | SetPeers | StopHost,
    Field(discriminator="type"),
]
ToSupervisor = Annotated[
    HostUp
    | PluginLoaded
    | PluginReady
    | PluginEnded
    | HealthReported
    | HealDone
    | CallDone
    | ClaimPosture
    | FindingRaised
    | ActWithheld
    | FileRemoved
    | NoteRaised,
    Field(discriminator="type"),
]
HostMessage = ToHost | ToSupervisor

TO_HOST: TypeAdapter[ToHost] = TypeAdapter(ToHost)
TO_SUPERVISOR: TypeAdapter[ToSupervisor] = TypeAdapter(ToSupervisor)
