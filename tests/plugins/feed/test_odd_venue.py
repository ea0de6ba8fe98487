"""The feed against a venue that does odd things on the wire: skips, repeats, garbles, falls mute."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from plugins.domain import Candle, Mark, Mode, Position, Side, VenueAddress
from plugins.feed import Feed
from plugins.feed.freshness import STALE
from qtcore.kernel.words import Cause
from qtcore.testing import harness

pytestmark = pytest.mark.anyio

START_MS = 1_735_689_600_000
SETTINGS: dict[str, Any] = {"history_bars": 50, "backoff_s": 0.005, "max_backoff_s": 0.01}


class OddVenue:
    """REST and one websocket path; candles close when the test says so, and are sent only if it says so."""

    def __init__(self) -> None:
        self.bars = 60
        self.sockets: list[web.WebSocketResponse] = []
        self.commands: list[dict[str, Any]] = []
        self.asked: list[dict[str, str]] = []
        self.refuse_interval = False

    def row(self, number: int) -> list[Any]:
        return [START_MS + number * 60_000, "100", "102", "99", "101", "5", 0, "0", 1, "0", "0", "0"]

    def kline(self, number: int, symbol: str = "AUSDT", **figures: str) -> dict[str, Any]:
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

    async def tell(self, message: Any) -> None:
        await self.sockets[-1].send_json(message)

    async def serve_info(self, _request: web.Request) -> web.Response:
        names = ("AUSDT", "BUSDT")
        common = {"status": "TRADING", "contractType": "PERPETUAL", "quoteAsset": "USDT"}
        return web.json_response({"symbols": [{"symbol": name, **common} for name in names]})

    async def serve_klines(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.asked.append(asked)
        if self.refuse_interval:
            return web.json_response({"code": -1120, "msg": "Invalid interval."}, status=400)
        rows = [self.row(number) for number in range(self.bars + 1)]  # the last one is still forming
        first, last = int(asked.get("startTime", 0)), int(asked.get("endTime", 1 << 60))
        found = [row for row in rows if first <= row[0] <= last]
        limit = int(asked["limit"])
        return web.json_response(found[:limit] if "startTime" in asked else found[-limit:])

    async def serve_socket(self, request: web.Request) -> web.WebSocketResponse:
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
    app.router.add_get("/market/ws", venue.serve_socket)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield venue, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def followed(**settings: Any) -> AsyncIterator[tuple[Any, OddVenue]]:
    async with odd_venue() as (venue, origin), harness(Feed, settings={**SETTINGS, **settings}) as h:
        h.set_market(datetime.fromtimestamp((START_MS + 60 * 60_000) / 1000, UTC), speed=0)
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


async def test_a_missing_candle_is_fetched_before_the_next_is_published() -> None:
    """Bars 60 and 61 never come by socket: they are asked for, and 62 waits for them."""
    async with followed() as (h, venue):
        await venue.close_bars(60, 61, 62, send=(62,))
        await h.until(lambda: len(numbers(h)) == 3)
        assert numbers(h) == [60, 61, 62]
        assert venue.asked[-1]["startTime"] == str(START_MS + 60 * 60_000)


async def test_a_repeated_candle_is_published_once() -> None:
    """The same bar twice, and an old one again, change nothing."""
    async with followed() as (h, venue):
        await venue.close_bars(60, 61, send=(60, 60, 61, 59, 61))
        await h.until(lambda: len(numbers(h)) == 2)
        await h.health()
        assert (numbers(h), h.facts()["duplicates"]) == ([60, 61], 3)


async def test_a_garbled_candle_is_not_used_but_fetched() -> None:
    """A candle whose high is below its close is refused; the true one is fetched when the next shows the hole."""
    async with followed() as (h, venue):
        venue.bars = 62
        await venue.tell(venue.kline(60, h="1"))
        await venue.tell(venue.kline(61))
        await h.until(lambda: len(numbers(h)) == 2)
        await h.health()
        assert (numbers(h), h.facts()["bad_frames"]) == ([60, 61], 1)


async def test_after_a_lost_socket_nothing_is_lost() -> None:
    """The venue closes the socket while bars close; the feed dials again and fetches them."""
    async with followed() as (h, venue):
        h.set_market(datetime.fromtimestamp((START_MS + 62 * 60_000) / 1000, UTC), speed=0)
        venue.bars = 62
        await venue.sockets[-1].close()
        await h.until(lambda: len(venue.sockets) == 2 and len(numbers(h)) == 2)
        await venue.close_bars(62, send=(62,))
        await h.until(lambda: len(numbers(h)) == 3)
        assert numbers(h) == [60, 61, 62]


async def test_a_candle_that_closed_without_a_successor_is_known_at_once() -> None:
    """The newest row of an answer is taken when its end has clearly passed, and left when it may still be forming."""
    async with followed() as (h, venue):
        for minute, known in ((61, [60]), (62, [60, 61])):
            h.set_market(datetime.fromtimestamp((START_MS + minute * 60_000) / 1000, UTC), speed=0)
            venue.bars = minute - 1
            await h.call("feed.resubscribe")
            await h.until(lambda known=known: numbers(h) == known)


async def test_a_mute_socket_is_dialled_again() -> None:
    """A socket that is open but carries nothing for too long is given up."""
    async with followed(mute_after_s=0.05) as (h, venue):
        async with asyncio.timeout(5):
            while len(venue.sockets) < 2:
                await h.run_timer("watch")
                await asyncio.sleep(0.01)
        await h.until(lambda: len(venue.commands) == 2)


async def test_stale_data_is_found_and_healed_in_two_steps() -> None:
    """Silence beyond the limit is a healable finding; the first heal subscribes anew, the second dials anew."""
    async with followed() as (h, venue):
        assert (await h.health()).status == "healthy"
        h.set_market(datetime.fromtimestamp((START_MS + 61 * 60_000) / 1000, UTC), speed=60)
        await h.advance(3)
        stale = await h.health()
        assert (stale.status, stale.findings[0].code) == ("critical", STALE)
        venue.bars = 64
        assert "subscribed anew" in await h.heal(stale.findings[0])
        await h.until(lambda: numbers(h) == [60, 61, 62, 63])
        assert [command["method"] for command in venue.commands][-2:] == ["UNSUBSCRIBE", "SUBSCRIBE"]
        assert "dialled again" in await h.heal(stale.findings[0])
        await h.until(lambda: len(venue.sockets) == 2)


async def test_marks_come_once_per_symbol_and_frame() -> None:
    """One frame with all marks becomes one retained Mark per followed symbol."""
    async with followed() as (h, venue):
        event = {"e": "markPriceUpdate", "E": START_MS, "p": "100.5", "r": "0.0001", "T": START_MS}
        await venue.tell([{**event, "s": name} for name in ("AUSDT", "BUSDT", "CUSDT")])
        await h.until(lambda: len(h.published(Mark)) == 2)
        assert {mark.symbol for mark in h.published(Mark)} == {"AUSDT", "BUSDT"}


async def test_a_held_symbol_is_followed_whatever_the_settings() -> None:
    """An open position in a symbol that was not asked for makes the feed follow it."""
    async with followed(symbols=("AUSDT",)) as (h, venue):
        at = h.clock.wall()
        one = Decimal(1)
        await h.publish(Position("p", "BUSDT", Side.LONG, one, one, one, one, 5, at, at), writer="exchange")
        await h.until(lambda: any("busdt@kline_1m" in command["params"] for command in venue.commands))
        assert (await h.call("feed.coverage"))["BUSDT"]["bars"] == 50


async def test_an_interval_the_venue_lacks_needs_the_operator() -> None:
    """Candles that the venue does not make cannot be waited for: a person chooses others."""
    async with odd_venue() as (venue, origin), harness(Feed, settings=SETTINGS) as h:
        venue.refuse_interval = True
        await h.publish(VenueAddress(Mode.PAPER, origin, "odd"))
        end = await h.end()
        assert end.cause is Cause.NEEDS_OPERATOR
        assert "feed.settings.interval" in end.sentence


@pytest.mark.parametrize(
    "address", [VenueAddress(Mode.LIVE, "http://127.0.0.1:1", ""), VenueAddress(Mode.PAPER, "", "")]
)
async def test_an_address_of_another_world_is_refused(address: VenueAddress) -> None:
    """In paper mode the feed talks to a paper venue or to nobody."""
    async with harness(Feed, settings=SETTINGS) as h:
        await h.publish(address)
        assert (await h.end()).cause is Cause.NEEDS_OPERATOR


async def test_a_venue_that_is_not_there_is_waited_for() -> None:
    """Nobody listens at the address: not ready, try again."""
    async with harness(Feed, settings=SETTINGS) as h:
        await h.publish(VenueAddress(Mode.PAPER, "http://127.0.0.1:9", ""))
        assert (await h.end()).cause is Cause.NOT_READY
