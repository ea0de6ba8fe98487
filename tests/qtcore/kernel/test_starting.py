"""When plugins start: enabled, needs ready, predecessors tried, host up, not too many at once."""

from __future__ import annotations

from qtcore.kernel import events as it
from qtcore.kernel.commands import KillHost, RecordTransition, SpawnHost, StartGeneration, StopGeneration
from qtcore.kernel.state import initial
from qtcore.kernel.step import step
from qtcore.kernel.words import Cause, HostState, Lifecycle
from tests.qtcore.kernel.driver import Driver, only, plan, plugin


def test_nothing_happens_before_the_supervisor_has_started() -> None:
    """The first start follows SupervisorStarted, not the making of the state."""
    driver = Driver(plugin("a"), start=False)
    assert driver.tell(it.Tick()) == []
    assert only(SpawnHost, driver.tell(it.SupervisorStarted())) == [SpawnHost("main", 1)]


def test_all_hosts_are_spawned_at_once() -> None:
    """A process is made while the plugin's needs still start: that saves the operator's time."""
    driver = Driver(plugin("a", "one"), plugin("b", "two", needs="a"), start=False)
    driver.answer_hosts = False
    assert {wish.host for wish in only(SpawnHost, driver.tell(it.SupervisorStarted()))} == {"one", "two"}


def test_a_disabled_plugin_asks_for_nothing() -> None:
    """Neither a host nor a start."""
    driver = Driver(plugin("a", enabled=False))
    assert driver.wishes[0:1] != [SpawnHost("main", 1)]
    assert driver.state.hosts["main"].state is HostState.ABSENT


def test_needs_are_ready_before_the_dependent_starts() -> None:
    """Loaded is not ready."""
    driver = Driver(plugin("a"), plugin("b", needs="a"), start=False)
    driver.answer_starts = False
    driver.tell(it.SupervisorStarted())
    driver.tell(it.PluginLoaded("a", 1))
    assert (driver.life("b"), driver["b"].waits_for) == (Lifecycle.WAITING, "needs a, which is starting")
    assert only(StartGeneration, driver.tell(it.PluginReady("a", 1)))[0].plugin == "b"


def test_generations_go_on_from_the_journal() -> None:
    """A number that was reserved before the supervisor died is never given again."""
    one = plan(plugin("a"))
    state = initial(one, {"a": 17})
    state, _ = step(one, state, it.SupervisorStarted(), 0.0)
    _, wishes = step(one, state, it.HostUp("main", 1), 0.1)
    assert only(StartGeneration, list(wishes))[0].generation == 18


def test_after_waits_for_a_try_not_for_success() -> None:
    """Order only: what has been tried and failed, stopped or disabled holds nobody back."""
    driver = Driver(
        plugin("a"), plugin("b", after="a"), plugin("off", enabled=False), plugin("c", after="off"), start=False
    )
    driver.answer_starts = False
    driver.tell(it.SupervisorStarted())
    assert (driver.life("b"), driver["b"].waits_for) == (Lifecycle.WAITING, "comes after a, which is starting")
    assert driver.life("c") is Lifecycle.STARTING
    driver.ends("a", Cause.DEFECT, "ImportError: no module named x")
    assert driver.lives() | {"c": "-"} == {
        "a": Lifecycle.QUARANTINED,
        "b": Lifecycle.STARTING,
        "off": Lifecycle.DISABLED,
        "c": "-",
    }


def test_after_does_not_queue_behind_what_cannot_be_tried() -> None:
    """`b` after `a` starts although `a` waits for a need that is stopped."""
    driver = Driver(plugin("z", enabled=False), plugin("a", needs="z"), plugin("b", after="a"))
    assert (driver.life("a"), driver.life("b")) == (Lifecycle.WAITING, Lifecycle.RUNNING)


def test_wants_hold_nobody_back() -> None:
    """A soft wish is noted, not waited for."""
    driver = Driver(plugin("z", enabled=False), plugin("a", wants="z"))
    assert driver.life("a") is Lifecycle.RUNNING


