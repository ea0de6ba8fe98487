"""Faults that strike websockets, as plain readers and the unmodified client meet them."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import aiohttp
import anyio
import ccxt.pro
import pytest

pytestmark = pytest.mark.anyio

BTC = "BTC/USDT:USDT"
ORDER, ACCOUNT, FILLED = "ORDER_TRADE_UPDATE NEW", "ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE FILLED"


async def test_events_lost(bench):
    """The event never comes; what follows does."""
    async with bench.user_stream() as events:
        await bench.inject(kind="events_lost", event="ORDER_TRADE_UPDATE", count=2)
        await bench.buy()
        await bench.buy()
        assert await events.kinds(4) == [ACCOUNT, ORDER, ACCOUNT, FILLED]


async def test_events_duplicated(bench):
    """The same event comes twice."""
    async with bench.user_stream() as events:
        await bench.inject(kind="events_duplicated", event="ACCOUNT_UPDATE")
        await bench.buy()
        assert await events.kinds(4) == [ORDER, ACCOUNT, ACCOUNT, FILLED]


async def test_events_reordered(bench):
    """An event is overtaken by the one after it."""
    async with bench.user_stream() as events:
        await bench.inject(kind="events_reordered", event="ACCOUNT_UPDATE")
        await bench.buy()
        assert await events.kinds(3) == [ORDER, FILLED, ACCOUNT]


async def test_the_last_event_is_not_held_for_ever(bench):
    """What nothing overtakes comes a second later."""
    async with bench.user_stream() as events:
        await bench.inject(kind="events_reordered", event="ORDER_TRADE_UPDATE", count=1)
        await bench.client.create_order(BTC, "limit", "buy", 0.01, 99_000)
        assert await events.kinds(1) == [ORDER]


async def test_events_delayed(bench):
    """All events come later by the delay, in their order."""
    async with bench.user_stream() as events:
        await bench.inject(kind="events_delayed", delay_s=0.4, count=3)
        await bench.buy()
        assert await events.silent_for(0.2)
        assert await events.kinds(3) == [ORDER, ACCOUNT, FILLED]


async def test_listen_key_expired(bench):
    """The event comes, and then nothing: the connection stays open and answers pings."""
    async with bench.user_stream() as events:
        await bench.inject(kind="listen_key_expired")
        assert (await events.next())["e"] == "listenKeyExpired"
        await bench.buy()
        assert await events.silent_for(0.3)
        assert not events.socket.closed
    async with bench.user_stream() as events:
        await bench.inject(kind="listen_key_expired", close=True)
        assert (await events.next())["e"] == "listenKeyExpired"
        assert (await events.socket.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_half_open(bench):
    """A connection answers nothing any more, pings included, without being closed; a new one works."""
    async with bench.user_stream() as events:
        await bench.inject(kind="half_open", sockets="private", seconds=30)
        await events.socket.ping()
        await events.socket.send_json({"method": "LIST_SUBSCRIPTIONS", "params": [], "id": 1})
        await bench.buy()
        assert await events.silent_for(0.3)
        async with bench.user_stream() as fresh:
            await bench.buy()
            assert await fresh.kinds(1) == [ORDER]
        await bench.clear()
        with anyio.fail_after(5):
            assert (await events.socket.receive()).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


async def test_mute_user_stream(bench):
    """The user stream carries nothing, and its connection answers."""
    async with bench.user_stream() as events:
        await bench.inject(kind="mute", streams="user", seconds=30)
        await bench.buy()
        await events.socket.send_json({"method": "LIST_SUBSCRIPTIONS", "params": [], "id": 1})
        assert (await events.next())["id"] == 1
        await bench.clear()
        await bench.buy()
        assert await events.kinds(1) == [ORDER]


async def test_mute_one_stream(bench):
    """Streams that fit the pattern are silent; the others go on."""
    url = f"{bench.running.url}/market/stream?streams=btcusdt@trade/ethusdt@trade"
    async with bench.running.http.ws_connect(url) as socket:
        await bench.inject(kind="mute", streams="btcusdt@*", seconds=30)
        await bench.running.advance()
        with anyio.fail_after(5):
            heard = {(await socket.receive_json())["stream"] for _ in range(4)}
        assert heard == {"ethusdt@trade"}


async def test_disconnect(bench, new_client):
    """Connections are closed; ccxt's own stream client sees an error and can come back."""
    async with new_client(ccxt.pro.binanceusdm, bench.running.url) as client:
        await client.load_markets()
        watching = asyncio.create_task(client.watch_trades(BTC))
        await bench.reading("btcusdt@trade")
        await bench.inject(kind="disconnect", sockets="public")
        with pytest.raises(ccxt.NetworkError), anyio.fail_after(5):
            await watching


async def test_depth_gap(bench):
    """A change of the book is missing: the next one's `pu` is not the last one's `u`."""
    async with bench.running.http.ws_connect(f"{bench.running.url}/public/ws/btcusdt@depth") as socket:
        await bench.running.advance()
        with anyio.fail_after(5):
            before = [await socket.receive_json() for _ in range(4)]
            assert all(later["pu"] == earlier["u"] for earlier, later in pairwise(before))
            await bench.inject(kind="depth_gap", symbol="BTCUSDT")
            await bench.running.advance()
            assert (await socket.receive_json())["pu"] != before[-1]["u"]
