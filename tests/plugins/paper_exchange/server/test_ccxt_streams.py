"""The unmodified ccxt.pro client against the venue's streams."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import ccxt.pro
import pytest

pytestmark = pytest.mark.anyio

BTC = "BTC/USDT:USDT"
DEADLINE_S = 10


@pytest.fixture
async def watcher(market, open_venue, new_client):
    """A venue in lockstep whose beat runs, and a pro client with its markets loaded."""
    for number in range(1, 20):
        low, high = str(99_900 - number), str(100_100 + number)
        market.write("BTCUSDT", number, "100000", high, low, str(100_000 + number))
    async with (
        open_venue(market) as running,
        new_client(ccxt.pro.binanceusdm, running.url) as client,
    ):
        await client.load_markets()
        client.running = running
        beating = asyncio.create_task(running.server.run())
        try:
            yield client
        finally:
            beating.cancel()
            with pytest.raises(asyncio.CancelledError):
                await beating


async def seen(watcher: Any, watch: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    """What a watch call says once it satisfies `enough`, while the market is moved on under it."""
    with anyio.fail_after(DEADLINE_S):
        waiting = asyncio.create_task(watch())
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=0.05)
            if done and enough(waiting.result()):
                return waiting.result()
            if done:
                waiting = asyncio.create_task(watch())
            await watcher.running.advance()


async def test_candles(watcher):
    """watch_ohlcv sees bars close and the next one open."""
    first = await seen(watcher, lambda: watcher.watch_ohlcv(BTC, "1m"), bool)
    later = await seen(watcher, lambda: watcher.watch_ohlcv(BTC, "1m"), lambda rows: rows[-1][0] > first[-1][0])
    assert later[-1][0] % 60_000 == 0


async def test_tickers(watcher):
    """Mini tickers come once a second, for one symbol and for all."""
    assert (await seen(watcher, lambda: watcher.watch_ticker(BTC), bool))["last"] > 99_000
    assert len(await seen(watcher, watcher.watch_tickers, bool)) >= 1


async def test_marks(watcher):
    """Mark prices come once a second."""
    assert (await seen(watcher, lambda: watcher.watch_mark_price(BTC), bool))["markPrice"] > 99_000


async def test_best_prices_trades_and_book(watcher):
    """The public streams: best bid and ask, trades, and a book that follows from its snapshot without a gap."""
    assert BTC in await seen(watcher, lambda: watcher.watch_bids_asks([BTC]), bool)
    assert (await seen(watcher, lambda: watcher.watch_trades(BTC), bool))[-1]["price"] > 99_000
    for _ in range(3):
        book = await seen(watcher, lambda: watcher.watch_order_book(BTC), lambda b: len(b["bids"]) == 20)
        assert book["bids"][0][0] < book["asks"][0][0]
        assert len(book["asks"]) == 20


async def test_own_orders_positions_and_balance(watcher):
    """The user stream tells of orders, positions and balance."""
    got: dict[str, Any] = {}

    async def keep(name: str, call: Callable[[], Any]) -> None:
        got[name] = await call()

    with anyio.fail_after(DEADLINE_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep, "orders", watcher.watch_orders)
            tasks.start_soon(keep, "trades", watcher.watch_my_trades)
            tasks.start_soon(keep, "positions", watcher.watch_positions)
            tasks.start_soon(keep, "balance", watcher.watch_balance)
            while len(got) < 4:
                await watcher.create_order(BTC, "market", "buy", 0.01)
    assert got["orders"][0]["symbol"] == BTC
    assert got["positions"][0]["contracts"] > 0
    assert got["trades"][0]["amount"] == 0.01
    assert got["balance"]["USDT"]["total"] < 10_000
