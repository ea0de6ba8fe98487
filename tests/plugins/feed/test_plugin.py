"""The feed against a real venue process in lockstep."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import anyio.to_thread
import pytest

from plugins.domain import Candle, Mode, Succession, VenueAddress, candles_of, succession
from plugins.feed import Feed
from qtcore.testing import harness

pytestmark = pytest.mark.anyio
SETTINGS: dict[str, Any] = {"history_bars": 100, "backoff_s": 0.01}


async def advance(h: Any, venue: Any, bars: int) -> None:
    await anyio.to_thread.run_sync(venue.advance, bars)
    h.set_market(venue.market_now, speed=0)


async def following(h: Any, venue: Any) -> None:
    h.set_market(venue.market_now, speed=0)
    await h.publish(VenueAddress(Mode.PAPER, venue.url, "test"))
    await h.ready()


async def caught_up(h: Any, venue: Any) -> None:
    """Wait until the newest bar of both symbols is out; time stands still at its close."""
    now = venue.market_now

    def newest(symbol: str) -> bool:
        return any(candle.symbol == symbol and candle.closed_at == now for candle in h.published(Candle))

    await h.until(lambda: newest("BTCUSDT") and newest("ETHUSDT"), timeout_s=20)


async def test_publishes_closed_candles_once_and_in_order(venue: Any) -> None:
    """Every closed candle comes once, behind the one before, and history holds them all."""
    async with harness(Feed, settings=SETTINGS) as h:
        await following(h, venue)
        await advance(h, venue, 3)
        await caught_up(h, venue)
        for symbol in ("BTCUSDT", "ETHUSDT"):
            live = [candle for candle in h.published(Candle) if candle.symbol == symbol]
            history = candles_of(await h.call("feed.history", {"symbol": symbol, "limit": 200}))
            assert all(succession(a, b) is Succession.NEXT for a, b in pairwise(history))
            assert [c.closed_at for c in history[-len(live) :]] == [c.closed_at for c in live]
            assert len(history) == 100
        assert (await h.health()).status == "healthy"


async def test_a_venue_that_was_killed_and_came_back_is_followed_on(venue: Any) -> None:
    """kill -9 of the venue's process: the feed dials until it is back, and no candle is missing or doubled."""
    async with harness(Feed, settings=SETTINGS) as h:
        await following(h, venue)
        await advance(h, venue, 2)
        await caught_up(h, venue)
        await anyio.to_thread.run_sync(venue.kill_and_start)
        await advance(h, venue, 2)
        await caught_up(h, venue)
        live = [candle for candle in h.published(Candle) if candle.symbol == "BTCUSDT"]
        assert len(live) >= 4
        assert all(succession(a, b) is Succession.NEXT for a, b in pairwise(live))
