"""Moments and their validity."""

from __future__ import annotations

from datetime import timedelta

from qtcore.documents import Instant
from qtcore.records.clock import age_s, instant_now, still_valid


def elsewhere(moment: Instant) -> Instant:
    """The same moment as another boot would tell it."""
    return moment.model_copy(update={"boot_id": "another", "monotonic_s": 1e9})


def test_a_limit_holds_until_its_monotonic_time() -> None:
    """A wall clock that steps changes nothing."""
    now = instant_now()
    stepped = now.model_copy(update={"wall": now.wall + timedelta(days=1)})

    assert still_valid(now.later(1), now)
    assert still_valid(now.later(1), stepped)
    assert not still_valid(now, now)


def test_a_limit_of_another_boot_is_over() -> None:
    """Whatever its numbers say."""
    now = instant_now()

    assert not still_valid(elsewhere(now.later(1_000)), now)


def test_age_is_monotonic_within_a_boot_and_by_the_wall_across() -> None:
    """And never negative."""
    now = instant_now()

    assert age_s(now, now.later(5)) == 5
    assert round(age_s(elsewhere(now), now.later(5))) == 5
    assert age_s(now.later(5), now) == 0
