"""The ladder: restart, restart the group, recreate the host, quarantine; and what is never quarantined."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qtcore.health.model import HealingOutcome, Rung
from qtcore.kernel import events as it
from qtcore.kernel.commands import KillHost, OpenFinding, RecordHealing, ResolveFinding, StartGeneration, StopGeneration
from qtcore.kernel.words import Cause, Lifecycle
from tests.qtcore.kernel.driver import SCALE, Driver, only, patient, plugin


def crash(driver: Driver, name: str, times: int) -> None:
    """Let the plugin crash again and again, as soon as it runs."""
    for _ in range(times):
        driver.ends(name)
        while driver.life(name) is Lifecycle.BACKOFF:
            driver.wait(0.1)


def test_over_budget_the_group_is_restarted_first() -> None:
    """The fourth end of three allowed restarts the plugins that want it, too; vital ones are spared."""
    driver = Driver(plugin("a"), plugin("soft", "two", wants="a"), plugin("guard", "three", wants="a", vital=True))
    crash(driver, "a", 3)
    stops = only(StopGeneration, driver.ends("a"))
    assert [(stop.plugin, stop.reason) for stop in stops] == [
        ("soft", "restarted together with a, which failed too often")
    ]
    assert driver["a"].rung is Rung.RESTART_GROUP


def test_then_its_host_is_made_anew() -> None:
    """A process that looks sane may hide what makes the plugin fail; neighbours are collateral."""
    driver = Driver(plugin("a"), plugin("near"))
    crash(driver, "a", 3)
    assert only(KillHost, driver.ends("a"))[0].reason == "a failed too often, so its process is made anew"
    driver.dies("main")
    assert (driver.life("near"), driver["near"].generation) == (Lifecycle.RUNNING, 2)


def test_no_vital_neighbour_is_killed_for_another() -> None:
    """Where a vital plugin shares the process, that rung is left out."""
    driver = Driver(plugin("a"), plugin("guard", vital=True))
    crash(driver, "a", 3)
    assert only(KillHost, driver.ends("a")) == []
    assert driver.life("a") is Lifecycle.QUARANTINED


def test_a_process_that_died_is_not_made_anew_twice() -> None:
    """When each end already cost the host, recreating it would be no other act."""
    driver = Driver(plugin("a"))
    for _ in range(4):
        driver.dies("main")
        while driver.life("a") is Lifecycle.BACKOFF:
            driver.wait(0.1)
    assert driver.life("a") is Lifecycle.QUARANTINED


def test_quarantine_is_the_end_and_has_one_trial() -> None:
    """After `quarantine_trial_s` a single run decides; its failure leads straight back."""
    driver = Driver(patient(plugin("a"), quarantine_trial_s=100.0))
    _exhaust(driver, "a")
    assert driver.life("a") is Lifecycle.QUARANTINED
    assert ("QT-PLUGIN-QUARANTINED", "a") in driver.state.findings
    assert only(StartGeneration, driver.wait(99.0)) == []
    assert len(only(StartGeneration, driver.wait(1.1))) == 1
    wishes = driver.ends("a")
    assert driver.life("a") is Lifecycle.QUARANTINED
    healing = only(RecordHealing, wishes)[-1]
    assert (healing.rung, healing.outcome) == (Rung.QUARANTINE, HealingOutcome.FAILED)


def test_a_trial_that_proves_itself_releases() -> None:
    """The finding stays open until `stable_after_s` went well."""
    driver = Driver(patient(plugin("a"), quarantine_trial_s=100.0))
    _exhaust(driver, "a")
    driver.wait(100.0)
    driver.wait(59.0)
    assert ("QT-PLUGIN-QUARANTINED", "a") in driver.state.findings
    wishes = driver.wait(1.1)
    assert only(ResolveFinding, wishes) == [ResolveFinding("QT-PLUGIN-QUARANTINED", "a")]
    assert only(RecordHealing, wishes)[0].outcome is HealingOutcome.PROVEN
    assert not driver["a"].trial


def _exhaust(driver: Driver, name: str) -> None:
    for _ in range(12):
        if driver.life(name) is Lifecycle.QUARANTINED:
            return
        driver.ends(name)
        if only(KillHost, driver.wishes[-6:]):
            driver.dies("main")
        while driver.life(name) is Lifecycle.BACKOFF:
            driver.wait(0.1)
    raise AssertionError(f"{name} was never quarantined")


@pytest.mark.parametrize("cause", [Cause.DEFECT, Cause.NEEDS_OPERATOR, Cause.CONFIGURATION])
def test_what_only_a_person_can_mend_is_not_retried(cause: Cause) -> None:
    """Straight to quarantine, with the sentence, and no trial."""
    driver = Driver(plugin("a"))
    finding = only(OpenFinding, driver.ends("a", cause, "ImportError: no module named ccxx"))[0]
    assert (driver.life("a"), driver["a"].deadline_s) == (Lifecycle.QUARANTINED, None)
    assert "ImportError: no module named ccxx" in finding.summary
    assert only(StartGeneration, driver.wait(10_000.0)) == []
    driver.tell(it.OperatorStart("a", "sam"))
    assert driver.life("a") is Lifecycle.RUNNING


def test_returning_early_is_a_failure() -> None:
    """`start` lives as long as the instance; its return is counted."""
    driver = Driver(plugin("a"))
    driver.ends("a", Cause.RETURNED)
    assert len(driver["a"].tries.ends) == 1


def test_each_restart_is_recorded_with_its_proof() -> None:
    """An act is proven by a ready plugin, failed by the next end."""
    driver = Driver(plugin("a"))
    driver.answer_starts = False
    driver.ends("a")
    driver.now_s += 0.4
    proven = only(RecordHealing, driver.tell(it.PluginReady("a", 2)))[0]
    assert (proven.rung, proven.outcome) == (Rung.RESTART_PLUGIN, HealingOutcome.PROVEN)
    assert proven.proof == "ready 0.4 s after its start, 0.4 s after the end of generation 1"
    driver.ends("a")
    driver.wait(1.0)
    failed = only(RecordHealing, driver.ends("a", reason="raised KeyError"))[0]
    assert (failed.outcome, failed.proof) == (HealingOutcome.FAILED, "raised KeyError")


def test_proven_health_forgives_step_by_step() -> None:
    """One step of backoff per `stable_after_s`; the ladder starts at the bottom again."""
    driver = Driver(plugin("a"))
    crash(driver, "a", 3)
    assert (driver["a"].tries.attempt, driver["a"].rung) == (2, Rung.RESTART_PLUGIN)
    driver.wait(60.1)
    assert (driver["a"].tries.attempt, driver["a"].rung) == (1, None)
    driver.wait(60.0)
    assert (driver["a"].tries.attempt, driver["a"].deadline_s) == (0, None)


RAISES: Callable[[Driver], object] = lambda driver: driver.ends("guard")  # noqa: E731
DEFECTS: Callable[[Driver], object] = lambda driver: driver.ends("guard", Cause.DEFECT, "TypeError")  # noqa: E731


@pytest.mark.parametrize("fail", [RAISES, DEFECTS], ids=["raises", "defect"])
def test_a_vital_plugin_is_never_given_up(fail: Callable[[Driver], object]) -> None:
    """It is retried at the cap for ever; a person is told, and told when it is over."""
    driver = Driver(plugin("guard", vital=True), posture=SCALE, vital_posture="reduce_only")
    for _ in range(40):
        fail(driver)
        if driver.state.hosts["main"].blamed == "guard":
            driver.dies("main")
        assert driver.life("guard") in {Lifecycle.BACKOFF, Lifecycle.WAITING, Lifecycle.RUNNING}
        driver.wait(8.1)
        if driver.state.hosts["main"].deadline_s and driver.life("guard") is Lifecycle.WAITING:
            driver.dies("main")
        assert driver.life("guard") is Lifecycle.RUNNING, driver["guard"]
    assert ("QT-VITAL-AWAY", "guard") in driver.state.findings
    driver.wait(60.1)
    assert driver.state.findings == frozenset()


def test_what_a_vital_plugin_needs_is_never_given_up_either() -> None:
    """Quarantining the venue would give up the exchange on it."""
    driver = Driver(plugin("venue", "one"), plugin("exchange", "two", needs="venue", vital=True))
    driver.ends("venue", Cause.DEFECT, "SyntaxError")
    assert driver.life("venue") is Lifecycle.BACKOFF
    assert ("QT-VITAL-AWAY", "venue") in driver.state.findings


def test_not_ready_is_waited_out_without_end_or_charge() -> None:
    """Something outside is missing: no budget, no ladder, the hint honoured."""
    driver = Driver(plugin("a"))
    for _ in range(30):
        driver.ends("a", Cause.NOT_READY, "the venue is in maintenance", hint=20.0)
        assert only(StartGeneration, driver.wait(19.9)) == []
        assert len(only(StartGeneration, driver.wait(0.2))) == 1
    assert (driver["a"].tries.ends, driver["a"].rung) == ((), None)
