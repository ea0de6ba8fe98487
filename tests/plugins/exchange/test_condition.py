"""What the exchange says of itself, from figures alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plugins.exchange.condition import Doubts, Figures, health_of, stale_finding, unclear_finding
from plugins.exchange.owing import LONGEST_STEP_S, Owing
from qtcore import Severity

OLD = Figures(
    doubts=Doubts(reconciled_age_s=16.0, positions=1),
    stream_down_s=0.0,
    stream_ended_because="",
    disagreeing=(),
    strangers=(),
    ledger_fault=None,
    fills=2,
    weight_1m=0,
)


def doubting(**doubts: Any) -> Figures:
    return replace(OLD, doubts=Doubts(**doubts))


def test_c7_only_what_a_new_start_can_mend_asks_for_one() -> None:
    """C7: an account that is old because the venue does not answer is told, and the door stays open for exits."""
    stuck = health_of(OLD)
    assert (stuck.status, stuck.findings[0].code, stuck.findings[0].healable) == ("critical", "QT-EXCHANGE-STALE", True)
    silent = health_of(doubting(reconciled_age_s=16.0, failing="the venue gave no usable answer: timed out"))
    assert (silent.status, silent.findings[0].code, silent.findings[0].healable) == (
        "degraded",
        "QT-EXCHANGE-STALE",
        False,
    )
    assert silent.findings[0].cause == "the venue gave no usable answer: timed out"


def test_c7_an_answer_that_is_out_for_long_is_news_before_the_account_is_old() -> None:
    """Told after 3 s, graver where something is held; no new start is asked for, and 15 s are critical as before."""
    assert stale_finding(Doubts(reconciled_age_s=4.0, owed_s=3.0, positions=1)) is None
    for positions, severity in ((0, Severity.MEDIUM), (1, Severity.HIGH)):
        told = stale_finding(Doubts(reconciled_age_s=4.0, owed_s=3.1, positions=positions))
        assert told is not None
        assert (told.severity, told.healable) == (severity, False)
    assert health_of(doubting(reconciled_age_s=4.0, owed_s=3.1)).status == "degraded"
    grave = stale_finding(Doubts(reconciled_age_s=16.0, owed_s=12.0, positions=1))
    assert grave is not None
    assert grave.severity is Severity.CRITICAL


def test_f15_an_unclear_order_is_told_after_seconds_and_healed_only_where_the_venue_answers() -> None:
    """Who asks in vain is not helped by a new start; an answer that is no proof after 15 s may be."""
    doubts = Doubts(reconciled_age_s=1.0, unclear=("a",), oldest_unclear_s=3.1)
    assert unclear_finding(replace(doubts, oldest_unclear_s=3.0)) is None
    early = unclear_finding(doubts)
    assert early is not None
    assert (early.severity, early.healable) == (Severity.HIGH, False)
    late = unclear_finding(replace(doubts, oldest_unclear_s=15.1))
    assert late is not None
    assert late.healable
    silent = unclear_finding(replace(doubts, oldest_unclear_s=15.1, in_vain="HTTP 503"))
    assert silent is not None
    assert (silent.healable, silent.cause) == (False, "HTTP 503")


def owing(*steps_s: float) -> float:
    owed, now_s = Owing(), 0.0
    owed.look(now_s)
    owed.asked()
    for step_s in steps_s:
        now_s += step_s
        owed.look(now_s)
    return owed.owed_s


@given(st.lists(st.floats(0.0, 60.0), max_size=20))
def test_no_time_in_which_this_process_slept_counts_against_the_venue(steps_s: list[float]) -> None:
    """An answer may have come meanwhile, and is read only afterwards."""
    assert owing(*steps_s) <= len(steps_s) * LONGEST_STEP_S
    assert owing(*steps_s) <= sum(steps_s) + 1e-6


def test_asking_again_goes_on_counting_and_an_answer_ends_it() -> None:
    """A question that timed out is still without an answer."""
    owed = Owing()
    for tenth in range(40):
        if tenth % 10 == 0:
            owed.asked()
        owed.look(tenth / 10)
    assert 3.8 < owed.owed_s <= 3.9 + 1e-6
    owed.answered()
    owed.look(5.0)
    assert owed.owed_s == 0.0
