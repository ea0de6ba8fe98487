"""Promise: one live instance. The next generation follows proof of the last one's end, never a guess."""

from __future__ import annotations

import pytest

from qtcore.kernel import events as it
from qtcore.kernel.commands import KillHost, RecordTransition, SpawnHost, StartGeneration, StopGeneration
from qtcore.kernel.words import Cause, HostState, Lifecycle
from tests.qtcore.kernel.driver import Driver, only, plugin


def test_a_restart_waits_for_the_proven_end() -> None:
    """Between StopGeneration and PluginEnded nothing starts, however long it takes."""
    driver = Driver(plugin("a", exclusive=True, stop_timeout_s=10.0))
    assert only(StopGeneration, driver.tell(it.OperatorRestart("a", "sam")))[0].timeout_s == 10.0
    assert only(StartGeneration, driver.wait(9.0)) == []
    assert [start.generation for start in only(StartGeneration, driver.stopped("a"))] == [2]


def test_a_deaf_generation_costs_its_host() -> None:
    """Only the death of the process proves the end of a task that does not stop; neighbours are collateral."""
    driver = Driver(plugin("a", exclusive=True), plugin("near"))
    driver.tell(it.OperatorRestart("a", "sam"))
    wishes = driver.tell(it.PluginDeaf("a", 1))
    assert only(KillHost, wishes)[0].reason == "a did not end within 10 s of being asked to stop"
    assert only(StartGeneration, wishes) == []
    story = {r.plugin: r for r in reversed(only(RecordTransition, driver.dies("main"))) if r.before in _AT_WORK}
    assert (story["near"].cause, story["near"].collateral_of) == (Cause.COLLATERAL, "a")
    assert driver.lives() == {"a": Lifecycle.RUNNING, "near": Lifecycle.RUNNING}
    assert driver["near"].tries.ends == ()


_AT_WORK = {Lifecycle.RUNNING, Lifecycle.STOPPING}


def test_silence_about_a_stop_is_deafness_too() -> None:
    """When neither PluginEnded nor PluginDeaf arrives, the kernel's own limit kills the host."""
    driver = Driver(plugin("a", stop_timeout_s=10.0))
    driver.tell(it.OperatorStop("a", "sam"))
    assert only(KillHost, driver.wait(10.5)) == []
    assert "said nothing within 10 s" in only(KillHost, driver.wait(0.6))[0].reason


def test_a_process_that_does_not_die_is_never_replaced() -> None:
    """SIGKILL without proof of death is repeated and told; nothing starts elsewhere."""
    driver = Driver(plugin("a", exclusive=True))
    driver.tell(it.HostSuspected("main", 1, Cause.HUNG, "state D"))
    later = driver.wait(60.0)
    assert len(only(KillHost, later)) == 12
    assert (only(SpawnHost, later), only(StartGeneration, later)) == ([], [])
    assert ("QT-HOST-UNKILLABLE", "a") in driver.state.findings
    driver.dies("main")
    assert driver.life("a") is Lifecycle.RUNNING
    assert driver.state.findings == frozenset()


def test_a_host_has_one_incarnation_at_a_time() -> None:
    """The next process is asked for after the last one is gone, and its number grows."""
    driver = Driver(plugin("a"), plugin("b"))
    assert only(SpawnHost, driver.tell(it.HostSuspected("main", 1, Cause.HUNG, "silent"))) == []
    assert only(SpawnHost, driver.dies("main", "a")) == [SpawnHost("main", 2)]


@pytest.mark.parametrize("ends_first", [True, False])
def test_no_order_of_news_starts_two(ends_first: bool) -> None:
    """The end of the plugin and the death of its host may arrive in either order."""
    driver = Driver(plugin("a", exclusive=True), plugin("near"))
    end = it.PluginEnded("a", 1, Cause.RAISED, "raised")
    gone = it.HostGone("main", 1, Cause.SIGNAL, "killed", "a")
    for event in (end, gone) if ends_first else (gone, end):
        driver.tell(event)
    driver.wait(1.0)
    assert set(driver.lives().values()) == {Lifecycle.RUNNING}
    assert driver.state.hosts["main"].incarnation == 2


def test_an_empty_host_is_retired_and_comes_back_on_demand() -> None:
    """A process without plugins is not kept; the next start makes a new one."""
    driver = Driver(plugin("a"))
    driver.tell(it.OperatorStop("a", "sam"))
    driver.answer_hosts = False
    driver.stopped("a")
    driver.answer_hosts = True
    assert driver.state.hosts["main"].state is HostState.STOPPING
    driver.tell(it.OperatorStart("a", "sam"))
    assert driver.life("a") is Lifecycle.WAITING
    driver.dies("main")
    assert (driver.life("a"), driver.state.hosts["main"].tries.ends) == (Lifecycle.RUNNING, ())


def test_a_retired_host_that_stays_is_killed() -> None:
    """Leaving has a limit."""
    driver = Driver(plugin("a"))
    driver.answer_hosts = False
    driver.tell(it.OperatorStop("a", "sam"))
    driver.stopped("a")
    assert only(KillHost, driver.wait(5.1))[0].reason == "host main did not leave within 5 s"
