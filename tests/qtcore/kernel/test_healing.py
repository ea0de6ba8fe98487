"""Promise: healing is a closed loop. Act, check again, record; then the next rung; within a budget."""

from __future__ import annotations

from typing import Any

import pytest

from qtcore.health.model import HealingOutcome, Rung, Status
from qtcore.kernel import events as it
from qtcore.kernel.commands import Heal, KillHost, RecheckHealth, RecordHealing, StopGeneration
from qtcore.kernel.specification import HealPolicy
from qtcore.kernel.words import Cause, Lifecycle
from tests.qtcore.kernel.driver import Driver, only, plugin


def sick(**options: Any) -> Driver:
    """A plugin with a heal hook, beside a neighbour."""
    return Driver(plugin("a", **({"healable": True} | options)), plugin("near"))


def heal_ends(driver: Driver, *, failed: bool = False) -> list[object]:
    """The plugin's heal says that it is done."""
    return [*driver.tell(it.HealEnded("a", driver["a"].generation, "cleared the cache", failed))]


def test_a_healable_finding_is_healed_in_place() -> None:
    """Find, act, check again, record: proven only by the reading after the act."""
    driver = sick()
    wishes = driver.health("a", Status.DEGRADED, "QT-CACHE")
    assert only(Heal, wishes) == [Heal("a", 1, "QT-CACHE")]
    assert driver.life("a") is Lifecycle.HEALING
    assert heal_ends(driver) == [RecheckHealth("a", 1)]
    driver.wait(1.5)
    healing = only(RecordHealing, driver.health("a", Status.HEALTHY))
    said = "healthy: it is healthy"
    assert healing == [RecordHealing("a", Rung.HEAL, "cleared the cache", HealingOutcome.PROVEN, said, "QT-CACHE", 1.5)]
    assert (driver.life("a"), driver["a"].generation) == (Lifecycle.RUNNING, 1)


def test_a_reading_from_before_the_act_proves_nothing() -> None:
    """While `heal` is at work no reading counts, not even a good one."""
    driver = sick()
    driver.health("a", Status.DEGRADED, "QT-CACHE")
    assert driver.health("a", Status.HEALTHY) == []
    assert driver.life("a") is Lifecycle.HEALING


def test_an_act_without_improvement_is_followed_by_a_restart() -> None:
    """The next rung after a heal that did not help."""
    driver = sick()
    driver.health("a", Status.CRITICAL, "QT-CACHE")
    heal_ends(driver)
    wishes = driver.health("a", Status.CRITICAL, "QT-CACHE")
    assert only(RecordHealing, wishes)[0].outcome is HealingOutcome.FAILED
    assert only(StopGeneration, wishes)[0].reason == "unhealthy: it is critical"
    driver.stopped("a")
    assert driver["a"].cause is Cause.UNHEALTHY


def test_the_ladder_is_climbed_while_nothing_helps() -> None:
    """heal, restart, recreate the host, quarantine; each judged by a reading, each recorded as failed."""
    driver = sick()
    driver.health("a", Status.CRITICAL, "QT-CACHE")
    heal_ends(driver)
    for expected in (Rung.RESTART_PLUGIN, Rung.RECREATE_HOST):
        driver.health("a", Status.CRITICAL, "QT-CACHE")
        assert driver["a"].fate is not None
        assert driver["a"].fate.rung is expected
        if only(KillHost, driver.stopped("a")):
            driver.dies("main")
        driver.wait(8.0)
        assert driver.life("a") is Lifecycle.RUNNING
    driver.health("a", Status.CRITICAL, "QT-CACHE")
    driver.stopped("a")
    assert (driver.life("a"), driver["a"].cause) == (Lifecycle.QUARANTINED, Cause.UNHEALTHY)
    outcomes = [(record.rung, record.outcome) for record in only(RecordHealing, driver.wishes)]
    assert outcomes == [
        (Rung.HEAL, HealingOutcome.FAILED),
        (Rung.RESTART_PLUGIN, HealingOutcome.FAILED),
        (Rung.RECREATE_HOST, HealingOutcome.FAILED),
    ]


def test_a_restart_that_cured_is_proven_by_the_next_reading() -> None:
    """Ready is not healthy: the reading after the restart is the proof."""
    driver = sick(healable=False)
    driver.health("a", Status.CRITICAL, restart=True)
    driver.stopped("a")
    driver.wait(1.0)
    assert driver.life("a") is Lifecycle.RUNNING
    assert only(RecordHealing, driver.wishes) == []
    healing = only(RecordHealing, driver.health("a", Status.HEALTHY))[0]
    assert (healing.rung, healing.outcome) == (Rung.RESTART_PLUGIN, HealingOutcome.PROVEN)


def test_what_still_works_is_restarted_at_most() -> None:
    """A degraded plugin is not quarantined and costs nobody else anything: after one restart a person is told."""
    driver = sick()
    driver.health("a", Status.DEGRADED, "QT-CACHE")
    heal_ends(driver)
    driver.health("a", Status.DEGRADED, "QT-CACHE")
    driver.stopped("a")
    driver.wait(1.0)
    wishes = driver.health("a", Status.DEGRADED, "QT-CACHE")
    assert only(RecordHealing, wishes)[-1].outcome is HealingOutcome.REFUSED
    assert ("QT-HEALING-SPENT", "a") in driver.state.findings
    assert driver.health("a", Status.DEGRADED, "QT-CACHE") == []
    assert driver.life("a") is Lifecycle.RUNNING


