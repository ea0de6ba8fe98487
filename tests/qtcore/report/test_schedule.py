"""When a report is kept, in virtual time."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from qtcore.health.model import Status
from qtcore.report.schedule import LEAST_S, PATIENCE_S, SETTLE_S, Schedule


def _seen(status: Status, at_s: float = 0.0, every_s: float = 3600.0) -> Schedule:
    return Schedule(every_s, 0.0).see(status, at_s)


def test_the_first_one_waits_until_the_status_has_settled() -> None:
    """A passing moment is not worth a page."""
    schedule = _seen(Status.HEALTHY, 10.0)
    assert schedule.due(10.0 + SETTLE_S - 0.1) is None
    assert schedule.due(10.0 + SETTLE_S) == "the whole is healthy"


def test_a_run_that_only_begins_is_given_time() -> None:
    """Unknown at first is no news; unknown for a minute is."""
    schedule = _seen(Status.UNKNOWN)
    assert schedule.due(PATIENCE_S - 1) is None
    assert schedule.due(PATIENCE_S) == "the whole is unknown"


def test_a_change_is_told_and_what_it_was() -> None:
    """Once it holds."""
    schedule = _seen(Status.HEALTHY).begun(100.0).see(Status.CRITICAL, 200.0)
    assert schedule.due(200.0) is None
    assert schedule.due(200.0 + SETTLE_S) == "the whole is critical, it was healthy"


def test_flapping_makes_no_flood() -> None:
    """Back where it was before it settled: nothing is due."""
    schedule = _seen(Status.HEALTHY).begun(100.0).see(Status.CRITICAL, 200.0).see(Status.HEALTHY, 203.0)
    assert schedule.due(1000.0) is None


def test_on_schedule() -> None:
    """Whatever happens, one an hour; and none at all where nobody wants them."""
    schedule = _seen(Status.HEALTHY).begun(100.0)
    assert schedule.due(100.0 + 3600.0) == "on schedule"
    assert _seen(Status.FAILED, every_s=0.0).due(1e9) is None


@given(st.lists(st.tuples(st.sampled_from(Status), st.floats(0.5, 100)), max_size=60))
def test_never_two_within_the_least_time(changes: list[tuple[Status, float]]) -> None:
    """However the whole flaps."""
    schedule, now_s, written = Schedule(3600.0, 0.0), 0.0, list[float]()
    for status, wait_s in changes:
        now_s += wait_s
        schedule = schedule.see(status, now_s)
        if schedule.due(now_s):
            schedule = schedule.begun(now_s)
            written.append(now_s)
    assert all(later - earlier >= min(LEAST_S, 3600.0) for earlier, later in pairwise(written))
