"""Drives a kernel by hand: tell it facts, look at what it wishes. Hosts and starts answer at once if not told off."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, TypeVar

from qtcore.health.model import Status
from qtcore.kernel import commands as do
from qtcore.kernel import events as it
from qtcore.kernel.posture import PostureClaim, PostureScale
from qtcore.kernel.specification import HostPlan, Plan, PluginPlan, RestartPolicy
from qtcore.kernel.state import PluginState, initial
from qtcore.kernel.step import step
from qtcore.kernel.words import Cause, Lifecycle
from tests.qtcore.kernel.invariants import Watcher

T = TypeVar("T")

SCALE = PostureScale(("normal", "no_entries", "reduce_only", "flatten", "hands_off"), (), "reduce_only")
POLICY = RestartPolicy(max_restarts=3, window_s=60.0, base_s=1.0, cap_s=8.0, stable_after_s=60.0)


def plugin(name: str, host: str = "main", **options: Any) -> PluginPlan:
    """A plugin plan; `needs`, `wants` and `after` may be given as strings of names."""
    for word in ("needs", "wants", "after"):
        options[word] = frozenset(str(options.get(word, "")).split())
    return PluginPlan(name, host, **({"restart": POLICY} | options))


def plan(*plugins: PluginPlan, **options: Any) -> Plan:
    """A plan with a host for each host that is named."""
    hosts = {each.host: HostPlan(each.host, restart=POLICY) for each in plugins}
    return Plan({each.name: each for each in plugins}, hosts, **options)


class Driver:
    """One kernel in virtual time; every step is checked by the Watcher."""

    def __init__(self, *plugins: PluginPlan, start: bool = True, bad_starts: int = 0, **options: Any) -> None:
        self.plan = plan(*plugins, **options)
        self.state = initial(self.plan)
        self.watcher = Watcher(self.plan)
        self.now_s = 1000.0
        self.answer_hosts = True
        self.answer_starts = True
        self.wishes: list[do.Command] = []
        if start:
            self.tell(it.SupervisorStarted(bad_starts))

    def tell(self, event: it.Event) -> list[do.Command]:
        """Tell one fact, let hosts and starts answer, and return everything that was wished for meanwhile."""
        mark = len(self.wishes)
        self._step(event)
        return self.wishes[mark:]

    def _step(self, event: it.Event) -> None:
        before = self.state
        self.state, wishes = step(self.plan, before, event, self.now_s)
        self.watcher.check(before, event, self.state, wishes, self.now_s)
        self.wishes += wishes
        for wish in wishes:
            match wish:
                case do.SpawnHost() if self.answer_hosts:
                    self._step(it.HostUp(wish.host, wish.incarnation))
                case do.RetireHost() if self.answer_hosts:
                    self._step(it.HostGone(wish.host, wish.incarnation, Cause.EXIT_CODE, "exited with 0"))
                case do.StartGeneration() if self.answer_starts:
                    self._step(it.PluginReady(wish.plugin, wish.generation))
                case _:
                    pass

    def wait(self, seconds: float) -> list[do.Command]:
        """Let virtual time pass, with a Tick at each deadline that the kernel asks for."""
        mark = len(self.wishes)
        until_s = self.now_s + seconds
        while self.state.next_deadline is not None and self.state.next_deadline <= until_s:
            self.now_s = max(self.now_s, self.state.next_deadline)
            self._step(it.Tick())
        self.now_s = until_s
        return self.wishes[mark:]

    def __getitem__(self, name: str) -> PluginState:
        return self.state.plugins[name]

    def life(self, name: str) -> Lifecycle:
        """The plugin's lifecycle."""
        return self.state.plugins[name].lifecycle

    def lives(self) -> dict[str, Lifecycle]:
        """Every plugin's lifecycle."""
        return {name: each.lifecycle for name, each in self.state.plugins.items()}

    def ends(
        self, name: str, cause: Cause = Cause.RAISED, reason: str = "raised", hint: float | None = None
    ) -> list[do.Command]:
        """The plugin's current generation ends by itself."""
        return self.tell(it.PluginEnded(name, self[name].generation, cause, reason, hint))

    def stopped(self, name: str) -> list[do.Command]:
        """The plugin's current generation ends as it was asked to."""
        return self.ends(name, Cause.OPERATOR, "cancelled")

    def dies(self, host: str, culprit: str | None = None, cause: Cause = Cause.SIGNAL) -> list[do.Command]:
        """The host's process ends."""
        return self.tell(it.HostGone(host, self.state.hosts[host].incarnation, cause, "killed by signal 9", culprit))

    def health(
        self, name: str, status: Status, finding: str | None = None, *, restart: bool = False
    ) -> list[do.Command]:
        """A reading of the plugin's current generation."""
        return self.tell(it.HealthSeen(name, self[name].generation, status, f"it is {status}", finding, restart))

    def claim(self, source: str, level: str, lasts_s: float = 3.0, reason: str = "so") -> list[do.Command]:
        """A posture claim."""
        return self.tell(
            it.ClaimMade(PostureClaim(source=source, level=level, reason=reason, expires_s=self.now_s + lasts_s))
        )

    def level(self) -> str:
        """The posture in force."""
        assert self.state.posture is not None
        return self.state.posture.level


def only(kind: type[T], wishes: Iterable[object]) -> list[T]:
    """The commands of one kind."""
    return [wish for wish in wishes if isinstance(wish, kind)]


def patient(each: PluginPlan, **policy: Any) -> PluginPlan:
    """The same plugin with another restart policy."""
    return replace(each, restart=replace(each.restart, **policy))


def in_lifecycle(lifecycle: Lifecycle) -> Driver:
    """A kernel whose plugin `it` is in the given lifecycle, beside a neighbour in the same host."""
    driver = Driver(
        plugin("it", healable=True, enabled=lifecycle is not Lifecycle.DISABLED), plugin("near"), posture=SCALE
    )
    driver.answer_starts = False
    generation = driver["it"].generation
    match lifecycle:
        case Lifecycle.WAITING:
            driver.answer_hosts = False
            driver.dies("main", "near")
        case Lifecycle.STARTING:
            driver.tell(it.OperatorRestart("it", "sam"))
            driver.stopped("it")
        case Lifecycle.HEALING:
            driver.health("it", Status.DEGRADED, "QT-A")
        case Lifecycle.BACKOFF:
            driver.ends("it", Cause.NOT_READY)
        case Lifecycle.QUARANTINED:
            driver.ends("it", Cause.DEFECT)
        case Lifecycle.STOPPING:
            driver.tell(it.OperatorRestart("it", "sam"))
        case Lifecycle.STOPPED:
            driver.tell(it.OperatorStop("it", "sam"))
            driver.stopped("it")
        case Lifecycle.DISABLED | Lifecycle.RUNNING:
            assert driver["it"].generation == generation
    assert driver.life("it") is lifecycle
    return driver
