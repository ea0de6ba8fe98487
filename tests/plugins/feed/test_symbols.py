"""Which symbols are followed, and what can be asked about them."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Position, Side, Succession, VenueAddress, candles_of, market_ms, succession
from plugins.feed.kinds import MISSING
from plugins.feed.order import SLACK, followed, held_first
from qtcore import CallFailed
from qtcore.kernel.words import Cause
from qtcore.testing import harness

pytestmark = pytest.mark.anyio
LETTERS = st.sampled_from("ABCDEFGHIJ")


@given(st.permutations("ABCDEFGHIJ"), st.sets(LETTERS), st.sets(LETTERS), st.integers(1, 6))
def test_the_best_are_followed_and_none_flaps(ranked: list[str], now: set[str], held: set[str], most: int) -> None:
    """No more than there are places but for held ones; who is near stays; asking again changes nothing."""
    chosen = followed(ranked, now, held, most)
    assert len(set(chosen) - held) <= most
    assert held <= set(chosen)
    free = [symbol for symbol in ranked if symbol not in held]
    assert {*free[:1]} <= {*chosen} or sum(symbol in free[: int(most * SLACK)] for symbol in now) >= most
    assert set(followed(ranked, set(chosen), held, most)) == set(chosen)


@given(st.lists(LETTERS, unique=True), st.sets(LETTERS))
def test_held_symbols_stand_first(symbols: list[str], held: set[str]) -> None:
    """Everybody is there once, whoever is held before everybody else."""
    ordered = held_first(symbols, held)
    assert sorted(ordered) == sorted(symbols)
    assert [symbol in held for symbol in ordered] == sorted((symbol in held for symbol in symbols), reverse=True)


async def test_history_goes_back_page_by_page(odd: Any) -> None:
    """Pages before the first candle that is known join without hole, until the venue has no more."""
    async with odd.followed() as (h, _):
        kept = candles_of(await h.call("feed.history", {"symbol": "AUSDT", "limit": 1000}))
        assert len(kept) == 50
        pages = [kept]
        while pages[0]:
            argument = {"symbol": "AUSDT", "limit": 4, "before_ms": market_ms(pages[0][0].opened_at)}
            pages.insert(0, candles_of(await h.call("feed.history", argument)))
        together = [candle for page in pages for candle in page]
        assert len(together) == 60
        assert all(succession(a, b) is Succession.NEXT for a, b in pairwise(together))


async def test_another_interval_comes_from_the_venue(odd: Any) -> None:
    """A length of candle that is not kept is asked for; what is still forming is left out."""
    async with odd.followed() as (h, venue):
        answer = await h.call("feed.history", {"symbol": "AUSDT", "limit": 9, "interval": "5m"})
        assert answer["interval_s"] == 300
        assert venue.asked[-1]["interval"] == "5m"


async def test_history_gives_way_to_trading(odd: Any) -> None:
    """When half of the minute's request weight is used, pages are refused with a hint, not queued."""
    async with odd.followed(weight_ceiling=10) as (h, venue):
        venue.used_weight = 6
        await h.call("feed.resubscribe")
        with pytest.raises(CallFailed, match="request weight"):
            await h.call("feed.history", {"symbol": "AUSDT", "limit": 9, "before_ms": odd.START_MS})


async def test_a_symbol_that_the_venue_settles_is_let_go(odd: Any) -> None:
    """What trades no more is followed no more, so that it does not look stale for ever."""
    async with odd.followed() as (h, venue):
        venue.status["BUSDT"] = "SETTLING"
        assert await h.call("feed.refresh") == {"came": [], "went": ["BUSDT"]}
        assert list(await h.call("feed.coverage")) == ["AUSDT"]
        assert venue.commands[-1] == {**venue.commands[-1], "method": "UNSUBSCRIBE", "params": ["busdt@kline_1m"]}


async def test_a_held_symbol_that_is_settled_stays(odd: Any) -> None:
    """As long as a position is open its data is kept, whatever the venue or the ranking say."""
    async with odd.followed() as (h, venue):
        when, one = h.clock.wall(), Decimal(1)
        await h.publish(Position("p", "BUSDT", Side.LONG, one, one, one, one, 5, when, when), writer="exchange")
        venue.status["BUSDT"] = "SETTLING"
        assert await h.call("feed.refresh") == {"came": [], "went": []}


