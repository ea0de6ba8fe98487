"""Each kind of hurt once, on one night that goes on trading."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from covering import StopSampler
from hurt_the_night import KEY, SAMPLE, SECRET, books, strike, wrong
from night import Night

from plugins.drills.outside import Venue

Begin = Callable[..., Night]

PAUSE_S = 4.0


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_hurt_night_goes_on_and_loses_nothing(begin: Begin, paths: Any) -> None:
    """Each blow is noticed, named and outlived, nobody else is touched, and all books agree at the end."""
    night = begin(market=f"recording:{paths.shared('data', 'demo')}", speed="60", drills=True)
    night.until_running()
    wounds = []
    with StopSampler(Venue(night.venue, KEY, SECRET)) as sampler:
        time.sleep(PAUSE_S)
        for blow, target in SAMPLE:
            wounds.append(strike(night, blow, target))
            time.sleep(PAUSE_S)
        verdict = wrong(books(night, least_orders=1))
    assert [wound.line() for wound in wounds if wound.faults] == []
    assert verdict == []
    assert sampler.cover.faults == []
    assert sampler.cover.covered > 0
    assert night.end() == 0
