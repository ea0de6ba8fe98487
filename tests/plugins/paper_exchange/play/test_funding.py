"""When funding is settled: as recorded, at 1, 4 and 8 hours, and as the venue changes it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from plugins.paper_exchange.market.recording import open_recording
from plugins.paper_exchange.play.funding import HOUR_MS, Schedule


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def hourly(market):
    market.settlements += [("BTCUSDT", market.start_ms + k * 8 * HOUR_MS, "0.0001") for k in range(-2, 4)]
    return Schedule(market)


@pytest.mark.parametrize("hours", [1, 4, 8])
def test_intervals_are_told_from_the_settlements(market, hours):
    """What is published follows from the last settlement and the next."""
    market.settlements += [("ETHUSDT", market.start_ms + k * hours * HOUR_MS, "0.0002") for k in range(-8, 9)]
    ahead = Schedule(market).outlook("ETHUSDT", market.start_ms + 1)
    assert (ahead.interval_ms, ahead.next_ms) == (hours * HOUR_MS, market.start_ms + hours * HOUR_MS)
    assert ahead.rate == Decimal("0.0002")


def test_a_change_of_interval_holds_from_its_moment_until_its_end(market, hourly):
    """The market's own settlements in between do not happen; before and after they do."""
    start = market.start_ms
    change = hourly.change("BTCUSDT", start + HOUR_MS // 2, HOUR_MS, Decimal("0.0003"))
    ahead = hourly.outlook("BTCUSDT", start + HOUR_MS)
    assert (ahead.interval_ms, ahead.next_ms) == (HOUR_MS, start + 2 * HOUR_MS)
    hourly.end(change, start + 10 * HOUR_MS)
    times = [(when - start) / HOUR_MS for when, _ in hourly.between("BTCUSDT", start, start + 20 * HOUR_MS)]
    assert times == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16]
    assert {rate for _, rate in hourly.between("BTCUSDT", start + 1, start + 11 * HOUR_MS)} == {Decimal("0.0003")}
    assert hourly.between("ETHUSDT", start, start + 20 * HOUR_MS) == []
    assert hourly.outlook("BTCUSDT", start + 11 * HOUR_MS).next_ms == start + 16 * HOUR_MS


def test_a_change_without_a_rate_takes_the_last_one(market, hourly):
    """Or the venue's interest rate where there was none."""
    assert hourly.change("BTCUSDT", market.start_ms + 1, HOUR_MS, None).rate == Decimal("0.0001")
    assert hourly.change("ETHUSDT", market.start_ms + 1, HOUR_MS, None).rate == Decimal("0.0001")


def test_a_recorded_change_of_interval_is_told(paths):
    """LAYERUSDT went from four hours to one in May 2025, and the venue publishes what held at the time."""
    schedule = Schedule(open_recording(paths.shared("data", "demo"), ["LAYERUSDT"]))
    rows = schedule.between("LAYERUSDT", at("2025-05-04"), at("2025-06-03"))
    gaps = {(later - earlier) // HOUR_MS for (earlier, _), (later, _) in pairwise(rows)}
    assert gaps == {1, 4}
    for hours in gaps:
        earlier = next(e for (e, _), (later, _) in pairwise(rows) if (later - e) // HOUR_MS == hours)
        ahead = schedule.outlook("LAYERUSDT", earlier + 1)
        assert (ahead.interval_ms, ahead.next_ms) == (hours * HOUR_MS, earlier + hours * HOUR_MS)
