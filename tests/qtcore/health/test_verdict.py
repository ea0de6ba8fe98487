"""A status is never better than what is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.health.model import Finding, Health, Severity, Status
from qtcore.health.score import Scored, score_overall, score_plugin
from qtcore.health.verdict import PluginView, judge
from qtcore.health.whole import HOLD_S, Steady, counts, overall, settle
from qtcore.kernel.words import Lifecycle

AT_WORK = PluginView(
    lifecycle=Lifecycle.RUNNING,
    reason="ready",
    cadence_s=10.0,
    since_s=0.0,
    health=Health.healthy("fine"),
    valid_until_s=30.0,
)


def test_a_fresh_answer_counts() -> None:
    """A running plugin is what its last unexpired answer says."""
    assert (judge(AT_WORK, 29.0).status, judge(AT_WORK, 29.0).summary) == (Status.HEALTHY, "fine")


def test_an_old_answer_is_unknown() -> None:
    """Nobody has to notice: an answer turns unknown by itself when it runs out."""
    assert judge(AT_WORK, 30.0).status is Status.UNKNOWN


def test_an_expired_condition_is_unknown() -> None:
    """A plugin that said how long its knowledge holds is not believed beyond that, though its answer still holds."""
    view = replace(AT_WORK, expiries_s={"book": 5.0, "keys": 20.0})
    assert judge(view, 4.9).status is Status.HEALTHY
    verdict = judge(view, 8.0)
    assert verdict.status is Status.UNKNOWN
    assert verdict.summary == "what it knows of book ran out 3 s ago; it said: fine"
    sick = replace(view, health=Health.critical("no book"))
    assert (judge(sick, 8.0).status, judge(sick, 8.0).summary) == (Status.CRITICAL, "no book")


def test_a_failed_sensor_is_unknown() -> None:
    """A health hook that raises says nothing, neither good nor bad."""
    assert judge(replace(AT_WORK, sensor_failure="it raised"), 1.0).status is Status.UNKNOWN


def test_a_running_plugin_cannot_call_itself_off() -> None:
    """Off plugins are left out of the whole, so only the configuration or a person may switch one off."""
    assert judge(replace(AT_WORK, health=Health(status=Status.OFF)), 1.0).status is Status.UNKNOWN


def test_beating_without_progress_is_degraded() -> None:
    """A plugin that counted progress and stopped is not healthy, whatever it says of itself."""
    stuck = replace(AT_WORK, progressed_s=1.0, valid_until_s=1000.0)
    assert judge(stuck, 30.0).status is Status.HEALTHY
    assert "no progress" in judge(stuck, 32.0).summary


@pytest.mark.parametrize("lifecycle", [state for state in Lifecycle if state is not Lifecycle.RUNNING])
def test_only_running_is_healthy(lifecycle: Lifecycle) -> None:
    """No other lifecycle is ever called healthy."""
    assert judge(replace(AT_WORK, lifecycle=lifecycle), 1.0).status is not Status.HEALTHY


@given(st.lists(st.sampled_from(Status)))
def test_counts_add_up(statuses: list[Status]) -> None:
    """The counts of a report always add up to the number of plugins."""
    assert sum(counts(statuses).values()) == len(statuses)


@given(st.lists(st.sampled_from(Status), min_size=1))
def test_the_whole_is_never_better_than_a_part_that_is_on(statuses: list[Status]) -> None:
    """Off plugins do not make the whole look worse, all others do."""
    on = [status for status in statuses if status is not Status.OFF]
    assert overall(statuses).rank == min((status.rank for status in on), default=Status.OFF.rank)


def test_better_must_hold_worse_counts_at_once() -> None:
    """A flapping plugin cannot make the whole flicker green."""
    bad = settle(Steady(Status.HEALTHY), Status.FAILED, 0.0)
    assert bad.shown is Status.FAILED
    hopeful = settle(bad, Status.HEALTHY, 1.0)
    assert hopeful.shown is Status.FAILED
    assert settle(hopeful, Status.HEALTHY, 1.0 + HOLD_S).shown is Status.HEALTHY
    assert settle(settle(hopeful, Status.FAILED, 1.5), Status.HEALTHY, 1.0 + HOLD_S).shown is Status.FAILED


def _scored(status: Status, *, vital: bool, severities: list[Severity], restarts: int) -> Scored:
    findings = [Finding(code=f"QT-T-{n}", severity=severity, summary="x") for n, severity in enumerate(severities)]
    return score_plugin("plugin", status, findings, restarts, vital=vital)


SCORED = st.builds(
    _scored,
    st.sampled_from(Status),
    vital=st.booleans(),
    severities=st.lists(st.sampled_from(Severity), max_size=4),
    restarts=st.integers(0, 50),
)


@given(SCORED)
def test_a_plugins_score_can_be_redone_by_hand(scored: Scored) -> None:
    """Ten minus the printed deductions, never below zero, is the score."""
    if scored.score is None:
        assert scored.status is Status.OFF
    else:
        assert scored.score == max(0, 10 - sum(deduction.points for deduction in scored.deductions))


@given(st.lists(SCORED, min_size=1, max_size=8))
def test_the_overall_score_can_be_redone_by_hand(plugins: list[Scored]) -> None:
    """The mean with vital plugins counted twice, under the printed cap, is the overall score."""
    result = score_overall(plugins)
    if result.mean is None:
        assert all(plugin.score is None for plugin in plugins)
        return
    ceiling = 100 - result.cap.points if result.cap else 100
    assert result.score == min(result.mean, ceiling)
    if any(plugin.vital and plugin.status is Status.FAILED for plugin in plugins):
        assert result.score is not None
        assert result.score <= 40
