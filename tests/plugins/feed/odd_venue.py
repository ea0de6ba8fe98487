"""A venue that does odd things on the wire: skips, repeats, garbles, falls mute, refuses sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientConnectionResetError, WSMsgType, web

from plugins.domain import Candle, Mode, VenueAddress
from plugins.feed import Feed
from qtcore.testing import Plug, harness

START_MS = 1_735_689_600_000
START = datetime.fromtimestamp((START_MS + 60 * 60_000) / 1000, UTC)
SETTINGS: dict[str, Any] = {"history_bars": 50, "backoff_s": 0.005, "max_backoff_s": 0.01}


class OddVenue:
    """REST and one websocket path; candles close when the test says so, and are sent only if it says so."""

    def __init__(self) -> None:
        self.bars = 60
        self.sockets: list[web.WebSocketResponse] = []
        self.commands: list[dict[str, Any]] = []
        self.asked: list[dict[str, str]] = []
        self.refuse_interval = False
        self.refuse_sockets = False
        self.names = ["AUSDT", "BUSDT"]
        self.status: dict[str, str] = {}
        self.turnover: dict[str, int] = {}
        self.polls: list[dict[str, str]] = []
        self.funding_asked: list[dict[str, str]] = []
        self.mark_ms = START_MS
        self.frozen: set[str] = set()
        self.rest_fails = False
        self.used_weight = 0
        self.delay: asyncio.Event | None = None

    def row(self, number: int) -> list[Any]:
        return [START_MS + number * 60_000, "100", "102", "99", "101", "5", 0, "0", 1, "0", "0", "0"]

    def kline(self, number: int, symbol: str = "AUSDT", **figures: Any) -> dict[str, Any]:
        opened, o, h, low, c, v = self.row(number)[:6]
        return {
            "e": "kline",
            "s": symbol,
            "k": {"t": opened, "x": True, "o": o, "h": h, "l": low, "c": c, "v": v, **figures},
        }

    async def close_bars(self, *numbers: int, send: tuple[int, ...] = ()) -> None:
        """These bars have closed; those in `send` are told on the socket."""
        self.bars = max(numbers) + 1
        for number in send:
            await self.tell(self.kline(number))

    async def tell_marks(self, *names: str, price: str = "100.5") -> None:
        """One frame of all marks, a second of market time after the last."""
        self.mark_ms += 1000
        event = {"e": "markPriceUpdate", "E": self.mark_ms, "p": price, "r": "0.0001", "T": START_MS}
        await self.tell([{**event, "s": name} for name in names or self.names])

    async def tell_forming(self) -> None:
        """Every candle stream says something, though no candle has closed."""
        for name in self.names:
            await self.tell(self.kline(self.bars, name, x=False))

    async def tell(self, message: Any) -> None:
        with suppress(ClientConnectionResetError):  # the feed has hung up; what is said now is heard by nobody
            await self.sockets[-1].send_json(message)

    async def serve_info(self, _request: web.Request) -> web.Response:
        common = {"contractType": "PERPETUAL", "quoteAsset": "USDT"}
        rows = [{"symbol": name, "status": self.status.get(name, "TRADING"), **common} for name in self.names]
        return web.json_response({"symbols": rows})

    async def serve_day(self, _request: web.Request) -> web.Response:
        rows = [{"symbol": name, "quoteVolume": str(self.turnover.get(name, 0))} for name in self.names]
        return web.json_response(rows)

    async def serve_marks(self, request: web.Request) -> web.Response:
        if self.rest_fails:
            raise web.HTTPServiceUnavailable
        self.polls.append(dict(request.query))
        if not self.frozen.issuperset(self.names):
            self.mark_ms += 1000
        common = {"markPrice": "99.5", "lastFundingRate": "0.0001", "nextFundingTime": START_MS}
        times = {name: START_MS if name in self.frozen else self.mark_ms for name in self.names}
        return web.json_response([{"symbol": name, "time": at, **common} for name, at in times.items()])

    async def serve_book(self, _request: web.Request) -> web.Response:
        return web.json_response([{"symbol": name, "bidPrice": "99", "askPrice": "101"} for name in self.names])

    async def serve_funding(self, request: web.Request) -> web.Response:
        """Each contract settles every hour, some ms late; one that is not followed does too."""
        self.funding_asked.append(dict(request.query))
        first, limit = int(request.query["startTime"]), int(request.query["limit"])
        rows = [
            {"symbol": name, "fundingTime": START_MS + hour * 3_600_000 + 7, "fundingRate": f"0.000{hour}"}
            for hour in range(1, 6)
            for name in [*self.names, "ZUSDT"]
        ]
        return web.json_response([row for row in rows if row["fundingTime"] >= first][:limit])

    async def serve_klines(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.asked.append(asked)
        if self.delay is not None and "endTime" in asked and "startTime" not in asked:
            await self.delay.wait()
        if self.refuse_interval:
            return web.json_response({"code": -1120, "msg": "Invalid interval."}, status=400)
        rows = [self.row(number) for number in range(self.bars + 1)]  # the last one is still forming
        first, last = int(asked.get("startTime", 0)), int(asked.get("endTime", 1 << 60))
        found = [row for row in rows if first <= row[0] <= last]
        limit = int(asked["limit"])
        body = found[:limit] if "startTime" in asked else found[-limit:]
        return web.json_response(body, headers={"X-MBX-USED-WEIGHT-1M": str(self.used_weight)})

    async def serve_socket(self, request: web.Request) -> web.WebSocketResponse:
        if self.refuse_sockets:
            raise web.HTTPServiceUnavailable
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                command = json.loads(message.data)
                self.commands.append(command)
                await socket.send_json({"result": None, "id": command["id"]})
        return socket


@asynccontextmanager
async def odd_venue() -> AsyncIterator[tuple[OddVenue, str]]:
    venue, app = OddVenue(), web.Application()
    app.router.add_get("/fapi/v1/exchangeInfo", venue.serve_info)
    app.router.add_get("/fapi/v1/klines", venue.serve_klines)
    app.router.add_get("/fapi/v1/ticker/24hr", venue.serve_day)
    app.router.add_get("/fapi/v1/premiumIndex", venue.serve_marks)
    app.router.add_get("/fapi/v1/ticker/bookTicker", venue.serve_book)
    app.router.add_get("/fapi/v1/fundingRate", venue.serve_funding)
    app.router.add_get("/market/ws", venue.serve_socket)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield venue, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def followed(
    *, timers: bool = True, names: list[str] | None = None, **settings: Any
) -> AsyncIterator[tuple[Any, OddVenue]]:
    """A feed that follows an odd venue at which the market stands still; `timers` run in virtual time."""
    plug = Plug(Feed, settings={**SETTINGS, **settings})
    async with odd_venue() as (venue, origin), harness(plug, timers=timers) as h:
        venue.names = names or venue.names
        h.set_market(START, speed=0)
        await h.publish(VenueAddress(Mode.PAPER, origin, "odd"))
        await h.ready()
        yield h, venue


def numbers(h: Any, symbol: str = "AUSDT") -> list[int]:
    """The published bars of a symbol, by number."""
    return [
        int(candle.opened_at.timestamp() * 1000 - START_MS) // 60_000
        for candle in h.published(Candle)
        if candle.symbol == symbol
    ]
