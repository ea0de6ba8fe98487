"""The restart policy is exact: window, backoff, cap, jitter, decay, hint."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.kernel.restart import (
    MAX_RETRY_AFTER_S,
    NO_TRIES,
    Tries,
    after_failure,
    after_not_ready,
    backoff_s,
    decayed,
    jitter,
    within,
)
from qtcore.kernel.specification import RestartPolicy
from qtcore.kernel.words import Cause

KEY = (7, "feed")
POLICY = RestartPolicy(max_restarts=3, window_s=60.0, base_s=1.0, cap_s=8.0, stable_after_s=60.0)
gaps = st.lists(st.floats(0.0, 200.0), min_size=1, max_size=60)
policies = st.builds(
    RestartPolicy,
    max_restarts=st.integers(0, 6),
    window_s=st.floats(0.1, 1000.0),
    base_s=st.floats(0.001, 10.0),
    cap_s=st.floats(0.01, 100.0),
    cap_by_cause=st.dictionaries(st.sampled_from(Cause), st.floats(0.01, 500.0), max_size=3),
)


@given(policies, gaps)
def test_the_window_never_admits_one_more(policy: RestartPolicy, gaps_s: list[float]) -> None:
    """However the ends are spaced, no stretch of `window_s` holds more than `max_restarts` granted restarts."""
    tries, now_s, granted = NO_TRIES, 0.0, []
    for gap_s in gaps_s:
        now_s += gap_s
        retry = after_failure(policy, tries, cause=Cause.RAISED, healthy_for_s=None, now_s=now_s, key=KEY)
        tries = retry.tries
        if not retry.over_budget:
            granted.append(now_s)
    for last in granted:
        inside = [at for at in granted if last - policy.window_s < at <= last]
        assert len(inside) <= policy.max_restarts


@given(policies, st.sampled_from(Cause), st.integers(0, 10_000), st.text(max_size=8), st.integers())
def test_the_cap_is_a_true_cap(policy: RestartPolicy, cause: Cause, attempt: int, name: str, seed: int) -> None:
    """No delay is ever above the cap of its cause, jitter included, however many attempts there were."""
    delay_s = backoff_s(policy, cause, attempt, (seed, name))
    assert 0.0 <= delay_s <= policy.cap_by_cause.get(cause, policy.cap_s)


@given(st.integers(), st.text(max_size=8), st.integers(0, 100))
def test_jitter_replays_and_stays_below_one(seed: int, name: str, attempt: int) -> None:
    """The share depends on seed, name and attempt alone."""
    assert jitter((seed, name), attempt) == jitter((seed, name), attempt)
    assert 0.0 <= jitter((seed, name), attempt) < 1.0


def test_jitter_spreads_plugins_and_attempts() -> None:
    """A hundred plugins that fail together do not come back together."""
    shares = [jitter((1, f"p{n}"), 1) for n in range(100)] + [jitter((1, "p0"), n) for n in range(2, 101)]
    assert len(set(shares)) == 199
    assert 0.4 < sum(shares) / 199 < 0.6


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    """The delay before attempt n is its share of min(cap, base * 2 ** (n - 1))."""
    ceilings = [backoff_s(POLICY, Cause.RAISED, n, KEY) / jitter(KEY, n) for n in range(1, 7)]
    assert ceilings == pytest.approx([1.0, 2.0, 4.0, 8.0, 8.0, 8.0])


def test_a_window_is_half_open() -> None:
    """An end exactly one window ago no longer counts; one just inside does."""
    assert within((0.0, 0.001, 30.0), 60.0, 60.0) == (0.001, 30.0)


def test_the_first_end_after_a_proven_run_is_retried_at_once() -> None:
    """Proof of health makes the next retry immediate and costs no step of the backoff."""
    before = Tries(ends=(), attempt=2, streak=0)
    retry = after_failure(POLICY, before, cause=Cause.RAISED, healthy_for_s=60.0, now_s=500.0, key=KEY)
    assert (retry.delay_s, retry.tries.attempt, retry.tries.streak) == (0.0, 2, 1)


def test_the_first_end_of_a_short_healthy_run_is_retried_at_once_too() -> None:
    """A single crash is not worth waiting for; a second one before health was proven is."""
    first = after_failure(POLICY, NO_TRIES, cause=Cause.SIGNAL, healthy_for_s=2.0, now_s=10.0, key=KEY)
    second = after_failure(POLICY, first.tries, cause=Cause.SIGNAL, healthy_for_s=2.0, now_s=13.0, key=KEY)
    assert first.delay_s == 0.0
    assert 0.0 < second.delay_s <= 1.0


def test_a_start_that_never_got_ready_is_not_retried_at_once() -> None:
    """Without a healthy run there is no immediate retry, not even the first."""
    retry = after_failure(POLICY, NO_TRIES, cause=Cause.UNREADY, healthy_for_s=None, now_s=10.0, key=KEY)
    assert 0.0 < retry.delay_s <= 1.0


def test_a_slow_crash_loop_does_not_hide_between_windows() -> None:
    """Ends too rare for the window spend the budget all the same once the backoff stands at its cap."""
    tries, spent = NO_TRIES, []
    for n in range(6):
        retry = after_failure(POLICY, tries, cause=Cause.RAISED, healthy_for_s=5.0, now_s=n * 61.0, key=KEY)
        tries = retry.tries
        spent.append(retry.over_budget)
    assert spent == [False, False, False, False, True, True]


def test_proven_health_decays_one_step_at_a_time() -> None:
    """Backoff does not forget everything at once, but the streak is broken."""
    assert decayed(Tries(ends=(1.0,), attempt=3, streak=5)) == Tries(ends=(1.0,), attempt=2, streak=0)
    assert decayed(NO_TRIES) == NO_TRIES


def test_not_ready_backs_off_without_being_counted() -> None:
    """Something outside being absent never spends the budget."""
    tries = NO_TRIES
    for n in range(1, 30):
        retry = after_not_ready(POLICY, tries, retry_after_s=None, key=KEY)
        tries = retry.tries
        assert (retry.over_budget, tries.ends, tries.streak, tries.attempt) == (False, (), 0, n)


@pytest.mark.parametrize(("hint", "delay_s"), [(0.0, 0.0), (42.0, 42.0), (1e9, MAX_RETRY_AFTER_S)])
def test_a_hint_is_used_as_it_stands(hint: float, delay_s: float) -> None:
    """A venue's ban may be longer than our cap; beyond a day it is not believed."""
    assert after_not_ready(POLICY, NO_TRIES, retry_after_s=hint, key=KEY).delay_s == delay_s


@pytest.mark.parametrize("hint", [-1.0, float("nan"), float("inf")])
def test_a_hint_that_makes_no_sense_is_not_believed(hint: float) -> None:
    """A plugin's word is checked; nonsense leaves the ordinary backoff."""
    plain = after_not_ready(POLICY, NO_TRIES, retry_after_s=None, key=KEY)
    assert after_not_ready(POLICY, NO_TRIES, retry_after_s=hint, key=KEY) == plain


def test_a_cause_may_have_its_own_cap() -> None:
    """For example a hung plugin may be retried sooner than one that raises."""
    policy = replace(POLICY, cap_by_cause={Cause.HUNG: 0.5})
    assert backoff_s(policy, Cause.HUNG, 9, KEY) == pytest.approx(0.5 * jitter(KEY, 9))
    assert backoff_s(policy, Cause.RAISED, 9, KEY) == pytest.approx(8.0 * jitter(KEY, 9))
