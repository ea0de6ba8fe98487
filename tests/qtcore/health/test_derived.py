"""What is seen of a plugin from outside has a code, and what is in order has none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.health.derived import MANY_RESTARTS, RESTARTS_WINDOW_S, End, Life, derived
from qtcore.health.model import Health, Severity
from qtcore.health.verdict import PluginView
from qtcore.kernel.words import Cause, Lifecycle

FINE = PluginView(
    lifecycle=Lifecycle.RUNNING,
    reason="ready",
    cadence_s=10.0,
    since_s=0.0,
    health=Health.healthy("fine"),
    valid_until_s=100.0,
    progressed_s=49.0,
)
WELL = Life(plugin="feed", host="data", view=FINE)
NOW_S = 50.0
RAISED = End(Cause.RAISED, "ValueError: told to", 49.0, {"error_type": "ValueError", "attempt": 1})


def seen(**view: object) -> Life:
    return replace(WELL, view=replace(FINE, **view))  # type: ignore[arg-type] # fields of the view


def codes(life: Life, now_s: float = NOW_S) -> list[str]:
    return [finding.code for finding in derived(life, now_s)]


def test_what_is_in_order_has_no_finding() -> None:
    assert codes(WELL) == []


@pytest.mark.parametrize(
    ("life", "code"),
    [
        (seen(sensor_failure="it raises"), "QT-PLUGIN-SENSOR"),
        (seen(valid_until_s=50.0), "QT-PLUGIN-OUTDATED"),
        (seen(progressed_s=10.0), "QT-PLUGIN-IDLE"),
        (replace(seen(lifecycle=Lifecycle.BACKOFF), end=RAISED), "QT-PLUGIN-DOWN"),
        (replace(seen(lifecycle=Lifecycle.STARTING), end=RAISED), "QT-PLUGIN-DOWN"),
        (replace(seen(lifecycle=Lifecycle.BACKOFF), end=replace(RAISED, cause=Cause.HUNG)), "QT-PLUGIN-HUNG"),
        (replace(WELL, hung="its loop is blocked"), "QT-PLUGIN-HUNG"),
        (replace(seen(lifecycle=Lifecycle.WAITING), needs_away="database"), "QT-PLUGIN-WAITS"),
        (replace(seen(lifecycle=Lifecycle.STOPPED), by_person=True), "QT-PLUGIN-STOPPED"),
        (replace(WELL, ends_s=(1.0,) * MANY_RESTARTS), "QT-PLUGIN-RESTARTS"),
    ],
)
def test_each_failure_has_its_code(life: Life, code: str) -> None:
    assert codes(life) == [code]


@pytest.mark.parametrize("lifecycle", [Lifecycle.WAITING, Lifecycle.STARTING, Lifecycle.DISABLED, Lifecycle.STOPPED])
def test_starting_and_stopping_in_order_is_no_failure(lifecycle: Lifecycle) -> None:
    assert codes(seen(lifecycle=lifecycle, progressed_s=None, health=None, valid_until_s=None)) == []


def test_what_is_switched_on_and_never_has_its_turn_is_found() -> None:
    """Two minutes after it began to wait, or after the supervisor's start; a need that is away is told sooner."""
    waits = seen(lifecycle=Lifecycle.WAITING, reason="its host data is spawning", since_s=0.0)
    waits = replace(waits, started_s=10.0)
    assert codes(waits, 129.9) == []
    (found,) = derived(waits, 130.0)
    assert found.code == "QT-PLUGIN-WAITS"
    assert found.summary.endswith("has not run for more than two minutes: its host data is spawning")


def test_the_evidence_of_a_failure_is_kept() -> None:
    (down,) = derived(replace(seen(lifecycle=Lifecycle.BACKOFF), end=RAISED), NOW_S)
    assert down.evidence == {"cause": "raised", "host": "data", "error_type": "ValueError", "attempt": 1}


def test_only_what_is_outside_may_explain_what_is_not_ready() -> None:
    """A death of the process is its own reason; a plugin that waits for a venue may be explained by it."""
    killed = replace(seen(lifecycle=Lifecycle.BACKOFF), end=End(Cause.SIGNAL, "SIGKILL", 49.0))
    waiting = replace(seen(lifecycle=Lifecycle.BACKOFF), end=End(Cause.NOT_READY, "no venue yet", 49.0))
    assert derived(killed, NOW_S)[0].root
    assert not derived(waiting, NOW_S)[0].root
    assert derived(waiting, NOW_S)[0].severity is Severity.MEDIUM


def test_a_plugin_that_was_ended_for_its_health_names_the_reason() -> None:
    end = End(Cause.UNHEALTHY, "critical", 49.0, effect_of=("QT-FEED-STALE",))
    assert derived(replace(seen(lifecycle=Lifecycle.STOPPING), end=end), NOW_S) == ()  # an act of healing, no failure
    (down,) = derived(replace(seen(lifecycle=Lifecycle.BACKOFF), end=end), NOW_S)
    assert "QT-FEED-STALE" in down.effect_of


def test_what_has_run_out_is_named() -> None:
    (old,) = derived(seen(expiries_s={"book": 40.0, "keys": 60.0}), NOW_S)
    assert (old.code, old.subject) == ("QT-PLUGIN-OUTDATED", "book")


def test_old_failures_are_forgotten() -> None:
    life = replace(WELL, view=replace(FINE, valid_until_s=1e9, progressed_s=None), ends_s=(0.0, 1.0, 2.0))
    assert codes(life, RESTARTS_WINDOW_S - 1) == ["QT-PLUGIN-RESTARTS"]
    assert codes(life, RESTARTS_WINDOW_S) == []


@given(st.sampled_from(Lifecycle), st.none() | st.sampled_from(Cause), st.none() | st.just("database"), st.booleans())
def test_nothing_has_two_codes_for_one_absence(
    lifecycle: Lifecycle, cause: Cause | None, need: str | None, by_person: bool
) -> None:
    end = None if cause is None else End(cause, "ended", 49.0)
    life = replace(seen(lifecycle=lifecycle), end=end, needs_away=need, by_person=by_person)
    away = {"QT-PLUGIN-DOWN", "QT-PLUGIN-HUNG", "QT-PLUGIN-WAITS", "QT-PLUGIN-STOPPED"}
    assert len(away & set(codes(life))) <= 1
