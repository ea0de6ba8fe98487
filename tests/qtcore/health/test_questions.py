"""Declared, started, alive, progressing, effective: five questions, none of which answers another."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.health.model import Condition, Finding, Health, Severity, Status
from qtcore.health.questions import QUESTIONS, Moment, Observed, questions
from qtcore.health.verdict import PluginView
from qtcore.kernel.words import Lifecycle

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW = Moment(NOON, 100.0)
FINE = PluginView(
    lifecycle=Lifecycle.RUNNING,
    reason="ready",
    cadence_s=10.0,
    since_s=0.0,
    health=Health.healthy("sees 12 markets"),
    valid_until_s=125.0,
    progressed_s=99.0,
)
WELL = Observed(FINE, beat_s=99.9, answered_s=95.0)


def answers(seen: Observed, now: Moment = NOW) -> dict[str, Condition]:
    return {item.name: item for item in questions(seen, now)}


def statuses(seen: Observed, now: Moment = NOW) -> list[str]:
    return [item.status.value for item in questions(seen, now)]


def test_all_is_well() -> None:
    assert [item.name for item in questions(WELL, NOW)] == list(QUESTIONS)
    assert statuses(WELL) == ["healthy"] * 5


def test_each_answer_is_dated_by_what_it_rests_on() -> None:
    told = answers(WELL)
    assert told["alive"].observed_at == NOON - timedelta(seconds=0.1)
    assert told["alive"].expires_at == NOON + timedelta(seconds=29.9)
    assert told["progressing"].observed_at == NOON - timedelta(seconds=1)
    assert told["effective"].observed_at == NOON - timedelta(seconds=5)
    assert told["effective"].expires_at == NOON + timedelta(seconds=25)


@pytest.mark.parametrize(
    ("lifecycle", "expected"),
    [
        (Lifecycle.DISABLED, ["off", "off", "off", "off", "off"]),
        (Lifecycle.STOPPED, ["healthy", "off", "off", "off", "off"]),
        (Lifecycle.BACKOFF, ["healthy", "failed", "unknown", "unknown", "unknown"]),
        (Lifecycle.QUARANTINED, ["healthy", "failed", "unknown", "unknown", "unknown"]),
        (Lifecycle.STARTING, ["healthy", "unknown", "unknown", "unknown", "unknown"]),
        (Lifecycle.WAITING, ["healthy", "unknown", "unknown", "unknown", "unknown"]),
    ],
)
def test_what_does_not_run_neither_lives_nor_works(lifecycle: Lifecycle, expected: list[str]) -> None:
    assert statuses(replace(WELL, view=replace(FINE, lifecycle=lifecycle))) == expected


def test_alive_is_not_progressing() -> None:
    idle = replace(WELL, view=replace(FINE, progressed_s=60.0))
    assert statuses(idle) == ["healthy", "healthy", "healthy", "degraded", "healthy"]


def test_progressing_is_not_effective() -> None:
    trouble = Finding(code="QT-NO-ORDERS", severity=Severity.HIGH, summary="9 signals, no order")
    busy = replace(WELL, view=replace(FINE, health=Health(status=Status.HEALTHY, findings=(trouble,))))
    assert statuses(busy) == ["healthy", "healthy", "healthy", "healthy", "degraded"]
    assert answers(busy)["effective"].reason == "QT-NO-ORDERS: 9 signals, no order"


def test_a_bad_condition_is_no_effect() -> None:
    stale = Condition(name="prices", status=Status.CRITICAL, reason="90 s old")
    seen = replace(WELL, view=replace(FINE, health=Health(status=Status.HEALTHY, conditions=(stale,))))
    assert answers(seen)["effective"].status is Status.CRITICAL


def test_a_host_that_is_given_up_is_not_alive() -> None:
    assert answers(replace(WELL, hung="its loop is blocked"))["alive"].status is Status.FAILED


def test_what_was_never_observed_is_unknown() -> None:
    fresh = Observed(replace(FINE, health=None, valid_until_s=None, progressed_s=None))
    assert statuses(fresh) == ["healthy", "healthy", "unknown", "unknown", "unknown"]


def test_what_cannot_be_asked_is_unknown() -> None:
    deaf = replace(WELL, view=replace(FINE, health=None, sensor_failure="it raises"))
    assert answers(deaf)["effective"].status is Status.UNKNOWN


def test_a_plugin_may_answer_a_question_itself() -> None:
    own = Condition(name="effective", status=Status.DEGRADED, reason="fills are slow")
    seen = replace(WELL, view=replace(FINE, health=Health(status=Status.HEALTHY, conditions=(own,))))
    assert "effective" not in answers(seen)


@given(st.floats(0, 1000))
def test_old_is_unknown_by_itself(later_s: float) -> None:
    """Nobody has to look again: an answer that ran out is not believed any more."""
    now = Moment(NOON + timedelta(seconds=later_s), NOW.monotonic_s + later_s)
    told = answers(WELL, now)
    assert (told["alive"].status is Status.HEALTHY) == (now.wall < NOON + timedelta(seconds=29.9))
    assert (told["effective"].status is Status.HEALTHY) == (now.wall < NOON + timedelta(seconds=25))
    assert told["progressing"].status is not Status.HEALTHY or later_s <= 29.0