def test_a_storm_of_starts_is_limited_and_vital_plugins_do_not_queue() -> None:
    """At most `starts_in_flight` ordinary starts at once; the next follows when one is done."""
    many = [plugin(f"p{n}") for n in range(6)]
    driver = Driver(*many, plugin("guard", vital=True), starts_in_flight=2, start=False)
    driver.answer_starts = False
    driver.tell(it.SupervisorStarted())
    starting = [name for name, life in driver.lives().items() if life is Lifecycle.STARTING]
    assert starting == ["p0", "guard"]
    driver.tell(it.PluginReady("guard", 1))
    assert driver.life("p1") is Lifecycle.STARTING
    assert driver["p2"].waits_for == "2 plugins are starting already"
    driver.tell(it.PluginReady("p0", 1))
    assert driver.life("p2") is Lifecycle.STARTING


def test_a_start_that_is_never_ready_is_stopped_and_counted() -> None:
    """The start limit turns silence into the cause `unready`."""
    driver = Driver(plugin("a", start_timeout_s=5.0), start=False)
    driver.answer_starts = False
    driver.tell(it.SupervisorStarted())
    assert only(StopGeneration, driver.wait(4.9)) == []
    stop = only(StopGeneration, driver.wait(0.2))[0]
    assert (stop.plugin, stop.generation, driver.life("a")) == ("a", 1, Lifecycle.STOPPING)
    driver.stopped("a")
    assert (driver.life("a"), driver["a"].cause) == (Lifecycle.BACKOFF, Cause.UNREADY)


def test_a_late_ready_does_not_bring_back_what_is_being_stopped() -> None:
    """Once asked to stop, a generation ends."""
    driver = Driver(plugin("a", start_timeout_s=5.0), start=False)
    driver.answer_starts = False
    driver.tell(it.SupervisorStarted())
    driver.wait(5.0)
    driver.tell(it.PluginReady("a", 1))
    assert driver.life("a") is Lifecycle.STOPPING


def test_a_paused_machine_punishes_nobody() -> None:
    """A supervisor that was itself held up for a minute grants each running limit once more."""
    driver = Driver(plugin("a", start_timeout_s=5.0), start=False)
    driver.answer_starts = False
    driver.tell(it.SupervisorStarted())
    driver.now_s += 65.0
    assert only(StopGeneration, driver.tell(it.Tick())) == []
    assert only(StopGeneration, driver.wait(4.9)) == []
    assert only(StopGeneration, driver.wait(0.2)) != []


def test_a_host_that_does_not_come_up_is_killed_and_tried_again_with_backoff() -> None:
    """Spawning has a limit too."""
    driver = Driver(plugin("a"), start=False)
    driver.answer_hosts = False
    driver.tell(it.SupervisorStarted())
    assert only(KillHost, driver.wait(30.1))[0].reason == "host main was not up within 30 s"
    driver.answer_hosts = True
    driver.dies("main")
    assert driver.state.hosts["main"].state is HostState.ABSENT
    driver.wait(1.0)
    assert (driver.life("a"), driver.state.hosts["main"].incarnation) == (Lifecycle.RUNNING, 2)


def test_each_transition_has_one_sentence() -> None:
    """A person can read what happened from the reasons alone."""
    driver = Driver(plugin("a"))
    story = [
        (r.before, r.after, r.reason) for r in only(RecordTransition, driver.ends("a", reason="raised ValueError: x"))
    ]
    cause = "raised ValueError: x (end 1 in 60 s, 3 allowed); starts again at once"
    assert story == [
        (Lifecycle.RUNNING, Lifecycle.WAITING, cause),
        (Lifecycle.WAITING, Lifecycle.STARTING, "start 2"),
        (Lifecycle.STARTING, Lifecycle.RUNNING, "ready 0 s after its start"),
    ]
