"""Feed, universe, models and policy together, against a real venue process."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import anyio.to_thread
import pytest

from plugins.domain import Account, Candle, Instrument, Mode, Signal, TradingPolicy, Universe, VenueAddress
from plugins.feed import Feed
from plugins.models import Models
from plugins.policy import Policy
from plugins.store import database_url, open_store
from plugins.store.schema import upgrade
from plugins.universe import UniversePlugin
from qtcore.testing import Plug, harness

pytestmark = pytest.mark.anyio

SYMBOLS = ("BTCUSDT", "ETHUSDT")


def instrument(symbol: str) -> Instrument:
    return Instrument(symbol, Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(100), Decimal(5), "TRADING")


def account(h: Any) -> Account:
    at = h.clock.wall()
    return Account(Decimal(10_000), Decimal(10_000), Decimal(10_000), Decimal(0), 0, 0, at, at)


async def advance(h: Any, venue: Any, bars: int) -> None:
    await anyio.to_thread.run_sync(venue.advance, bars)
    h.set_market(venue.market_now, speed=0)


async def test_a_candle_becomes_a_stored_signal_in_its_own_trace(venue: Any) -> None:
    """The venue's bars become candles, a universe, a policy, and signals that are stored before they are published."""
    async with harness() as h:
        async with open_store(database_url(h.home)) as store:
            await upgrade(store.engine, backups=h.home / "backups", now=h.clock.wall())
        h.set_market(venue.market_now, speed=0)
        await h.publish(VenueAddress(Mode.PAPER, venue.url, "test"))
        for symbol in SYMBOLS:
            await h.publish(instrument(symbol))
        await h.publish(account(h))
        h.start(Plug(Feed, settings={"backoff_s": 0.01}))
        await h.ready("feed")
        h.start(Plug(UniversePlugin))
        await h.ready("universe")
        h.start(Plug(Models))
        h.start(Plug(Policy))
        await h.ready()
        assert set((await h.next(Universe)).symbols) == set(SYMBOLS)
        for _ in range(60):
            before = len(h.published(Candle))
            await advance(h, venue, 1)
            await h.until(lambda before=before: len(h.published(Candle)) >= before + len(SYMBOLS))
        await h.until(lambda: len(h.published(Signal)) > 0)
        for name in ("feed", "universe", "policy"):
            assert (await h.health(name)).status == "healthy", name
        assert [finding.code for finding in (await h.health("models")).findings] == ["QT-MODELS-UNTRAINED"]
        await h.until(lambda: h.published(TradingPolicy)[-1].allow_entries)
        async with open_store(database_url(h.home)) as store:
            stored = {row.signal.id for row in await store.signals.latest(limit=1000)}
        assert stored == {signal.id for signal in h.published(Signal)}
        traces = {f"{s.context.trace_id:032x}" for s in h.spans if s.name == "candle"}
        assert {signal.trace_id for signal in h.published(Signal)} <= traces