def test_the_budget_ends_all_acts_and_a_person_is_told() -> None:
    """After `max_acts` in the window nothing more is done, said once, until health returns by itself."""
    driver = sick(healing=HealPolicy(max_acts=2, window_s=3600.0))
    for _ in range(2):
        driver.health("a", Status.DEGRADED, "QT-CACHE")
        heal_ends(driver)
        driver.health("a", Status.HEALTHY)
    wishes = driver.health("a", Status.DEGRADED, "QT-CACHE")
    refused = only(RecordHealing, wishes)
    assert [(record.outcome, record.proof) for record in refused] == [
        (HealingOutcome.REFUSED, "2 acts within 3600 s did not cure it")
    ]
    assert ("QT-HEALING-SPENT", "a") in driver.state.findings
    assert driver.health("a", Status.CRITICAL, "QT-CACHE", restart=True) == []
    driver.health("a", Status.HEALTHY)
    assert driver.state.findings == frozenset()


def test_another_trouble_may_still_be_healed() -> None:
    """What was given up was one finding, not the plugin."""
    driver = sick()
    driver.health("a", Status.DEGRADED, "QT-CACHE")
    heal_ends(driver)
    driver.health("a", Status.DEGRADED, "QT-CACHE")
    driver.stopped("a")
    driver.wait(1.0)
    driver.health("a", Status.DEGRADED, "QT-CACHE")
    assert only(Heal, driver.health("a", Status.DEGRADED, "QT-OTHER")) == [Heal("a", 2, "QT-OTHER")]


def test_improvement_is_proof_even_when_all_is_not_well() -> None:
    """The healed finding is gone; that another is there is the next trouble."""
    driver = sick()
    driver.health("a", Status.CRITICAL, "QT-CACHE")
    heal_ends(driver)
    healing = only(RecordHealing, driver.health("a", Status.DEGRADED, "QT-OTHER"))[0]
    assert healing.outcome is HealingOutcome.PROVEN
    assert driver.life("a") is Lifecycle.RUNNING


@pytest.mark.parametrize("restart", [True, False])
def test_unknown_never_acts(restart: bool) -> None:
    """A failed sensor is no reason to touch what it looks at."""
    driver = sick()
    assert driver.health("a", Status.UNKNOWN, "QT-CACHE", restart=restart) == []
    assert driver.life("a") is Lifecycle.RUNNING


def test_a_recheck_that_knows_nothing_restarts_nothing() -> None:
    """The act stays unproven, the plugin stays."""
    driver = sick()
    driver.health("a", Status.DEGRADED, "QT-CACHE")
    heal_ends(driver)
    assert driver.health("a", Status.UNKNOWN) == []
    wishes = driver.wait(30.1)
    assert only(StopGeneration, wishes) == []
    assert only(RecordHealing, wishes)[0].proof == "no known reading within 30 s of the act"
    assert driver.life("a") is Lifecycle.RUNNING


def test_a_heal_that_hangs_is_a_failed_act() -> None:
    """It has a limit; a restart follows."""
    driver = sick()
    driver.health("a", Status.CRITICAL, "QT-CACHE")
    wishes = driver.wait(30.1)
    assert only(RecordHealing, wishes)[0].proof == "heal did not end within 30 s"
    assert driver.life("a") is Lifecycle.STOPPING


def test_a_plugin_without_heal_is_not_asked_to_heal() -> None:
    """Only what its manifest offers is used; without a wish to be restarted its status is all there is."""
    driver = sick(healable=False)
    assert driver.health("a", Status.CRITICAL, "QT-CACHE") == []
    assert only(StopGeneration, driver.health("a", Status.CRITICAL, "QT-CACHE", restart=True)) != []


def test_dying_in_the_middle_of_a_heal_fails_the_act() -> None:
    """The end is judged as an end, and the heal as what it was."""
    driver = sick()
    driver.health("a", Status.DEGRADED, "QT-CACHE")
    healing = only(RecordHealing, driver.ends("a", reason="raised KeyError"))[0]
    assert (healing.outcome, healing.proof) == (
        HealingOutcome.FAILED,
        "ended before the re-check: raised KeyError",
    )


def test_a_stop_in_the_middle_of_a_heal_is_recorded_too() -> None:
    """Every act has an end in the records."""
    driver = sick()
    driver.health("a", Status.DEGRADED, "QT-CACHE")
    healing = only(RecordHealing, driver.tell(it.OperatorStop("a", "sam")))[0]
    assert (healing.outcome, healing.proof) == (HealingOutcome.FAILED, "ended before the re-check: stopped by sam")


def test_time_in_bad_health_proves_nothing() -> None:
    """The clock of proof stands still while a plugin is critical or unknown."""
    driver = sick(healable=False)
    driver.ends("a")
    driver.wait(30.0)
    driver.health("a", Status.CRITICAL)
    driver.wait(300.0)
    assert driver["a"].tries.streak == 1
    driver.health("a", Status.HEALTHY)
    driver.wait(60.1)
    assert driver["a"].tries.streak == 0
