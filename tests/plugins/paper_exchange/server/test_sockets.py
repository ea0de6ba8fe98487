"""The streams as they are on the wire, read by a plain websocket client."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import aiohttp
import anyio
import ccxt.async_support
import pytest

from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.server import sockets
from plugins.paper_exchange.server.app import ServerSettings

pytestmark = pytest.mark.anyio

KEY = {"X-MBX-APIKEY": "paper-key"}
DEADLINE_S = 5


class Reader:
    """A websocket that answers questions about what it was sent."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def next(self) -> dict:
        with anyio.fail_after(DEADLINE_S):
            return await self.socket.receive_json()

    async def command(self, method: str, *streams: str) -> dict:
        await self.socket.send_json({"method": method, "params": list(streams), "id": 7})
        return await self.next()

    async def until(self, enough) -> list[dict]:
        """Everything up to the first event that satisfies `enough`."""
        events = [await self.next()]
        while not enough(events[-1]):
            events.append(await self.next())
        return events


@asynccontextmanager
async def reading(running, path: str):
    async with running.http.ws_connect(f"{running.url}{path}") as socket:
        yield Reader(socket)


async def listen_key(running) -> str:
    async with running.http.post(f"{running.url}/fapi/v1/listenKey", headers=KEY) as response:
        return (await response.json())["listenKey"]


async def test_subscriptions(market, open_venue):
    """SUBSCRIBE, LIST_SUBSCRIPTIONS and UNSUBSCRIBE answer by id; nonsense is answered, not ignored."""
    async with open_venue(market) as running, reading(running, "/market/ws/0") as reader:
        assert await reader.command("SUBSCRIBE", "btcusdt@kline_1m") == {"result": None, "id": 7}
        assert (await reader.command("LIST_SUBSCRIPTIONS"))["result"] == ["btcusdt@kline_1m"]
        assert await reader.command("UNSUBSCRIBE", "btcusdt@kline_1m") == {"result": None, "id": 7}
        assert "error" in await reader.command("DANCE")
        await reader.socket.send_str("{")
        assert "error" in await reader.next()
        await running.advance()
        assert (await reader.command("LIST_SUBSCRIPTIONS"))["result"] == []


async def test_closed_candles_come_in_one_burst(market, open_venue):
    """When a minute closes, its candle of every symbol is sent before anything of the next minute."""
    streams = [f"{symbol.lower()}@kline_1m" for symbol in market.prices]
    async with open_venue(market) as running, reading(running, "/market/ws/0") as reader:
        await reader.command("SUBSCRIBE", *streams, "btcusdt@kline_5m")
        await running.advance(2)
        events = await reader.until(lambda e: e["k"]["x"] and e["k"]["t"] > market.start_ms)
        closed = [number for number, event in enumerate(events) if event["k"]["x"] and event["k"]["i"] == "1m"]
        assert closed[:3] == list(range(closed[0], closed[0] + 3))
        assert {events[number]["s"] for number in closed[:3]} == set(market.prices)
        assert all(event["E"] <= running.venue.now_ms() for event in events)
        timing = await running.get("/qt/v1/timing")
        assert [burst["candles"] for burst in timing["bursts"]] == [3, 3]
        assert timing["bursts"][0]["sent_ns"] < timing["bursts"][1]["sent_ns"]


async def test_forming_candles_come_at_their_own_pace(market, open_venue):
    """What has traded since is told as a candle that is not closed, however many trades there were, and only then."""
    async with open_venue(market) as running, reading(running, "/market/ws/0") as reader:
        await reader.command("SUBSCRIBE", "btcusdt@kline_1m")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(running.server.run)
            for _ in range(2):
                await running.venue.play_moment(running.venue.timeline.peek())
            event = await reader.next()
            tasks.cancel_scope.cancel()
        forming = event["k"]
        assert (forming["o"], forming["x"], forming["T"] - forming["t"]) == ("100000.00", False, 59_999)
        assert (forming["n"], event["E"]) == (2, running.venue.now_ms())


async def test_combined_streams_are_wrapped(market, open_venue):
    """`/stream?streams=` names the stream around each event; `/ws/<stream>` does not."""
    async with open_venue(market) as running:
        async with reading(running, "/stream?streams=btcusdt@trade/ethusdt@aggTrade") as reader:
            await running.advance()
            first = await reader.next()
            assert (first["stream"], first["data"]["e"]) == ("btcusdt@trade", "trade")
        async with reading(running, "/ws/btcusdt@bookTicker") as reader:
            await running.advance()
            assert (await reader.next())["e"] == "bookTicker"


async def test_frames_have_the_venues_fields(market, open_venue, paths):
    """Field for field as in recorded frames of the real venue."""
    recorded = json.loads(paths.shared("fixtures", "ccxt", "ws_binanceusdm.json").read_text())
    async with open_venue(market) as running, reading(running, "/market/ws/0") as reader:
        for case in (case for cases in recorded["methods"].values() for case in cases):
            (stream,) = case["sentMessages"][0]["params"]
            await reader.command("SUBSCRIBE", stream)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(running.server.run)
                await running.advance()
                ours = await reader.next()
                tasks.cancel_scope.cancel()
            theirs = case["messages"][1]
            assert set(theirs) == set(ours), stream
            assert {k: type(v) for k, v in theirs.items()} == {k: type(v) for k, v in ours.items()}
            if "k" in theirs:
                assert {k: type(v) for k, v in theirs["k"].items()} == {k: type(v) for k, v in ours["k"].items()}
            await reader.socket.send_json({"method": "UNSUBSCRIBE", "params": [stream], "id": 8})
            await reader.until(lambda event: event.get("id") == 8)


