"""What comes and goes is one finding with so many episodes; what stays away is over."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.health.flap import FIRST_HOLD_S, LONGEST_HOLD_S, OPEN_AFTER_S, Flap, Phase, elapsed, hold_s, missed, seen
from qtcore.health.model import Severity


def test_what_is_grave_opens_at_once() -> None:
    assert seen(None, Severity.HIGH, 7.0) == Flap(Phase.OPEN, 7.0, None, 1)


def test_what_is_mild_opens_when_it_has_lasted() -> None:
    first = seen(None, Severity.LOW, 0.0)
    assert first.phase is Phase.PENDING
    assert elapsed(first, OPEN_AFTER_S[Severity.LOW]).phase is Phase.OPEN


def test_what_is_gone_before_it_opened_was_none() -> None:
    assert missed(seen(None, Severity.LOW, 0.0), 1.0).phase is Phase.OVER


def test_what_becomes_graver_need_not_wait() -> None:
    assert seen(seen(None, Severity.LOW, 0.0), Severity.CRITICAL, 1.0).phase is Phase.OPEN


def test_what_is_sure_need_not_wait() -> None:
    assert seen(None, Severity.LOW, 0.0, at_once=True).phase is Phase.OPEN


def test_what_comes_back_within_the_hold_is_the_same_finding() -> None:
    closing = missed(seen(None, Severity.HIGH, 0.0), 1.0)
    back = seen(closing, Severity.HIGH, 1.0 + FIRST_HOLD_S - 0.1)
    assert (back.phase, back.episodes) == (Phase.OPEN, 2)


def test_what_comes_back_after_the_hold_is_another_one() -> None:
    closing = missed(seen(None, Severity.HIGH, 0.0), 1.0)
    back = seen(closing, Severity.HIGH, 1.0 + FIRST_HOLD_S)
    assert (back.phase, back.episodes) == (Phase.OPEN, 1)


@pytest.mark.parametrize(("episodes", "hold"), [(1, 5.0), (2, 10.0), (3, 20.0), (8, 600.0), (10_000, 600.0)])
def test_the_hold_doubles_up_to_ten_minutes(episodes: int, hold: float) -> None:
    assert hold_s(episodes) == hold


@dataclass(frozen=True, slots=True)
class Step:
    after_s: float
    there: bool
    severity: Severity


STEPS = st.lists(st.builds(Step, st.floats(0, 900), st.booleans(), st.sampled_from(Severity)), min_size=1, max_size=30)


@given(STEPS)
def test_the_machine_is_open_whenever_something_grave_is_there_and_never_opens_for_nothing(steps: list[Step]) -> None:
    flap: Flap | None = None
    now_s, was_there = 0.0, False
    for step in steps:
        now_s += step.after_s
        before = flap and elapsed(flap, now_s)
        if step.there:
            flap = seen(flap, step.severity, now_s)
        elif flap is not None:
            flap = missed(flap, now_s)
        if flap is None:
            continue
        if step.there and OPEN_AFTER_S[step.severity] == 0:
            assert flap.phase is Phase.OPEN
        if not step.there:
            assert flap.phase in {Phase.CLOSING, Phase.OVER}
            if flap.phase is Phase.CLOSING and was_there:
                assert flap.due_s == now_s + hold_s(flap.episodes)
        if before is not None and before.counts and flap.counts:
            assert flap.episodes - before.episodes == (before.phase is Phase.CLOSING and step.there)
        assert flap.due_s is None or flap.due_s > now_s
        was_there = step.there


@given(STEPS, st.lists(st.floats(0, 1000), max_size=5))
def test_looking_changes_nothing(steps: list[Step], looks: list[float]) -> None:
    """Asking the machine more often, in order, gives the same result."""
    once: Flap | None = None
    often: Flap | None = None
    now_s = 0.0
    for step in steps:
        for look in sorted(look for look in looks if look <= step.after_s):
            often = often and elapsed(often, now_s + look)
        now_s += step.after_s
        if step.there:
            once, often = seen(once, step.severity, now_s), seen(often, step.severity, now_s)
        elif once is not None and often is not None:
            once, often = missed(once, now_s), missed(often, now_s)
    if once is not None and often is not None:
        assert (once.phase, once.episodes, once.due_s) == (often.phase, often.episodes, often.due_s)


@given(st.floats(0.01, FIRST_HOLD_S - 0.01), st.integers(2, 200))
def test_a_flapping_finding_is_one(pause_s: float, times: int) -> None:
    """It opens once however often it comes and goes, and needs ever longer calm to be over."""
    flap, now_s = seen(None, Severity.HIGH, 0.0), 0.0
    for _ in range(times - 1):
        flap = missed(flap, now_s)
        now_s += pause_s
        flap = seen(flap, Severity.HIGH, now_s)
        assert flap.phase is Phase.OPEN
    assert flap.episodes == times
    gone = missed(flap, now_s)
    assert gone.due_s is not None
    assert gone.due_s == now_s + hold_s(times)
    assert hold_s(times - 1) <= hold_s(times) <= LONGEST_HOLD_S
    assert elapsed(gone, gone.due_s).phase is Phase.OVER
