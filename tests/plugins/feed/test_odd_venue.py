"""The feed against a venue that does odd things on the wire: skips, repeats, garbles, loses the socket."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from plugins.domain import Mark, Mode, Position, Side, VenueAddress
from plugins.feed import Feed
from qtcore.kernel.words import Cause
from qtcore.testing import harness

pytestmark = pytest.mark.anyio


async def test_a_missing_candle_is_fetched_before_the_next_is_published(odd: Any) -> None:
    """Bars 60 and 61 never come by socket: they are asked for, and 62 waits for them."""
    async with odd.followed() as (h, venue):
        await venue.close_bars(60, 61, 62, send=(62,))
        await h.until(lambda: len(odd.numbers(h)) == 3)
        assert odd.numbers(h) == [60, 61, 62]
        assert venue.asked[-1]["startTime"] == str(odd.START_MS + 60 * 60_000)


async def test_a_repeated_candle_is_published_once(odd: Any) -> None:
    """The same bar twice, and an old one again, change nothing."""
    async with odd.followed() as (h, venue):
        await venue.close_bars(60, 61, send=(60, 60, 61, 59, 61))
        await h.until(lambda: len(odd.numbers(h)) == 2)
        await h.health()
        assert (odd.numbers(h), h.facts()["duplicates"]) == ([60, 61], 3)


async def test_a_garbled_candle_is_not_used_but_fetched(odd: Any) -> None:
    """A candle whose high is below its close is refused; the true one is fetched when the next shows the hole."""
    async with odd.followed() as (h, venue):
        venue.bars = 62
        await venue.tell(venue.kline(60, h="1"))
        await venue.tell(venue.kline(61))
        await h.until(lambda: len(odd.numbers(h)) == 2)
        await h.health()
        assert (odd.numbers(h), h.facts()["bad_frames"]) == ([60, 61], 1)


@pytest.mark.parametrize("time", ["2025-01-01T01:00:00Z", None, "soon"])
async def test_c11_a_time_of_another_kind_is_refused_and_counted(odd: Any, time: Any) -> None:
    """An ISO time where milliseconds belong makes a bad frame, not a stale market; the true candle is fetched."""
    async with odd.followed() as (h, venue):
        venue.bars = 62
        await venue.tell(venue.kline(60, t=time))
        await venue.tell(venue.kline(61))
        await h.until(lambda: len(odd.numbers(h)) == 2)
        await h.health()
        assert (odd.numbers(h), h.facts()["bad_frames"]) == ([60, 61], 1)


async def test_after_a_lost_socket_nothing_is_lost(odd: Any) -> None:
    """The venue closes the socket while bars close; the feed dials again and fetches them."""
    async with odd.followed() as (h, venue):
        h.set_market(datetime.fromtimestamp((odd.START_MS + 62 * 60_000) / 1000, UTC), speed=0)
        venue.bars = 62
        await venue.sockets[-1].close()
        await h.until(lambda: len(venue.sockets) == 2 and len(odd.numbers(h)) == 2)
        await venue.close_bars(62, send=(62,))
        await h.until(lambda: len(odd.numbers(h)) == 3)
        assert odd.numbers(h) == [60, 61, 62]


async def test_a_candle_that_closed_without_a_successor_is_known_at_once(odd: Any) -> None:
    """The newest row of an answer is taken when its end has clearly passed, and left when it may still be forming."""
    async with odd.followed() as (h, venue):
        for minute, known in ((61, [60]), (62, [60, 61])):
            h.set_market(datetime.fromtimestamp((odd.START_MS + minute * 60_000) / 1000, UTC), speed=0)
            venue.bars = minute - 1
            await h.call("feed.resubscribe")
            await h.until(lambda known=known: odd.numbers(h) == known)


async def test_marks_come_once_per_symbol_and_frame(odd: Any) -> None:
    """One frame with all marks becomes one retained Mark per followed symbol."""
    async with odd.followed() as (h, venue):
        event = {"e": "markPriceUpdate", "E": odd.START_MS, "p": "100.5", "r": "0.0001", "T": odd.START_MS}
        await venue.tell([{**event, "s": name} for name in ("AUSDT", "BUSDT", "CUSDT")])
        await h.until(lambda: len(h.published(Mark)) == 2)
        assert {mark.symbol for mark in h.published(Mark)} == {"AUSDT", "BUSDT"}


async def test_a_held_symbol_is_followed_whatever_the_settings(odd: Any) -> None:
    """An open position in a symbol that was not asked for makes the feed follow it."""
    async with odd.followed(symbols=("AUSDT",)) as (h, venue):
        at = h.clock.wall()
        one = Decimal(1)
        await h.publish(Position("p", "BUSDT", Side.LONG, one, one, one, one, 5, at, at), writer="exchange")
        await h.until(lambda: any("busdt@kline_1m" in command["params"] for command in venue.commands))
        assert (await h.call("feed.coverage"))["BUSDT"]["bars"] == 50


async def test_an_interval_the_venue_lacks_needs_the_operator(odd: Any) -> None:
    """Candles that the venue does not make cannot be waited for: a person chooses others."""
    async with odd.odd_venue() as (venue, origin), harness(Feed, settings=odd.SETTINGS) as h:
        venue.refuse_interval = True
        await h.publish(VenueAddress(Mode.PAPER, origin, "odd"))
        end = await h.end()
        assert end.cause is Cause.NEEDS_OPERATOR
        assert "feed.settings.interval" in end.sentence


@pytest.mark.parametrize(
    "address", [VenueAddress(Mode.LIVE, "http://127.0.0.1:1", ""), VenueAddress(Mode.PAPER, "", "")]
)
async def test_an_address_of_another_world_is_refused(odd: Any, address: VenueAddress) -> None:
    """In paper mode the feed talks to a paper venue or to nobody."""
    async with harness(Feed, settings=odd.SETTINGS) as h:
        await h.publish(address)
        assert (await h.end()).cause is Cause.NEEDS_OPERATOR


async def test_a_venue_that_is_not_there_is_waited_for(odd: Any) -> None:
    """Nobody listens at the address: not ready, try again."""
    async with harness(Feed, settings=odd.SETTINGS) as h:
        await h.publish(VenueAddress(Mode.PAPER, "http://127.0.0.1:9", ""))
        assert (await h.end()).cause is Cause.NOT_READY
