"""What a person asks for is done in any lifecycle, or refused in one sentence."""

from __future__ import annotations

import pytest

from qtcore.health.model import HealingOutcome, Status
from qtcore.kernel import events as it
from qtcore.kernel.commands import RecordHealing, StartGeneration, StopGeneration
from qtcore.kernel.restart import NO_TRIES
from qtcore.kernel.words import Cause, Lifecycle
from tests.qtcore.kernel.driver import Driver, in_lifecycle, only, plugin

AT_WORK = [Lifecycle.STARTING, Lifecycle.RUNNING, Lifecycle.HEALING]
AT_REST = [Lifecycle.WAITING, Lifecycle.BACKOFF, Lifecycle.QUARANTINED]


@pytest.mark.parametrize("lifecycle", AT_WORK)
def test_a_stop_ends_what_is_at_work_and_keeps_it_stopped(lifecycle: Lifecycle) -> None:
    """Starting, running or healing: asked to stop, then stopped for good."""
    driver = in_lifecycle(lifecycle)
    assert len(only(StopGeneration, driver.tell(it.OperatorStop("it", "sam")))) == 1
    driver.stopped("it")
    assert (driver.life("it"), driver["it"].reason) == (Lifecycle.STOPPED, "stopped by sam")
    assert [s.plugin for s in only(StartGeneration, driver.wait(1000.0)) if s.plugin == "it"] == []


@pytest.mark.parametrize("lifecycle", AT_REST)
def test_a_stop_of_what_is_at_rest_is_immediate(lifecycle: Lifecycle) -> None:
    """Also a pending retry or trial is over."""
    driver = in_lifecycle(lifecycle)
    driver.tell(it.OperatorStop("it", "sam"))
    assert (driver.life("it"), driver["it"].deadline_s) == (Lifecycle.STOPPED, None)


@pytest.mark.parametrize("lifecycle", [Lifecycle.DISABLED, Lifecycle.BACKOFF, Lifecycle.QUARANTINED, Lifecycle.STOPPED])
def test_a_start_brings_it_back_with_fresh_budgets(lifecycle: Lifecycle) -> None:
    """Release, enable and start are one act, and nothing of the past is held against it."""
    driver = in_lifecycle(lifecycle)
    driver.answer_starts = True
    driver.tell(it.OperatorStart("it", "sam"))
    assert (driver.life("it"), driver["it"].tries) == (Lifecycle.RUNNING, NO_TRIES)


@pytest.mark.parametrize("event", [it.OperatorStart, it.OperatorRestart])
def test_a_start_during_a_stop_follows_it(event: type[it.OperatorStart | it.OperatorRestart]) -> None:
    """The last word counts, and still only one generation at a time."""
    driver = in_lifecycle(Lifecycle.RUNNING)
    driver.tell(it.OperatorStop("it", "sam"))
    assert only(StartGeneration, driver.tell(event("it", "kim"))) == []
    assert only(StartGeneration, driver.stopped("it"))[0].reason == "start 2"


def test_a_stop_during_a_restart_keeps_it_stopped() -> None:
    """The last word counts here too."""
    driver = in_lifecycle(Lifecycle.STOPPING)
    driver.tell(it.OperatorStop("it", "sam"))
    driver.stopped("it")
    assert driver.life("it") is Lifecycle.STOPPED


def test_a_restart_by_a_person_costs_nothing() -> None:
    """It is not counted against any budget."""
    driver = in_lifecycle(Lifecycle.RUNNING)
    for _ in range(20):
        driver.answer_starts = True
        driver.tell(it.OperatorRestart("it", "sam"))
        driver.stopped("it")
    assert (driver.life("it"), driver["it"].tries, driver["it"].restarts) == (Lifecycle.RUNNING, NO_TRIES, 20)


def test_dependents_of_a_stopped_plugin_wait_for_it() -> None:
    """A person's stop pauses them like any other absence."""
    driver = Driver(plugin("a"), plugin("b", needs="a"))
    driver.tell(it.OperatorStop("a", "sam"))
    driver.stopped("b")
    driver.stopped("a")
    assert (driver.life("b"), driver["b"].waits_for) == (Lifecycle.WAITING, "needs a, which is stopped")
    driver.tell(it.OperatorStart("a", "sam"))
    assert driver.life("b") is Lifecycle.RUNNING


@pytest.mark.parametrize("lifecycle", [*AT_WORK, *AT_REST, Lifecycle.STOPPING, Lifecycle.STOPPED])
def test_a_quarantine_by_a_person_has_no_trial(lifecycle: Lifecycle) -> None:
    """Only a release ends it."""
    driver = in_lifecycle(lifecycle)
    driver.tell(it.OperatorQuarantine("it", "sam", "it trades oddly"))
    if driver["it"].active:
        driver.stopped("it")
    assert (driver.life("it"), driver["it"].cause, driver["it"].deadline_s) == (
        Lifecycle.QUARANTINED,
        Cause.OPERATOR,
        None,
    )
    assert "taken out by sam: it trades oddly" in driver["it"].reason


def test_quarantining_a_vital_plugin_is_refused() -> None:
    """Visibly, with the reason and the way that is left."""
    driver = Driver(plugin("guard", vital=True))
    (refusal,) = only(RecordHealing, driver.tell(it.OperatorQuarantine("guard", "sam", "odd")))
    assert refusal.outcome is HealingOutcome.REFUSED
    assert refusal.proof == "guard is vital and must not be given up; qt stop guard stops it all the same"
    assert driver.life("guard") is Lifecycle.RUNNING


def test_a_start_resolves_what_was_given_up() -> None:
    """A person's word ends an alarm and a spent healing budget."""
    driver = Driver(plugin("a", healable=True))
    driver.health("a", Status.DEGRADED, "QT-A")
    driver.tell(it.HealEnded("a", 1, "tried", failed=True))
    driver.health("a", Status.DEGRADED, "QT-A")
    driver.stopped("a")
    driver.wait(1.0)
    driver.health("a", Status.DEGRADED, "QT-A")
    assert driver.state.findings == {("QT-HEALING-SPENT", "a")}
    driver.tell(it.OperatorRestart("a", "sam"))
    assert driver.state.findings == frozenset()
