"""What the kernel knows about plugins and hosts before anything runs: configuration as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qtcore.kernel.posture import PostureScale
from qtcore.kernel.words import Cause


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """When and how often a plugin is tried again; all times in real seconds.

    The delay before attempt n is `hash(seed, plugin, n) * min(cap, base * 2**(n-1))` (full jitter
    under a true cap); the first retry after a proven healthy run is immediate. More than
    `max_restarts` ends within `window_s` lead to the next rung. One step of the attempt counter
    decays per `stable_after_s` of proven health.
    """

    max_restarts: int = 5
    window_s: float = 60.0
    base_s: float = 1.0
    cap_s: float = 60.0
    stable_after_s: float = 60.0
    quarantine_trial_s: float = 300.0
    cap_by_cause: Mapping[Cause, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HealPolicy:
    """How many acts the health of one plugin may cause, and how long an act may take; real seconds.

    An act is a `heal` or a restart because of health. When `max_acts` within `window_s` are spent,
    nothing more is done for that trouble and a person is told.
    """

    max_acts: int = 5
    window_s: float = 3600.0
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class PluginPlan:
    """One enabled or disabled plugin as configured."""

    name: str
    host: str
    needs: frozenset[str] = frozenset()
    wants: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    enabled: bool = True
    off_because: str = "disabled in the configuration"
    exclusive: bool = False
    vital: bool = False
    healable: bool = False
    cadence_s: float = 30.0
    start_timeout_s: float = 30.0
    stop_timeout_s: float = 10.0
    restart: RestartPolicy = RestartPolicy()
    healing: HealPolicy = HealPolicy()


@dataclass(frozen=True, slots=True)
class HostPlan:
    """One host process: its loop limit decides when it counts as hung.

    `restart` rules deaths that no single plugin can be blamed for.
    """

    name: str
    loop_limit_s: float = 1.0
    load_limit_s: float = 30.0
    preload: tuple[str, ...] = ()
    restart: RestartPolicy = RestartPolicy()
    nice: int = 0
    memory_mb: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole configuration as the kernel sees it."""

    plugins: Mapping[str, PluginPlan]
    hosts: Mapping[str, HostPlan]
    posture: PostureScale = field(default_factory=PostureScale)
    vital_posture: str | None = None
    """Level claimed by the supervisor while a vital plugin is away."""
    starts_in_flight: int = 5
    seed: int = 0
