"""An undisturbed night: trades are made, each is protected, and all books agree to the cent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from covering import StopSampler
from hurt_the_night import KEY, SECRET, books, wrong
from night import Night
from outside import Venue

Begin = Callable[..., Night]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def watched(night: Night, seconds: float) -> StopSampler:
    """Sample the stops from the moment all plugins run, for so long."""
    night.until_running()
    with StopSampler(Venue(night.venue, KEY, SECRET)) as sampler:
        time.sleep(seconds)
    return sampler


def test_a_recorded_night_trades_and_every_book_agrees(begin: Begin, paths: Any) -> None:
    """90 s at 60x: at least 8 filled orders, one outcome per signal, every position behind a stop, ledgers equal."""
    night = begin(market=f"recording:{paths.shared('data', 'demo')}", speed="60")
    cover = watched(night, 90).cover
    assert wrong(books(night, least_orders=8)) == []
    assert cover.faults == []
    assert cover.unreadable == 0
    assert cover.covered > 0
    assert night.end() == 0


def test_a_simulated_night_needs_nothing_but_this_repository(begin: Begin) -> None:
    """25 s on the built-in market: signals get their outcomes and the books agree; then it ends by itself with 0."""
    night = begin("--for", "60", market="simulated:seed=7", speed="60")
    cover = watched(night, 25).cover
    assert wrong(books(night)) == []
    assert cover.faults == []
    assert cover.unreadable == 0
    assert night.wait(90) == 0
