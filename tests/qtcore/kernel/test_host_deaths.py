"""When a host dies: the culprit pays, neighbours come back at once, and nameless deaths are the host's own."""

from __future__ import annotations

from qtcore.kernel import events as it
from qtcore.kernel.commands import KillHost, RecordTransition, SpawnHost, StopGeneration
from qtcore.kernel.restart import NO_TRIES
from qtcore.kernel.words import Cause, Lifecycle
from tests.qtcore.kernel.driver import Driver, only, plugin


def test_the_culprit_pays_and_its_neighbours_do_not() -> None:
    """The named plugin's budget is charged; the others are collateral and start at once."""
    driver = Driver(plugin("a"), plugin("b"), plugin("far", "other"))
    first = driver.dies("main", "a", Cause.OUT_OF_MEMORY)
    records = [r for r in only(RecordTransition, first) if r.before is Lifecycle.RUNNING]
    assert [(r.plugin, r.cause, r.collateral_of) for r in records] == [
        ("a", Cause.OUT_OF_MEMORY, None),
        ("b", Cause.COLLATERAL, "a"),
    ]
    assert (len(driver["a"].tries.ends), driver["b"].tries) == (1, NO_TRIES)
    assert driver["far"].generation == 1


def test_a_culprit_in_backoff_does_not_hold_its_neighbours_back() -> None:
    """The host is made again at once for those who did nothing."""
    driver = Driver(plugin("a"), plugin("b"))
    driver.dies("main", "a")
    driver.dies("main", "a")
    assert driver.lives() == {"a": Lifecycle.BACKOFF, "b": Lifecycle.RUNNING}


def test_the_only_tenant_is_the_culprit() -> None:
    """Where one plugin lives alone nobody else can be blamed."""
    driver = Driver(plugin("a"))
    driver.dies("main")
    assert len(driver["a"].tries.ends) == 1
    assert driver.state.hosts["main"].tries == NO_TRIES


def test_a_death_without_culprit_counts_for_the_host() -> None:
    """All come back together, under the host's own backoff and true cap, and nobody's budget is charged."""
    driver = Driver(plugin("a"), plugin("b"))
    driver.dies("main")
    assert driver.lives() == {"a": Lifecycle.RUNNING, "b": Lifecycle.RUNNING}
    driver.dies("main")
    assert driver.lives() == {"a": Lifecycle.BACKOFF, "b": Lifecycle.BACKOFF}
    host = driver.state.hosts["main"]
    assert (len(host.tries.ends), driver["a"].tries, driver["b"].tries) == (2, NO_TRIES, NO_TRIES)
    driver.wait(1.0)
    assert driver.lives() == {"a": Lifecycle.RUNNING, "b": Lifecycle.RUNNING}


def test_a_host_that_keeps_dying_is_told_and_retried_at_the_cap() -> None:
    """Nobody is quarantined for what nobody can be blamed for; a person hears of it, and hears when it is over."""
    driver = Driver(plugin("a"), plugin("b"))
    for _ in range(12):
        driver.dies("main")
        driver.wait(8.0)
    assert driver.lives() == {"a": Lifecycle.RUNNING, "b": Lifecycle.RUNNING}
    assert driver.state.findings == {("QT-HOST-CRASH-LOOP", "a"), ("QT-HOST-CRASH-LOOP", "b")}
    driver.wait(60.0)
    assert driver.state.findings == frozenset()


def test_a_hung_host_is_killed_and_the_cause_is_the_hang() -> None:
    """The signal that ends it is ours; what is recorded is why."""
    driver = Driver(plugin("a"), plugin("b"))
    wishes = driver.tell(it.HostSuspected("main", 1, Cause.HUNG, "loop silent for 1.2 s in b.tick"))
    assert only(KillHost, wishes) == [KillHost("main", 1, Cause.HUNG, "loop silent for 1.2 s in b.tick")]
    driver.dies("main", "b")
    assert driver.state.hosts["main"].incarnation == 2
    assert [cause for name in "ab" for cause in _causes(driver, name)] == [Cause.COLLATERAL, Cause.HUNG]


def _causes(driver: Driver, name: str) -> list[Cause | None]:
    records = only(RecordTransition, driver.wishes)
    return [r.cause for r in records if r.plugin == name and r.before is Lifecycle.RUNNING]


def test_a_second_suspicion_kills_once() -> None:
    """A host that is being killed is not killed again for the same hang."""
    driver = Driver(plugin("a"))
    driver.tell(it.HostSuspected("main", 1, Cause.HUNG, "silent"))
    assert driver.tell(it.HostSuspected("main", 1, Cause.HUNG, "still silent")) == []


def test_a_culprit_that_does_not_live_there_is_not_believed() -> None:
    """Evidence that names a stranger is no evidence."""
    driver = Driver(plugin("a"), plugin("b"), plugin("far", "other"))
    driver.dies("main", "far")
    assert driver["far"].tries == NO_TRIES
    assert len(driver.state.hosts["main"].tries.ends) == 1


def test_plugins_in_other_hosts_are_untouched() -> None:
    """Unless they need what died."""
    driver = Driver(plugin("a"), plugin("far", "other"), plugin("needy", "third", needs="a"))
    driver.answer_hosts = False
    wishes = driver.dies("main")
    assert only(SpawnHost, wishes) == [SpawnHost("main", 2)]
    assert [stop.plugin for stop in only(StopGeneration, wishes)] == ["needy"]
    assert driver.life("far") is Lifecycle.RUNNING


def test_the_start_limit_does_not_run_against_a_host_that_is_being_killed() -> None:
    """A plugin that was starting when its neighbour hung the host is collateral, not unready."""
    driver = Driver(plugin("a"), plugin("b", start_timeout_s=3.0), start=False)
    driver.answer_starts = False
    driver.tell(it.SupervisorStarted())
    driver.tell(it.HostSuspected("main", 1, Cause.HUNG, "silent"))
    driver.wait(4.0)
    driver.dies("main", "a")
    assert (driver.life("b"), driver["b"].tries) == (Lifecycle.STARTING, NO_TRIES)
