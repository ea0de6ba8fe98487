"""An undisturbed night: trades are made, each is protected, and all books agree to the cent."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from check_first_night import check_protection
from covering import StopSampler
from hurt_the_night import KEY, SECRET, books, wrong
from night import Night

from plugins.drills.outside import Venue, read_rows

Begin = Callable[..., Night]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def unprotected(night: Night) -> list[str]:
    """What the venue's own records say against naked time, the direction of stops and the age of data."""
    signals, intents = read_rows(night.home / "quantum.db", "signals"), read_rows(night.home / "exchange.db", "intents")
    lines = check_protection(Venue(night.venue, KEY, SECRET), signals, intents, longest_s=5.0)
    return [f"{line.name}: {line.figure}" for line in lines if not line.holds]


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
    assert unprotected(night) == []
    assert cover.faults == []
    assert cover.unreadable == 0
    assert cover.covered > 0
    assert night.end() == 0


def test_a_simulated_night_needs_nothing_but_this_repository(begin: Begin) -> None:
    """25 s on the built-in market: signals get their outcomes and the books agree; then it ends by itself with 0."""
    night = begin("--for", "60", market="simulated:seed=7", speed="60")
    cover = watched(night, 25).cover
    assert wrong(books(night)) == []
    assert unprotected(night) == []
    assert cover.faults == []
    assert cover.unreadable == 0
    assert night.wait(90) == 0
