"""A world in virtual time that carries the kernel's commands out, badly on purpose; the same seed replays exactly."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import count
from random import Random
from typing import assert_never

from qtcore.health.model import Status
from qtcore.kernel import commands as do
from qtcore.kernel import events as it
from qtcore.kernel.posture import PostureClaim, PostureScale
from qtcore.kernel.specification import HealPolicy, HostPlan, Plan, PluginPlan, RestartPolicy
from qtcore.kernel.state import PluginState, State, initial
from qtcore.kernel.step import step
from qtcore.kernel.words import Cause, Lifecycle
from tests.qtcore.kernel.invariants import Watcher

LEVELS = ("normal", "no_entries", "reduce_only", "flatten", "hands_off")


@dataclass(frozen=True)
class Weather:
    """How bad the world is: chances per start, and mean seconds between faults."""

    mean_fault_s: float = 60.0
    raises: float = 0.08
    not_ready: float = 0.05
    never_ready: float = 0.02
    defect: float = 0.001
    spawn_fails: float = 0.03
    deaf: float = 0.05
    silent_when_deaf: float = 0.3
    unkillable: float = 0.02
    heal_helps: float = 0.5
    heal_hangs: float = 0.1
    operator: bool = True

    def calm(self) -> Weather:
        """The same world once everything works."""
        return Weather(math.inf, 0, 0, 0, 0, 0, 0, 0, 0, 1.0, 0, operator=False)


@dataclass
class Run:
    """What a finished run leaves: its trace's fingerprint and some figures."""

    seed: int
    steps: int
    virtual_s: float
    starts: int
    trace: str
    lifecycles: dict[str, Lifecycle]


