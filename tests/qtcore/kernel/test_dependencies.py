"""What happens to dependents: paused with their need, back with it, never billed for it."""

from __future__ import annotations

from qtcore.health.model import Status
from qtcore.kernel import events as it
from qtcore.kernel.commands import RecordTransition, StopGeneration
from qtcore.kernel.restart import NO_TRIES
from qtcore.kernel.words import Cause, Lifecycle
from tests.qtcore.kernel.driver import Driver, only, patient, plugin


def chain() -> Driver:
    """a <- b <- c in three hosts, all running."""
    return Driver(plugin("a", "one"), plugin("b", "two", needs="a"), plugin("c", "three", needs="b"))


def test_dependents_are_stopped_with_their_need() -> None:
    """Losing a need pauses everything above it, with the cause named."""
    driver = chain()
    driver.answer_starts = False
    stops = only(StopGeneration, driver.ends("a"))
    assert [stop.plugin for stop in stops] == ["b", "c"]
    assert driver["b"].cause is Cause.DEPENDENCY
    assert driver["b"].reason == "paused: it needs a, which is waiting"


def test_dependents_return_with_their_need_and_are_not_billed() -> None:
    """However often the need flaps, the dependents' budgets stay whole."""
    driver = chain()
    for _ in range(3):
        driver.ends("a")
        driver.stopped("b")
        driver.stopped("c")
        driver.wait(5.0)
    assert set(driver.lives().values()) == {Lifecycle.RUNNING}
    assert (driver["b"].tries, driver["c"].tries) == (NO_TRIES, NO_TRIES)
    assert driver["c"].restarts == 3


def test_a_crash_while_being_paused_is_not_billed_either() -> None:
    """A dependent that raises because its need is gone has done nothing wrong."""
    driver = chain()
    driver.answer_starts = False
    driver.ends("a")
    driver.ends("b", Cause.RAISED, "ConnectionError")
    assert (driver.life("b"), driver["b"].tries) == (Lifecycle.WAITING, NO_TRIES)


def test_wants_are_only_noted() -> None:
    """A soft dependent goes on when the other ends."""
    driver = Driver(plugin("a", "one"), plugin("b", "two", wants="a"))
    driver.answer_starts = False
    assert only(StopGeneration, driver.ends("a")) == []
    assert driver.life("b") is Lifecycle.RUNNING


def test_a_healing_need_still_counts_as_there() -> None:
    """Healing in place is no reason to pause others."""
    driver = Driver(plugin("a", healable=True), plugin("b", needs="a"))
    driver.health("a", Status.CRITICAL, "QT-A")
    assert (driver.life("a"), driver.life("b")) == (Lifecycle.HEALING, Lifecycle.RUNNING)


def test_a_dependent_in_backoff_wakes_within_a_quarter_second() -> None:
    """Its delay may stand at minutes: when the dependency is ready again, it starts at once, jittered."""
    slow = patient(plugin("b", "two", wants="a"), base_s=300.0, cap_s=300.0, max_restarts=9)
    driver = Driver(plugin("a", "one"), slow)
    driver.ends("b")
    driver.ends("b")
    assert driver.life("b") is Lifecycle.BACKOFF
    assert (driver["b"].deadline_s or 0.0) > driver.now_s + 1.0
    driver.ends("a")
    assert driver.life("a") is Lifecycle.RUNNING
    woken = only(RecordTransition, driver.wait(0.25))
    assert woken[0].reason == "its dependency a is ready again"
    assert driver.life("b") is Lifecycle.RUNNING


def test_an_early_wake_does_not_break_a_ban() -> None:
    """`retry_after_s` is the outside world's word; a dependency that returns does not shorten it."""
    driver = Driver(plugin("a", "one"), plugin("b", "two", wants="a"))
    driver.answer_starts = False
    driver.ends("b", Cause.NOT_READY, "banned by the venue", hint=30.0)
    driver.ends("a")
    driver.tell(it.PluginReady("a", 2))
    driver.wait(29.0)
    assert driver.life("b") is Lifecycle.BACKOFF
    driver.wait(1.1)
    assert driver.life("b") is Lifecycle.STARTING
