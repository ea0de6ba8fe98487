"""The table is complete, and each of its cells can be carried out."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from qtcore.health.model import Status
from qtcore.kernel import events as it
from qtcore.kernel.posture import PostureClaim
from qtcore.kernel.state import State
from qtcore.kernel.step import step
from qtcore.kernel.table import TABLE
from qtcore.kernel.words import Cause, Lifecycle
from tests.qtcore.kernel.driver import in_lifecycle
from tests.qtcore.kernel.invariants import Watcher

EVENTS = get_args(it.Event)
PRODUCT = list(product(Lifecycle, EVENTS))


def test_no_cell_is_missing_and_none_is_too_many() -> None:
    """Every lifecycle has an answer to every event, and nothing else is in the table."""
    assert set(TABLE) == set(PRODUCT)


def test_every_cell_says_what_it_means() -> None:
    """Also a cell where nothing happens states why."""
    assert [cell for cell, handler in TABLE.items() if not handler.__doc__] == []


def an_event(kind: type, state: State, now_s: float) -> it.Event:
    """An event of this kind that concerns the plugin `it` as it is now."""
    generation, incarnation = state.plugins["it"].generation, state.hosts["main"].incarnation
    samples: list[it.Event] = [
        it.SupervisorStarted(),
        it.HostUp("main", incarnation),
        it.HostSuspected("main", incarnation, Cause.HUNG, "silent"),
        it.HostGone("main", incarnation, Cause.SIGNAL, "killed"),
        it.PluginLoaded("it", generation),
        it.PluginReady("it", generation),
        it.PluginEnded("it", generation, Cause.RAISED, "raised"),
        it.PluginDeaf("it", generation),
        it.HealthSeen("it", generation, Status.CRITICAL, "bad", "QT-A", wants_restart=True),
        it.HealEnded("it", generation, "tried", failed=False),
        it.ClaimMade(PostureClaim(source="it", level="no_entries", reason="so", expires_s=now_s + 3)),
        it.OperatorStart("it", "sam"),
        it.OperatorStop("it", "sam"),
        it.OperatorRestart("it", "sam"),
        it.OperatorQuarantine("it", "sam", "odd"),
        it.ShutDown("sam", "enough"),
        it.Tick(),
    ]
    return next(sample for sample in samples if type(sample) is kind)


@pytest.mark.parametrize("lifecycle", Lifecycle)
def test_every_cell_can_be_carried_out(lifecycle: Lifecycle) -> None:
    """In each lifecycle each event leads to a state in which every promise holds."""
    driver = in_lifecycle(lifecycle)
    before = driver.state
    for kind in EVENTS:
        now_s = driver.now_s if driver["it"].deadline_s is None else driver["it"].deadline_s
        event = an_event(kind, before, now_s)
        after, commands = step(driver.plan, before, event, now_s)
        watcher = Watcher(driver.plan, open_findings=set(before.findings), posture=driver.watcher.posture)
        watcher.check(before, event, after, commands, now_s)


@pytest.mark.parametrize(
    "kind", [it.PluginLoaded, it.PluginReady, it.PluginEnded, it.PluginDeaf, it.HealthSeen, it.HealEnded]
)
def test_a_replaced_generation_has_no_say(kind: type) -> None:
    """What comes from an old generation changes nothing, and that it came is counted."""
    driver = in_lifecycle(Lifecycle.RUNNING)
    old = an_event(kind, driver.state, driver.now_s)
    driver.answer_starts = True
    driver.ends("it")
    assert (driver.life("it"), driver["it"].generation) == (Lifecycle.RUNNING, 2)
    before = driver.state
    assert driver.tell(old) == []
    assert driver.state.plugins == before.plugins
    assert driver.state.ignored.stale == before.ignored.stale + 1


@pytest.mark.parametrize("kind", [it.HostUp, it.HostSuspected, it.HostGone])
def test_a_replaced_incarnation_has_no_say(kind: type) -> None:
    """News of a dead host does not touch the one that replaced it."""
    driver = in_lifecycle(Lifecycle.RUNNING)
    old = an_event(kind, driver.state, driver.now_s)
    driver.dies("main", "near")
    before = driver.state
    assert driver.tell(old) == []
    assert (driver.state.plugins, driver.state.hosts) == (before.plugins, before.hosts)
    assert driver.state.ignored.stale == before.ignored.stale + 1