async def test_user_stream_tells_the_whole_life_of_a_stop(market, open_venue, aimed):
    """Order, account and algo updates come in the order in which things happened, with market times."""
    market.write("BTCUSDT", 1, "100000", "100000", "98000", "98000")
    async with open_venue(market) as running:
        client = aimed(ccxt.async_support.binanceusdm, running.url)
        key = await listen_key(running)
        async with reading(running, f"/private/ws?listenKey={key}") as reader:
            try:
                await client.load_markets()
                await client.create_order("BTC/USDT:USDT", "market", "buy", 0.01)
                params = {"stopLossPrice": 99_000, "closePosition": True}
                await client.create_order("BTC/USDT:USDT", "market", "sell", None, params=params)
            finally:
                await client.close()
            await running.advance(2)
            events = await reader.until(lambda e: e["e"] == "ALGO_UPDATE" and e["o"]["X"] == "FINISHED")
    told = [(e["e"], e["o"]["X"] if "o" in e else e["a"]["m"]) for e in events]
    assert told == [
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("ACCOUNT_UPDATE", "ORDER"),
        ("ORDER_TRADE_UPDATE", "FILLED"),
        ("ALGO_UPDATE", "NEW"),
        ("ALGO_UPDATE", "TRIGGERING"),
        ("ORDER_TRADE_UPDATE", "NEW"),
        ("ALGO_UPDATE", "TRIGGERED"),
        ("ACCOUNT_UPDATE", "ORDER"),
        ("ORDER_TRADE_UPDATE", "FILLED"),
        ("ALGO_UPDATE", "FINISHED"),
    ]
    final = events[-1]["o"]
    assert (final["aq"], final["cp"]) == ("0.010", True)
    assert final["ai"] == str(events[5]["o"]["i"])
    assert events[5]["o"]["ot"] == "STOP_MARKET"
    assert events[7]["a"]["P"][0]["pa"] == "0.000"
    assert all(market.start_ms <= e["E"] <= running.venue.now_ms() for e in events)


async def test_listen_keys(market, open_venue):
    """One active key; renewed by PUT; unknown keys are refused; an expired one says so and closes."""
    settings = replace(ServerSettings(), port=0, listen_key_life_s=0.5)
    async with open_venue(market, settings=settings) as running:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await running.http.ws_connect(f"{running.url}/private/ws?listenKey=wrong")
        assert refused.value.status == 400
        key = await listen_key(running)
        assert await listen_key(running) == key
        async with running.http.put(f"{running.url}/fapi/v1/listenKey", headers=KEY) as response:
            assert response.status == 200
        async with anyio.create_task_group() as tasks, reading(running, f"/private/ws?listenKey={key}") as reader:
            tasks.start_soon(running.server.run)
            assert (await reader.next())["e"] == "listenKeyExpired"
            with anyio.fail_after(DEADLINE_S):
                assert (await reader.socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
            tasks.cancel_scope.cancel()
        async with running.http.put(f"{running.url}/fapi/v1/listenKey", headers=KEY) as response:
            assert (await response.json())["code"] == -1125


async def test_a_listen_key_that_is_given_back_ends_its_stream(market, open_venue):
    """DELETE closes the connections of the key, and the key is gone."""
    async with open_venue(market) as running:
        key = await listen_key(running)
        async with reading(running, f"/private/ws?listenKey={key}") as reader:
            async with running.http.delete(f"{running.url}/fapi/v1/listenKey", headers=KEY) as response:
                assert response.status == 200
            with anyio.fail_after(DEADLINE_S):
                assert (await reader.socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert await listen_key(running) != key


async def test_listen_key_outlives_a_restart(market, open_venue):
    """The venue comes back with the keys that it gave out."""
    async with open_venue(market) as running:
        key = await listen_key(running)
    async with open_venue(market) as running, reading(running, f"/private/ws?listenKey={key}") as reader:
        assert (await reader.command("LIST_SUBSCRIPTIONS"))["result"] == []


async def test_a_reader_that_does_not_read_is_cut_off(market, open_venue, monkeypatch):
    """The venue neither waits for a slow reader nor keeps its frames for ever."""
    monkeypatch.setattr(sockets, "QUEUE_LIMIT", 64)
    async with open_venue(market) as running, reading(running, "/market/ws/0") as reader:
        streams = [f"{s.lower()}@{c}" for s in market.prices for c in ("depth", "trade", "bookTicker", "kline_1m")]
        await reader.command("SUBSCRIBE", *streams)
        with anyio.fail_after(30):
            while running.server.sockets.all:
                await running.venue.play_moment(running.venue.timeline.peek())
                await asyncio.sleep(0)
        assert running.venue.now_ms() > market.start_ms


async def test_liquidation_reaches_the_user_stream(market, open_venue, aimed):
    """A forced order carries the client id by which the venue marks it."""
    market.write("BTCUSDT", 1, "100000", "100000", "90000", "90000")
    async with open_venue(market, economics=Economics(start_balance=Decimal(1000))) as running:
        client = aimed(ccxt.async_support.binanceusdm, running.url)
        async with reading(running, f"/private/ws?listenKey={await listen_key(running)}") as reader:
            try:
                await client.load_markets()
                await client.create_order("BTC/USDT:USDT", "market", "buy", 0.15)
            finally:
                await client.close()
            await running.advance(3)
            events = await reader.until(lambda e: "o" in e and e["o"]["c"].startswith("autoclose-"))
    assert events