@dataclass
class World:
    """Plugins and hosts as they really are, whatever the kernel believes."""

    seed: int
    plan: Plan
    weather: Weather
    random: Random
    now_s: float = 1000.0
    steps: int = 0
    starts: int = 0
    stopped: bool = False
    hosts: dict[str, int] = field(default_factory=dict)
    alive: dict[str, int] = field(default_factory=dict)
    sick: dict[str, str] = field(default_factory=dict)
    agenda: list[tuple[float, int, Callable[[], it.Event | None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state: State = initial(self.plan)
        self.watcher = Watcher(self.plan)
        self.trace = sha256()
        self._serial = count()

    # --- time ---------------------------------------------------------------------------------

    def later(self, delay_s: float, happen: Callable[[], it.Event | None]) -> None:
        """Let something happen; it returns the event that the supervisor would tell the kernel, if any."""
        heapq.heappush(self.agenda, (self.now_s + delay_s, next(self._serial), happen))

    def tell(self, event: it.Event) -> None:
        """One step of the kernel, checked, and its commands carried out."""
        before = self.state
        self.state, wishes = step(self.plan, before, event, self.now_s)
        self.steps += 1
        self.trace.update(repr((round(self.now_s, 6), event, wishes)).encode())
        self.watcher.check(before, event, self.state, wishes, self.now_s)
        for wish in wishes:
            self.carry_out(wish)

    def run_until(self, until_s: float) -> None:
        """Let time pass: whatever comes first, a happening or the Tick that the kernel asked for."""
        while not self.stopped:
            happening_s = self.agenda[0][0] if self.agenda else math.inf
            tick_s = math.inf if self.state.next_deadline is None else self.state.next_deadline
            next_s = min(happening_s, tick_s)
            if next_s > until_s:
                self.now_s = max(self.now_s, until_s)
                return
            self.now_s = max(self.now_s, next_s)
            if tick_s <= happening_s:
                self.tell(it.Tick())
            else:
                event = heapq.heappop(self.agenda)[2]()
                if event is not None:
                    self.tell(event)

    # --- commands -----------------------------------------------------------------------------

    def carry_out(self, wish: do.Command) -> None:
        match wish:
            case do.SpawnHost():
                self.spawn(wish)
            case do.KillHost():
                self.kill(wish.host, wish.incarnation)
            case do.RetireHost():
                assert not self.tenants_alive(wish.host), f"{wish} while {self.alive} are at work"
                self.later(self.random.uniform(0.001, 0.1), lambda: self.host_dies(wish.host, wish.incarnation))
            case do.StartGeneration():
                self.start(wish)
            case do.StopGeneration():
                self.stop(wish)
            case do.Heal():
                self.heal(wish)
            case do.RecheckHealth():
                self.later(0.01, lambda: self.reading(wish.plugin, wish.generation))
            case do.AllStopped():
                self.stopped = True
            case do.SetPosture() | do.RecordTransition() | do.RecordHealing() | do.OpenFinding() | do.ResolveFinding():
                pass
            case _:
                assert_never(wish)

    def spawn(self, wish: do.SpawnHost) -> None:
        assert wish.host not in self.hosts, f"{wish} while incarnation {self.hosts[wish.host]} lives"
        self.hosts[wish.host] = wish.incarnation
        if self.random.random() < self.weather.spawn_fails:
            self.later(0.05, lambda: self.host_dies(wish.host, wish.incarnation, Cause.EXIT_CODE))
        elif self.random.random() >= self.weather.spawn_fails:  # else it never answers
            self.later(self.random.uniform(0.005, 0.3), lambda: self.host_answers(wish))

    def host_answers(self, wish: do.SpawnHost) -> it.Event | None:
        lives = self.hosts.get(wish.host) == wish.incarnation
        return it.HostUp(wish.host, wish.incarnation) if lives else None

    def kill(self, host: str, incarnation: int) -> None:
        hard = self.random.random() < self.weather.unkillable
        delay_s = 17.0 if hard else self.random.uniform(0.001, 0.3)
        self.later(delay_s, lambda: self.host_dies(host, incarnation, Cause.SIGNAL))

    def host_dies(self, host: str, incarnation: int, cause: Cause = Cause.EXIT_CODE) -> it.Event | None:
        if self.hosts.get(host) != incarnation:
            return None
        del self.hosts[host]
        victims = self.tenants_alive(host)
        for victim in victims:
            del self.alive[victim]
        named = victims and self.random.random() < 0.5
        culprit = self.random.choice(victims) if named else None
        return it.HostGone(host, incarnation, cause, "ended", culprit)

    def tenants_alive(self, host: str) -> list[str]:
        return [name for name in sorted(self.alive) if self.plan.plugins[name].host == host]

    def start(self, wish: do.StartGeneration) -> None:
        name = wish.plugin
        assert name not in self.alive, f"two generations of {name}: {self.alive[name]} and {wish.generation}"
        assert wish.host in self.hosts, f"{wish} into a host that is dead"
        self.alive[name] = wish.generation
        self.starts += 1
        weather, draw = self.weather, self.random.random()
        for chance, cause in (
            (weather.raises, Cause.RAISED),
            (weather.not_ready, Cause.NOT_READY),
            (weather.defect, Cause.DEFECT),
        ):
            if draw < chance:
                hint = self.random.choice([None, 3.0, 600.0]) if cause is Cause.NOT_READY else None
                self.later(
                    self.random.uniform(0.0, 2.0), partial(self.finish, wish.plugin, wish.generation, cause, hint)
                )
                return
            draw -= chance
        if draw >= weather.never_ready:
            self.later(self.random.expovariate(2.0), lambda: self.turns_ready(wish))

    def turns_ready(self, wish: do.StartGeneration) -> it.Event | None:
        if self.alive.get(wish.plugin) != wish.generation:
            return None
        self.later(self.plan.plugins[wish.plugin].cadence_s, lambda: self.round(wish))
        return it.PluginReady(wish.plugin, wish.generation)

    def round(self, wish: do.StartGeneration) -> it.Event | None:
        if self.alive.get(wish.plugin) == wish.generation:
            self.later(self.plan.plugins[wish.plugin].cadence_s, lambda: self.round(wish))
        return self.reading(wish.plugin, wish.generation)

    def reading(self, name: str, generation: int) -> it.Event | None:
        if self.alive.get(name) != generation:
            return None
        if self.random.random() < 0.02 and self.weather.operator:
            return it.HealthSeen(name, generation, Status.UNKNOWN, "the sensor failed")
        sickness = self.sick.get(name)
        if sickness is None:
            return it.HealthSeen(name, generation, Status.HEALTHY, "well")
        status = Status.DEGRADED if sickness.endswith("MILD") else Status.CRITICAL
        wants_restart = sickness.endswith("HARD")
        return it.HealthSeen(name, generation, status, f"sick with {sickness}", sickness, wants_restart)

    def finish(self, name: str, generation: int, cause: Cause, hint: float | None = None) -> it.Event | None:
        if self.alive.get(name) != generation:
            return None
        del self.alive[name]
        if self.random.random() < 0.5:
            self.sick.pop(name, None)
        return it.PluginEnded(name, generation, cause, f"{cause} in generation {generation}", hint)

    def stop(self, wish: do.StopGeneration) -> None:
        if self.random.random() >= self.weather.deaf:
            delay_s = self.random.uniform(0.0, wish.timeout_s)
            self.later(delay_s, lambda: self.finish(wish.plugin, wish.generation, Cause.OPERATOR))
        elif self.random.random() >= self.weather.silent_when_deaf:
            self.later(wish.timeout_s, lambda: it.PluginDeaf(wish.plugin, wish.generation))

    def heal(self, wish: do.Heal) -> None:
        if self.random.random() < self.weather.heal_hangs:
            return
        if self.random.random() < self.weather.heal_helps:
            self.sick.pop(wish.plugin, None)
        failed = self.random.random() < 0.1
        self.later(self.random.uniform(0.0, 5.0), lambda: it.HealEnded(wish.plugin, wish.generation, "tried", failed))

    # --- faults -------------------------------------------------------------------------------

    def brew(self) -> None:
        """Arrange the next fault."""
        if math.isfinite(self.weather.mean_fault_s):
            self.later(self.random.expovariate(1 / self.weather.mean_fault_s), self.strike)

    def strike(self) -> it.Event | None:
        """One fault, of any kind, anywhere."""
        self.brew()
        name = self.random.choice(list(self.plan.plugins))
        host = self.plan.plugins[name].host
        generation = self.state.plugins[name].generation
        incarnation = self.hosts.get(host)
        kinds = ["die", "hang", "raise", "return", "sick", "stale", "unfit", "freeze"]
        kind = self.random.choice([*kinds, "operator", "claim"] if self.weather.operator else kinds)
        match kind:
            case "die" if incarnation is not None:
                return self.host_dies(host, incarnation, self.random.choice([Cause.SIGNAL, Cause.OUT_OF_MEMORY]))
            case "hang" if incarnation is not None:
                return it.HostSuspected(host, incarnation, Cause.HUNG, "both beats are silent")
            case "raise":
                return self.finish(name, generation, Cause.RAISED)
            case "return":
                return self.finish(name, generation, Cause.RETURNED)
            case "sick":
                self.sick[name] = self.random.choice(["QT-SIM-MILD", "QT-SIM-ILL", "QT-SIM-HARD"])
            case "stale":
                old = max(0, generation - 1)
                news: list[it.Event] = [it.PluginReady(name, old), it.PluginLoaded(name, old), it.PluginDeaf(name, old)]
                return self.random.choice(news)
            case "unfit":
                return it.HealEnded(name, generation, "nobody asked", failed=False)
            case "freeze":
                self.now_s += self.random.choice([0.5, 30.0])
            case "operator":
                return self.person(name)
            case "claim":
                level = self.random.choice([*self.plan.posture.levels, "no such level"])
                expires_s = self.now_s + self.random.choice([3.0, 1e6])
                return it.ClaimMade(PostureClaim(source=name, level=level, reason="so it seems", expires_s=expires_s))
            case _:
                pass
        return None

    def person(self, name: str) -> it.Event:
        acts: list[Callable[[], it.Event]] = [
            lambda: it.OperatorStart(name, "sam"),
            lambda: it.OperatorStart(name, "sam"),
            lambda: it.OperatorStop(name, "sam"),
            lambda: it.OperatorRestart(name, "sam"),
            lambda: it.OperatorQuarantine(name, "sam", "looks odd"),
        ]
        return self.random.choice(acts)()


def random_plan(random: Random) -> Plan:
    """A plan of 2 to 9 plugins in 1 to 4 hosts with random dependencies, policies and posture."""
    hosts = {f"h{n}": HostPlan(f"h{n}", restart=_policy(random)) for n in range(random.randint(1, 4))}
    plugins: dict[str, PluginPlan] = {}
    for n in range(random.randint(2, 9)):
        earlier = list(plugins)
        plugins[f"p{n}"] = PluginPlan(
            name=f"p{n}",
            host=random.choice(list(hosts)),
            needs=_some(random, earlier, 0.3),
            after=_some(random, earlier, 0.2),
            wants=_some(random, earlier, 0.2),
            enabled=random.random() < 0.95,
            exclusive=random.random() < 0.5,
            vital=random.random() < 0.25,
            healable=random.random() < 0.6,
            cadence_s=random.choice([30.0, 60.0, 120.0]),
            start_timeout_s=random.choice([5.0, 30.0]),
            stop_timeout_s=random.choice([1.0, 10.0]),
            restart=_policy(random),
            healing=HealPolicy(max_acts=random.randint(1, 6), window_s=3600.0, timeout_s=random.choice([5.0, 30.0])),
        )
    scale = random.choice(
        [PostureScale(), PostureScale(LEVELS, tuple(sorted(_some(random, list(plugins), 0.2))), "reduce_only")]
    )
    vital_posture = "reduce_only" if len(scale.levels) > 1 else None
    return Plan(plugins, hosts, scale, vital_posture, random.randint(1, 5), random.randint(0, 2**32))


def _policy(random: Random) -> RestartPolicy:
    return RestartPolicy(
        max_restarts=random.randint(0, 5),
        window_s=random.choice([10.0, 60.0, 300.0]),
        base_s=random.choice([0.1, 1.0]),
        cap_s=random.choice([5.0, 60.0]),
        stable_after_s=random.choice([5.0, 60.0]),
        quarantine_trial_s=random.choice([30.0, 300.0]),
        cap_by_cause={Cause.HUNG: 2.0} if random.random() < 0.3 else {},
    )


def _some(random: Random, names: list[str], share: float) -> frozenset[str]:
    return frozenset(name for name in names if random.random() < share)


CALM_S = 2400.0
"""Long enough after the last fault for every hint, trial and backoff to have run out."""

STOP_S = 900.0
"""Nothing may take longer to stop than this, whatever is deaf or cannot be killed."""


def simulate(seed: int, hours: float, weather: Weather | None = None) -> Run:
    """One life of a random system: hurt for `hours`, then left in peace, then stopped.

    After the peace everything that nobody took out is running again; the stop ends in bounded time. Raises
    AssertionError on any broken promise, with the seed.
    """
    random = Random(seed)
    world = World(seed, random_plan(random), weather or Weather(), random)
    try:
        world.brew()
        world.tell(it.SupervisorStarted(recent_bad_starts=random.choice([0, 0, 3])))
        world.run_until(1000.0 + hours * 3600)
        _come_to_rest(world)
        _stop(world)
    except AssertionError as error:
        raise AssertionError(f"seed {seed} at {world.now_s:.3f} s, step {world.steps}: {error}") from error
    lifecycles = {name: plugin.lifecycle for name, plugin in world.state.plugins.items()}
    return Run(seed, world.steps, world.now_s - 1000.0, world.starts, world.trace.hexdigest(), lifecycles)


def _come_to_rest(world: World) -> None:
    world.weather = world.weather.calm()
    world.sick.clear()
    world.run_until(world.now_s + CALM_S)
    out = {name for name, plugin in world.state.plugins.items() if _kept_out(plugin)}
    for name, plugin in world.state.plugins.items():
        blocked = any(name in world.state.graph.dependents(other) for other in out)
        if name not in out and not blocked:
            assert plugin.lifecycle is Lifecycle.RUNNING, f"{name} did not come back: {plugin}"


def _kept_out(plugin: PluginState) -> bool:
    waits_for_person = plugin.lifecycle is Lifecycle.QUARANTINED and plugin.deadline_s is None
    return waits_for_person or plugin.lifecycle in {Lifecycle.STOPPED, Lifecycle.DISABLED}


def _stop(world: World) -> None:
    world.weather = Weather(math.inf, deaf=0.3, unkillable=0.3, operator=False)
    asked_s = world.now_s
    world.tell(it.ShutDown("sam", "the night is over"))
    world.run_until(asked_s + STOP_S)
    assert world.stopped, f"not stopped after {STOP_S} s"
