"""A reader knows what it missed, whatever is lost, repeated or late."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtcore import Gap
from qtcore.messaging.streams import SequenceWatch


@given(
    last=st.integers(1, 40),
    lost=st.sets(st.integers(1, 40)),
    repeats=st.lists(st.integers(1, 40), max_size=5),
    heads=st.lists(st.integers(1, 40), max_size=5),
)
@settings(max_examples=150, deadline=None)
def test_every_number_is_either_delivered_once_or_told_as_missing(
    last: int, lost: set[int], repeats: list[int], heads: list[int]
) -> None:
    """For a reader that was there from the first: delivered and missing are disjoint and make up the whole."""
    watch = SequenceWatch("T", since_s=0.0)
    watch.head("w", 1, 1, began_s=1.0) if 1 in lost else watch.message("w", 1, 1)
    delivered = set() if 1 in lost else {1}
    missing = {1} if 1 in lost else set()
    for number in range(2, last + 1):
        if number not in lost:
            arrival = watch.message("w", 1, number)
            assert arrival.fresh
            delivered.add(number)
            missing |= numbers(arrival.gap)
        for repeat in repeats:
            if repeat in delivered and repeat <= number:
                assert not watch.message("w", 1, repeat).fresh
        if number in heads:
            for gap in watch.head("w", 1, number, began_s=1.0):
                missing |= numbers(gap)
    for gap in watch.head("w", 1, last, began_s=1.0):
        missing |= numbers(gap)
    assert delivered | missing == set(range(1, last + 1))
    assert not delivered & missing


def numbers(gap: Gap | None) -> set[int]:
    return set() if gap is None else set(range(gap.first_missing, gap.last_missing + 1))


@pytest.mark.parametrize(("began_s", "told"), [(5.0, ()), (15.0, (Gap("T", "w", 1, 1, 2),))])
def test_the_first_contact_is_judged_by_when_the_numbering_began(began_s: float, told: tuple[Gap, ...]) -> None:
    """What was numbered before the reader began is no gap; what was numbered after it is."""
    watch = SequenceWatch("T", since_s=10.0)
    assert watch.message("w", 1, 3).gap is None
    assert watch.head("w", 1, 3, began_s) == told
    assert watch.head("w", 1, 3, began_s) == ()


def test_a_new_generation_starts_at_one() -> None:
    """For a writer known before, numbers of the new generation that never came are a gap."""
    watch = SequenceWatch("T", since_s=10.0)
    watch.message("w", 1, 7)
    assert watch.message("w", 2, 3).gap == Gap("T", "w", 2, 1, 2)


def test_values_sent_again_explain_what_they_replaced() -> None:
    """After the retained values were sent again, only later numbers can be missing."""
    watch = SequenceWatch("T", since_s=0.0)
    watch.message("w", 1, 1)
    watch.replayed("w", 2, 4)
    assert watch.head("w", 2, 4, began_s=1.0) == ()
    assert watch.message("w", 2, 6).gap == Gap("T", "w", 2, 5, 5)


def test_an_old_generation_is_not_heard_any_more() -> None:
    """Messages of a generation that has been replaced are stale."""
    watch = SequenceWatch("T", since_s=10.0)
    watch.message("w", 2, 1)
    assert not watch.message("w", 1, 8).fresh
    assert watch.head("w", 1, 9, 0.0) == ()
