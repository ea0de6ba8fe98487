"""What the kernel remembers between two events: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from qtcore.health.model import Rung, Status
from qtcore.kernel.graph import Graph
from qtcore.kernel.posture import Posture, PostureClaim
from qtcore.kernel.restart import NO_TRIES, Tries
from qtcore.kernel.specification import Plan
from qtcore.kernel.words import Cause, HostState, Lifecycle

ACTIVE = frozenset({Lifecycle.STARTING, Lifecycle.RUNNING, Lifecycle.HEALING, Lifecycle.STOPPING})
"""A generation may be at work: its host holds it and its end has not been proven."""

READY = frozenset({Lifecycle.RUNNING, Lifecycle.HEALING})
"""Dependents may rely on the plugin."""

OUT = frozenset({Lifecycle.DISABLED, Lifecycle.STOPPED, Lifecycle.QUARANTINED})
"""Nothing happens before a person or a timer acts; the plugin asks for no host."""


class After(StrEnum):
    """What a stopping plugin becomes once its end is proven."""

    WAIT = "wait"
    RETRY = "retry"
    QUARANTINE = "quarantine"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Fate:
    """Why a plugin is being stopped and what follows.

    `rung` is set when health chose the act, `culprit` when another plugin is the reason.
    """

    after: After
    cause: Cause
    reason: str
    rung: Rung | None = None
    culprit: str | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """A restart that has been decided and not yet been proven by a ready plugin."""

    rung: Rung
    cause: Cause
    since_s: float


@dataclass(frozen=True, slots=True)
class Episode:
    """A trouble that health reported and the last act against it.

    `finding` is the code, or empty when the plugin asked for a restart. `acting` until the act is over;
    then the next known reading judges it.
    """

    finding: str
    status: Status
    rung: Rung
    act: str
    since_s: float
    acting: bool = True


@dataclass(frozen=True, slots=True)
class PluginState:
    """One plugin's whole memory.

    `deadline_s` is when the kernel moves on its own in this lifecycle: start limit, next attempt, trial, stop
    limit, next step of proof. `not_before_s` keeps an early wake from breaking `retry_after_s`; `woken_by` is
    the dependency whose return shortened the backoff; `waits_for` says what a waiting plugin waits for.
    `rung` is the highest rung used since health was last proven, `trial` marks the half-open run after a
    quarantine, `alarm` says why a vital plugin is beyond automatic help, and `healing_spent` (finding ->
    sentence) what its health is left alone with.
    """

    name: str
    lifecycle: Lifecycle
    since_s: float
    reason: str
    generation: int = 0
    starts: int = 0
    cause: Cause | None = None
    deadline_s: float | None = None
    not_before_s: float | None = None
    woken_by: str | None = None
    waits_for: str | None = None
    fate: Fate | None = None
    tries: Tries = NO_TRIES
    rung: Rung | None = None
    repair: Repair | None = None
    trial: bool = False
    alarm: str | None = None
    status: Status = Status.UNKNOWN
    healthy_since_s: float | None = None
    episode: Episode | None = None
    acts: tuple[float, ...] = ()
    healing_spent: Mapping[str, str] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """A generation may be at work."""
        return self.lifecycle in ACTIVE

    @property
    def ready(self) -> bool:
        """Dependents may rely on it."""
        return self.lifecycle in READY

    @property
    def restarts(self) -> int:
        """Starts in this supervisor's life beyond the first."""
        return max(0, self.starts - 1)


@dataclass(frozen=True, slots=True)
class HostRecord:
    """One host process: one incarnation at a time, and only death proven by HostGone ends it.

    `blamed` is the plugin for whose sake it is being killed, or whom its last death is blamed on;
    `cause` and `reason` belong to that death. `not_before_s` holds its next start back.
    """

    name: str
    state: HostState = HostState.ABSENT
    incarnation: int = 0
    since_s: float = 0.0
    reason: str = "not needed yet"
    cause: Cause | None = None
    blamed: str | None = None
    up_since_s: float | None = None
    deadline_s: float | None = None
    not_before_s: float = 0.0
    tries: Tries = NO_TRIES
    reminders: int = 0
    crash_loop: str | None = None


@dataclass(frozen=True, slots=True)
class Stopping:
    """A ShutDown is being carried out."""

    who: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """Events that changed nothing: how many came from the past, how many did not fit, and the last sentence."""

    stale: int = 0
    unfit: int = 0
    last: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Everything the kernel knows; `next_deadline` is the monotonic second at which a Tick is wanted."""

    graph: Graph
    plugins: Mapping[str, PluginState]
    hosts: Mapping[str, HostRecord]
    claims: Mapping[str, PostureClaim] = field(default_factory=dict)
    posture: Posture | None = None
    renew_at_s: float | None = None
    started_s: float | None = None
    awake_since_s: float | None = None
    """Since when time has been watched without a gap; None while there was none."""
    cautious_until_s: float | None = None
    stopping: Stopping | None = None
    stopped: bool = False
    findings: frozenset[tuple[str, str | None]] = frozenset()
    ignored: Ignored = Ignored()
    next_deadline: float | None = None


def initial(plan: Plan, generations: Mapping[str, int] | None = None) -> State:
    """The state before SupervisorStarted.

    `generations` are the last reserved generations from the journal; new ones go on from there. Raises
    ConfigurationError when the plan's graph is wrong.
    """
    last = generations or {}
    return State(
        graph=Graph.of(plan),
        plugins={
            name: PluginState(
                name=name,
                lifecycle=Lifecycle.WAITING if plugin.enabled else Lifecycle.DISABLED,
                since_s=0.0,
                reason="waits for its turn" if plugin.enabled else plugin.off_because,
                generation=last.get(name, 0),
            )
            for name, plugin in plan.plugins.items()
        },
        hosts={name: HostRecord(name) for name in plan.hosts},
    )
