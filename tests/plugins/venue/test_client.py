"""The shared venue client against a real HTTP and websocket server on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import ccxt
import pytest
from aiohttp import WSMsgType, web

from plugins.venue import LeavesTheMachine, StreamClosed, VenueClient, is_loopback, open_stream

pytestmark = pytest.mark.anyio


async def _refuse(_request: web.Request) -> web.Response:
    return web.json_response({"code": -2021, "msg": "Order would immediately trigger."}, status=400)


async def _time(_request: web.Request) -> web.Response:
    return web.json_response({"serverTime": 123}, headers={"X-MBX-USED-WEIGHT-1M": "17"})


async def _socket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_json({"echo": json.loads(message.data)})
            await socket.send_json({"e": "last"})
            break
    return socket


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/fapi/v1/algoOrder", _refuse)
    app.router.add_get("/fapi/v1/time", _time)
    app.router.add_get("/market/ws", _socket)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _client(origin: str) -> AsyncIterator[VenueClient]:
    client = VenueClient(origin)
    try:
        yield client
    finally:
        await client.close()


async def _open_once(client: VenueClient, url: str) -> None:
    async with open_stream(client, url):
        pass


async def test_error_classes_survive_another_host() -> None:
    """A futures error code keeps its class although the URL is not the venue's own."""
    async with _server() as origin, _client(origin) as client:
        client.apiKey, client.secret = "k", "s"
        with pytest.raises(ccxt.OrderImmediatelyFillable):
            await client.fapiPrivatePostAlgoOrder({"symbol": "BTCUSDT"})


async def test_nothing_leaves_the_machine() -> None:
    """An aimed client refuses every other host before anything is sent."""
    async with _server() as origin, _client(origin) as client:
        with pytest.raises(LeavesTheMachine, match=r"fapi\.binance\.com"):
            await client.fetch("https://fapi.binance.com/fapi/v1/time")


async def test_every_url_is_aimed() -> None:
    """No URL of the aimed client names a host that is not loopback."""
    async with _client("http://127.0.0.1:1") as client:
        leaves = [client.urls["api"]]
        while leaves:
            leaf = leaves.pop()
            if isinstance(leaf, dict):
                leaves.extend(leaf.values())
            else:
                assert is_loopback(leaf), leaf


async def test_usage_is_noted() -> None:
    """The weight that the venue says was used is remembered."""
    async with _server() as origin, _client(origin) as client:
        assert await client.fapiPublicGetTime() == {"serverTime": 123}
        assert client.usage.weight_1m == 17


async def test_a_stream_delivers_all_frames_then_ends() -> None:
    """Frames arrive in order, the last one too, and then the end is said."""
    async with _server() as origin, _client(origin) as client:
        url = client.get_ws_url("linear", "market")
        with anyio.fail_after(5):
            async with open_stream(client, url, subscribe=["a@b"]) as stream:
                seen = [(await anext(stream)).message, (await anext(stream)).message]
                with pytest.raises(StreamClosed):
                    await anext(stream)
        assert seen == [{"echo": {"method": "SUBSCRIBE", "params": ["a@b"], "id": 1}}, {"e": "last"}]


async def test_a_dead_address_is_said_at_once() -> None:
    """Dialling where nobody listens raises StreamClosed, not a hang."""
    async with _client("http://127.0.0.1:9") as client:
        url = client.get_ws_url("linear", "market")
        with anyio.fail_after(5), pytest.raises(StreamClosed, match="opened no websocket"):
            await _open_once(client, url)
