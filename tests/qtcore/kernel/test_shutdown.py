"""Stopping everything: in reverse order, each level at once, bounded, announced once."""

from __future__ import annotations

from collections.abc import Iterable

from qtcore.kernel import events as it
from qtcore.kernel.commands import AllStopped, KillHost, RetireHost, StartGeneration, StopGeneration
from qtcore.kernel.words import Cause, Lifecycle
from tests.qtcore.kernel.driver import Driver, only, plugin

DOWN = it.ShutDown("sam", "the night is over")


def tree() -> Driver:
    """base <- (left, right) <- top, each in a host of its own."""
    return Driver(
        plugin("base", "h0"),
        plugin("left", "h1", needs="base"),
        plugin("right", "h2", after="base"),
        plugin("top", "h3", needs="left", after="right"),
    )


def test_followers_stop_before_what_they_follow() -> None:
    """Level by level, all of one level at once."""
    driver = tree()
    assert _stops(driver.tell(DOWN)) == ["top"]
    assert sorted(_stops(driver.stopped("top"))) == ["left", "right"]
    assert _stops(driver.stopped("left")) == []
    assert _stops(driver.stopped("right")) == ["base"]
    wishes = driver.stopped("base")
    assert wishes[-1] == AllStopped() or AllStopped() in wishes
    assert set(driver.lives().values()) == {Lifecycle.STOPPED}


def _stops(wishes: Iterable[object]) -> list[str]:
    return [stop.plugin for stop in only(StopGeneration, wishes)]


def test_each_host_leaves_as_soon_as_it_is_empty() -> None:
    """It does not wait for the others."""
    driver = tree()
    driver.tell(DOWN)
    assert [wish.host for wish in only(RetireHost, driver.stopped("top"))] == ["h3"]


def test_nothing_starts_any_more() -> None:
    """Neither a crash, nor a return of a need, nor a person brings anything back."""
    driver = tree()
    driver.ends("right")
    driver.ends("right")
    driver.tell(DOWN)
    driver.ends("base", Cause.RAISED)
    driver.tell(it.OperatorStart("right", "sam"))
    driver.tell(it.OperatorRestart("left", "sam"))
    assert only(StartGeneration, driver.wait(100.0)) == []


def test_a_host_that_dies_meanwhile_is_not_replaced() -> None:
    """Its plugins are stopped, which was wanted."""
    driver = tree()
    driver.tell(DOWN)
    driver.dies("h0")
    assert driver.life("base") is Lifecycle.STOPPED


def test_one_that_does_not_stop_holds_the_rest_up_only_for_its_limit() -> None:
    """Deafness costs its host and the others go on."""
    driver = tree()
    driver.tell(DOWN)
    assert [kill.host for kill in only(KillHost, driver.wait(11.1))] == ["h3"]
    assert sorted(_stops(driver.dies("h3", cause=Cause.SIGNAL))) == ["left", "right"]


def test_what_cannot_be_killed_does_not_hold_the_rest_up_for_ever() -> None:
    """After two reminders the rest stops around it, and a person has been told."""
    driver = tree()
    driver.tell(DOWN)
    driver.wait(22.0)
    assert ("QT-HOST-UNKILLABLE", "top") in driver.state.findings
    for name in ("left", "right", "base"):
        driver.stopped(name)
    assert driver.state.stopped
    assert driver.state.next_deadline is None


def test_waiting_and_backed_off_plugins_are_stopped_at_once() -> None:
    """There is nothing to wait for."""
    driver = Driver(plugin("a"), plugin("b", "other"))
    driver.ends("a", Cause.NOT_READY)
    driver.tell(DOWN)
    assert driver.life("a") is Lifecycle.STOPPED


def test_quarantined_and_disabled_plugins_stay_what_they_are() -> None:
    """The next report should still say so."""
    driver = Driver(plugin("a"), plugin("b", enabled=False))
    driver.ends("a", Cause.DEFECT)
    driver.tell(DOWN)
    assert driver.lives() == {"a": Lifecycle.QUARANTINED, "b": Lifecycle.DISABLED}
    assert driver.state.stopped


def test_the_end_is_announced_once() -> None:
    """A second request changes nothing, and after the end nothing is wished for."""
    driver = Driver(plugin("a"))
    driver.tell(DOWN)
    assert driver.tell(DOWN) == []
    driver.stopped("a")
    assert driver.wishes.count(AllStopped()) == 1
    assert driver.tell(it.Tick()) == []


def test_a_shutdown_before_the_start_ends_too() -> None:
    """A signal may come in the first millisecond."""
    driver = Driver(plugin("a"), start=False)
    assert AllStopped() in driver.tell(DOWN)