async def test_the_most_traded_are_followed(odd: Any) -> None:
    """With fewer places than symbols the turnover of a day decides, and a newcomer that overtakes is taken."""
    names = ["AUSDT", "BUSDT", "CUSDT"]
    async with odd.odd_venue() as (venue, origin), harness(odd.Feed, settings=odd.SETTINGS | {"max_symbols": 1}) as h:
        venue.names, venue.turnover = names, {"AUSDT": 3, "BUSDT": 2, "CUSDT": 1}
        h.set_market(odd.START, speed=0)
        await h.publish(VenueAddress(odd.Mode.PAPER, origin, "odd"))
        await h.ready()
        assert list(await h.call("feed.coverage")) == ["AUSDT"]
        venue.turnover = {"CUSDT": 9, "BUSDT": 8, "AUSDT": 1}
        assert await h.call("feed.refresh") == {"came": ["CUSDT"], "went": ["AUSDT"]}


async def test_a13_fewer_symbols_than_configured_is_said(odd: Any) -> None:
    """ "3 configured, 2 followed": a misspelt or delisted name does not pass in silence."""
    async with odd.followed(symbols=("AUSDT", "BUSDT", "OOPSUSDT")) as (h, _):
        said = await h.health()
        assert (said.status, said.findings[0].code) == ("degraded", MISSING.code)
        assert said.findings[0].summary == "3 symbols are configured, 2 are followed"
        assert said.findings[0].evidence["missing"] == ["OOPSUSDT"]


async def test_c12_names_in_other_scripts_break_nothing(odd: Any) -> None:
    """The venue lists contracts such as 币安人生USDT; they are not followed, everything else is."""
    async with odd.followed(names=["AUSDT", "币安人生USDT"]) as (h, _):
        assert list(await h.call("feed.coverage")) == ["AUSDT"]


async def test_spreads_are_part_of_coverage(odd: Any) -> None:
    """Best bid and ask, as a part of their middle, stand beside turnover and movement."""
    async with odd.followed() as (h, _):
        await h.run_timer("look_at_spreads")
        row = (await h.call("feed.coverage"))["AUSDT"]
        assert row["spread"] == pytest.approx(0.02)
        assert (row["bars"], row["empty"]) == (50, 0)
        assert row["movement"] == pytest.approx(3 / 101)


async def test_settled_funding_is_told_of_followed_symbols(odd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All pages of it, to the hour, oldest first; a page that ends within an hour loses nothing."""
    monkeypatch.setattr("plugins.feed.rest.FUNDING_PAGE", 4)
    async with odd.followed() as (h, venue):
        since_ms = odd.START_MS + 2 * 3_600_000
        rows = (await h.call("feed.funding", {"since_ms": since_ms}))["settled"]
        expected = [
            [odd.START_MS + hour * 3_600_000, name, hour / 10_000] for hour in (2, 3, 4, 5) for name in venue.names
        ]
        assert rows == expected
        assert len(venue.funding_asked) > 2


@pytest.mark.parametrize(("mode", "origin"), [("live", "http://127.0.0.1:1"), ("paper", ""), ("testnet", "")])
async def test_a3_a9_prices_of_another_world_are_refused(odd: Any, mode: str, origin: str) -> None:
    """Prices come from the very venue on which orders are placed, or from nowhere."""
    async with harness(odd.Feed, settings=odd.SETTINGS) as h:
        await h.publish(VenueAddress(odd.Mode(mode), origin, ""))
        assert (await h.end()).cause is Cause.NEEDS_OPERATOR


async def test_a_request_without_answer_holds_up_nobody_else(odd: Any) -> None:
    """While one page waits for the venue, candles go out."""
    async with odd.followed() as (h, venue):
        venue.delay = asyncio.Event()
        page = asyncio.create_task(
            h.call("feed.history", {"symbol": "AUSDT", "limit": 5, "before_ms": odd.START_MS + 10**7})
        )
        await venue.close_bars(60, send=(60,))
        await h.until(lambda: odd.numbers(h) == [60])
        assert not page.done()
        venue.delay.set()
        await page
