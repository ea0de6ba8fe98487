"""The kernel under any sequence of events that Hypothesis can think of, plausible or not."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from qtcore.health.model import Status
from qtcore.kernel import events as it
from qtcore.kernel.commands import AllStopped, Command
from qtcore.kernel.posture import PostureClaim
from qtcore.kernel.state import initial
from qtcore.kernel.step import step
from qtcore.kernel.words import Cause, HostState
from tests.qtcore.kernel.invariants import Watcher
from tests.qtcore.kernel.simulation import LEVELS, STOP_S, random_plan

which = st.integers(0, 8)
lag = st.integers(-1, 0)
seconds = st.sampled_from([0.0, 0.01, 0.3, 1.0, 7.0, 61.0, 400.0])


class Kernel(RuleBasedStateMachine):
    """Every rule is one event; every step is checked by the Watcher."""

    @initialize(random=st.randoms(use_true_random=False), bad_starts=st.integers(0, 4))
    def begin(self, random: object, bad_starts: int) -> None:
        self.plan = random_plan(random)  # type: ignore[arg-type] # Hypothesis' stand-in for random.Random
        self.state = initial(self.plan, {"p0": 41})
        self.watcher = Watcher(self.plan)
        self.now_s = 1000.0
        self.all_stopped = 0
        self.tell(it.SupervisorStarted(bad_starts))

    def tell(self, event: it.Event) -> tuple[Command, ...]:
        before = self.state
        self.state, commands = step(self.plan, before, event, self.now_s)
        self.watcher.check(before, event, self.state, commands, self.now_s)
        assert (self.state, commands) == step(self.plan, before, event, self.now_s), "a step must be repeatable"
        self.all_stopped += commands.count(AllStopped())
        return commands

    def plugin(self, number: int) -> str:
        names = list(self.plan.plugins)
        return names[number % len(names)]

    def host(self, number: int) -> str:
        names = list(self.plan.hosts)
        return names[number % len(names)]

    def generation(self, name: str, behind: int) -> int:
        return self.state.plugins[name].generation + behind

    @rule(late_s=st.sampled_from([0.0, 0.0, 0.01, 0.9, 30.0]))
    def its_deadline_comes(self, late_s: float) -> None:
        if self.state.next_deadline is not None:
            self.now_s = max(self.now_s, self.state.next_deadline + late_s)
            self.tell(it.Tick())

    @rule(passed_s=seconds)
    def time_passes_unnoticed(self, passed_s: float) -> None:
        self.now_s += passed_s

    @rule()
    def it_is_ticked_for_nothing(self) -> None:
        self.tell(it.Tick())

    @rule(number=which, behind=lag)
    def a_host_comes_up(self, number: int, behind: int) -> None:
        host = self.host(number)
        self.tell(it.HostUp(host, self.state.hosts[host].incarnation + behind))

    @rule(number=which, behind=lag)
    def a_host_is_suspected(self, number: int, behind: int) -> None:
        host = self.host(number)
        self.tell(it.HostSuspected(host, self.state.hosts[host].incarnation + behind, Cause.HUNG, "silent"))

    @rule(number=which, behind=lag, culprit=st.none() | which, cause=st.sampled_from(Cause))
    def a_host_dies(self, number: int, behind: int, culprit: int | None, cause: Cause) -> None:
        host = self.host(number)
        named = None if culprit is None else self.plugin(culprit)
        self.tell(it.HostGone(host, self.state.hosts[host].incarnation + behind, cause, "it died", named))

    @rule(number=which, behind=lag)
    def a_plugin_loads(self, number: int, behind: int) -> None:
        name = self.plugin(number)
        self.tell(it.PluginLoaded(name, self.generation(name, behind)))

    @rule(number=which, behind=lag)
    def a_plugin_is_ready(self, number: int, behind: int) -> None:
        name = self.plugin(number)
        self.tell(it.PluginReady(name, self.generation(name, behind)))

    @rule()
    def everything_comes_up(self) -> None:
        for host in self.plan.hosts:
            self.tell(it.HostUp(host, self.state.hosts[host].incarnation))
        for name in self.plan.plugins:
            self.tell(it.PluginReady(name, self.generation(name, 0)))

    @rule(
        number=which,
        behind=lag,
        cause=st.sampled_from(Cause),
        hint=st.none() | st.floats(allow_nan=True, allow_infinity=True),
    )
    def a_plugin_ends(self, number: int, behind: int, cause: Cause, hint: float | None) -> None:
        name = self.plugin(number)
        self.tell(it.PluginEnded(name, self.generation(name, behind), cause, f"{cause}", hint))

    @rule(number=which, behind=lag)
    def a_plugin_is_deaf(self, number: int, behind: int) -> None:
        name = self.plugin(number)
        self.tell(it.PluginDeaf(name, self.generation(name, behind)))

    @rule(
        number=which,
        behind=lag,
        status=st.sampled_from(Status),
        finding=st.sampled_from([None, "QT-A", "QT-B"]),
        wants_restart=st.booleans(),
    )
    def health_is_seen(
        self, number: int, behind: int, status: Status, finding: str | None, wants_restart: bool
    ) -> None:
        name = self.plugin(number)
        generation = self.generation(name, behind)
        self.tell(it.HealthSeen(name, generation, status, "as it is", finding, wants_restart))

    @rule(number=which, behind=lag, failed=st.booleans())
    def a_heal_ends(self, number: int, behind: int, failed: bool) -> None:
        name = self.plugin(number)
        self.tell(it.HealEnded(name, self.generation(name, behind), "tried", failed))

    @rule(number=which, level=st.sampled_from([*LEVELS, "nonsense"]), lasts_s=st.sampled_from([-1.0, 3.0, 1e9]))
    def a_claim_is_made(self, number: int, level: str, lasts_s: float) -> None:
        source = ["supervisor", "operator", self.plugin(number)][number % 3]
        claim = PostureClaim(source=source, level=level, reason="so", expires_s=self.now_s + lasts_s)
        self.tell(it.ClaimMade(claim))

    @rule(number=which, act=st.sampled_from([it.OperatorStart, it.OperatorStop, it.OperatorRestart]))
    def a_person_acts(self, number: int, act: type) -> None:
        self.tell(act(self.plugin(number), "sam"))

    @rule(number=which)
    def a_person_quarantines(self, number: int) -> None:
        self.tell(it.OperatorQuarantine(self.plugin(number), "sam", "looks odd"))

    @rule(sure=st.integers(0, 9))
    def a_person_stops_everything(self, sure: int) -> None:
        if sure == 0:
            self.tell(it.ShutDown("sam", "enough"))

    @rule()
    def names_that_nobody_knows(self) -> None:
        before = self.state
        self.tell(it.PluginReady("nobody", 1))
        self.tell(it.HostUp("nowhere", 1))
        self.tell(it.OperatorStop("nobody", "sam"))
        assert self.state.ignored.unfit >= before.ignored.unfit + 3

    def teardown(self) -> None:
        """Stopping ends, and is announced once, even when nobody ever answers again."""
        if not hasattr(self, "state"):
            return
        self.tell(it.ShutDown("sam", "the test is over"))
        asked_s = self.now_s
        while not self.state.stopped and self.now_s < asked_s + STOP_S:
            assert self.state.next_deadline is not None, "a stop that waits for nothing"
            self.now_s = max(self.now_s, self.state.next_deadline)
            self.tell(it.Tick())
        assert self.all_stopped == 1, f"stopped {self.all_stopped} times: {self.state}"
        assert all(host.state in {HostState.ABSENT, HostState.KILLING} for host in self.state.hosts.values())


TestKernel = Kernel.TestCase
TestKernel.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
