"""What the kernel is told; each event is a fact with no decision in it."""

from __future__ import annotations

from dataclasses import dataclass

from qtcore.health.model import Status
from qtcore.kernel.posture import PostureClaim
from qtcore.kernel.words import Cause


@dataclass(frozen=True, slots=True)
class SupervisorStarted:
    """Begin: `recent_starts` counts supervisor starts that ended badly within the boot-loop window."""

    recent_bad_starts: int = 0


@dataclass(frozen=True, slots=True)
class HostUp:
    """The host process answered."""

    host: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class HostSuspected:
    """The host broke a heartbeat limit (hung) or could not be spawned; evidence is being taken."""

    host: str
    incarnation: int
    cause: Cause
    evidence: str


@dataclass(frozen=True, slots=True)
class HostGone:
    """Proof of death: the process has been reaped (or never came to be).

    `culprit` is the plugin that the evidence names, if any; co-hosted plugins are collateral.
    """

    host: str
    incarnation: int
    cause: Cause
    reason: str
    culprit: str | None = None


@dataclass(frozen=True, slots=True)
class PluginLoaded:
    """The plugin's module is imported and `start` runs."""

    plugin: str
    generation: int


@dataclass(frozen=True, slots=True)
class PluginReady:
    """The plugin is useful."""

    plugin: str
    generation: int


@dataclass(frozen=True, slots=True)
class PluginEnded:
    """A generation's `start` is over and its tasks are gone, while its host lives."""

    plugin: str
    generation: int
    cause: Cause
    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class PluginDeaf:
    """A generation did not end within its stop deadline; its host must pay."""

    plugin: str
    generation: int


@dataclass(frozen=True, slots=True)
class HealthSeen:
    """A dated health verdict (status already includes expiry and pace); `finding` is the worst healable one."""

    plugin: str
    generation: int
    status: Status
    reason: str
    finding: str | None = None
    wants_restart: bool = False


@dataclass(frozen=True, slots=True)
class HealEnded:
    """`heal` returned (`act` says what it did) or failed."""

    plugin: str
    generation: int
    act: str
    failed: bool


@dataclass(frozen=True, slots=True)
class ClaimMade:
    """A posture claim from a plugin, policy or operator."""

    claim: PostureClaim


@dataclass(frozen=True, slots=True)
class OperatorStart:
    """Start or release a plugin that was stopped, disabled or quarantined."""

    plugin: str
    who: str


@dataclass(frozen=True, slots=True)
class OperatorStop:
    """Stop a plugin and keep it stopped; its status is `off`."""

    plugin: str
    who: str


@dataclass(frozen=True, slots=True)
class OperatorRestart:
    """Stop and start a plugin now."""

    plugin: str
    who: str


@dataclass(frozen=True, slots=True)
class OperatorQuarantine:
    """Take a plugin out until released."""

    plugin: str
    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShutDown:
    """Stop everything in reverse order."""

    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; sent when `State.next_deadline` is reached."""


Event = (
    SupervisorStarted
    | HostUp
    | HostSuspected
    | HostGone
    | PluginLoaded
    | PluginReady
    | PluginEnded
    | PluginDeaf
    | HealthSeen
    | HealEnded
    | ClaimMade
    | OperatorStart
    | OperatorStop
    | OperatorRestart
    | OperatorQuarantine
    | ShutDown
    | Tick
)
