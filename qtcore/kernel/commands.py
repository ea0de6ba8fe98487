"""What the kernel wants done; the supervisor carries these out and reports back with events."""

from __future__ import annotations

from dataclasses import dataclass, field

from qtcore.health.model import HealingOutcome, Rung
from qtcore.kernel.words import Cause, Lifecycle


@dataclass(frozen=True, slots=True)
class SpawnHost:
    """Create the host process; answer HostUp or HostGone."""

    host: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class KillHost:
    """Take evidence, then SIGKILL; answer HostGone once reaped."""

    host: str
    incarnation: int
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True)
class RetireHost:
    """Ask an empty host to leave, then make sure; answer HostGone."""

    host: str
    incarnation: int


@dataclass(frozen=True, slots=True)
class StartGeneration:
    """Reserve the generation durably, then start it in its host; answers PluginLoaded, PluginReady, PluginEnded."""

    plugin: str
    host: str
    generation: int
    reason: str


@dataclass(frozen=True, slots=True)
class StopGeneration:
    """End the generation in its host; answer PluginEnded, or PluginDeaf after `timeout_s`."""

    plugin: str
    generation: int
    reason: str
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Heal:
    """Run the plugin's `heal` for its worst healable finding; answer HealEnded, then HealthSeen."""

    plugin: str
    generation: int
    finding: str


@dataclass(frozen=True, slots=True)
class RecheckHealth:
    """Ask for health now; answer HealthSeen."""

    plugin: str
    generation: int


@dataclass(frozen=True, slots=True)
class SetPosture:
    """The posture changed or must be renewed."""

    level: str
    reasons: tuple[str, ...]
    changed: bool


@dataclass(frozen=True, slots=True)
class RecordTransition:
    """A plugin changed its lifecycle; exactly one recorded reason."""

    plugin: str
    generation: int
    before: Lifecycle
    after: Lifecycle
    cause: Cause | None
    reason: str
    next_attempt_in_s: float | None = None
    collateral_of: str | None = None


@dataclass(frozen=True, slots=True)
class RecordHealing:
    """An act of healing ended (or was refused)."""

    plugin: str
    rung: Rung
    act: str
    outcome: HealingOutcome
    proof: str
    finding: str | None = None
    took_s: float | None = None
    """From the beginning of the act to the proof, or to the failure."""


@dataclass(frozen=True, slots=True)
class OpenFinding:
    """The kernel itself found a problem (quarantine, vital plugin away, posture source silent)."""

    code: str
    plugin: str | None
    summary: str
    evidence: dict[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResolveFinding:
    """A finding of the kernel's own is over."""

    code: str
    plugin: str | None


@dataclass(frozen=True, slots=True)
class AllStopped:
    """Everything is down after ShutDown; the supervisor may exit."""


Command = (
    SpawnHost
    | KillHost
    | RetireHost
    | StartGeneration
    | StopGeneration
    | Heal
    | RecheckHealth
    | SetPosture
    | RecordTransition
    | RecordHealing
    | OpenFinding
    | ResolveFinding
    | AllStopped
)
