"""Streams that fall silent are noticed within seconds and mended step by step, with real data or none."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Candle, Mark, Position, Side, Succession, succession
from plugins.feed.ages import Fault
from plugins.feed.kinds import MUTE, POLLING, STALE
from plugins.feed.recovery import Sight, Step, next_step

pytestmark = pytest.mark.anyio

SIGHTS = st.builds(
    Sight,
    connected=st.booleans(),
    away=st.booleans(),
    silent=st.booleans(),
    mute=st.lists(st.sampled_from(["marks", "BTCUSDT"]), max_size=2).map(tuple),
)


@given(SIGHTS)
def test_every_ladder_ends_and_climbs(sight: Sight) -> None:
    """Each step is taken once, gentler ones first; nothing is done while all is well."""
    tried: list[Step] = []
    while (step := next_step(sight, tried)) is not None:
        tried.append(step)
        assert len(tried) <= len(Step)
    order = list(Step)
    assert all(order.index(a) < order.index(b) for a, b in pairwise(tried))
    assert not (sight.well and tried)
    assert not (sight.connected and sight.silent and Step.RESUBSCRIBE in tried)


def at(odd: Any, minutes: float) -> datetime:
    return datetime.fromtimestamp(odd.START_MS / 1000 + 60 * minutes, UTC)


async def pass_time(h: Any, seconds: float, *, meanwhile: Any = None) -> None:
    """Virtual time in half seconds, with room for sockets in between."""
    for _ in range(int(seconds * 2)):
        if meanwhile is not None:
            await meanwhile()
        await asyncio.sleep(0.01)
        await h.advance(0.5)


async def test_a_socket_that_carries_nothing_is_noticed_within_three_seconds(odd: Any) -> None:
    """The streams of one frame a second stop while the socket stays open: said, and dialled anew."""
    async with odd.followed(patience_s=0.2) as (h, venue):
        h.set_market(at(odd, 60), speed=1)
        await pass_time(h, 5, meanwhile=venue.tell_marks)
        assert MUTE.code not in h.findings
        await pass_time(h, 3)
        assert "open and has carried nothing" in h.findings[MUTE.code].summary
        await h.until(lambda: len(venue.sockets) == 2)
        await pass_time(h, 2, meanwhile=venue.tell_marks)
        assert MUTE.code not in h.findings


async def test_marks_that_stop_while_candles_flow_are_asked_for_anew_then_dialled_then_polled(odd: Any) -> None:
    """One mute stream of several: subscribe, then dial, then REST, labelled; and the streams again when they are
    back."""
    async with odd.followed(patience_s=0.1, poll_s=0.02) as (h, venue):
        h.set_market(at(odd, 60), speed=1)
        await pass_time(h, 3, meanwhile=venue.tell_forming)
        assert h.findings[MUTE.code].evidence["mute"] == ["marks"]
        await h.until(lambda: "UNSUBSCRIBE" in [command["method"] for command in venue.commands])
        for _ in range(10):
            await pass_time(h, 1, meanwhile=venue.tell_forming)
        await h.until(lambda: len(venue.sockets) >= 2 and len(venue.polls) > 2)
        await h.until(lambda: len(h.published(Mark)) > 2)
        assert h.published(Mark)[-1].price == Decimal("99.5")
        said = await h.health()
        assert (said.status, said.facts["transport"]) == ("degraded", "rest")
        assert [finding.code for finding in said.findings] == [POLLING.code]

        async def all_streams() -> None:
            await venue.tell_forming()
            await venue.tell_marks()

        await pass_time(h, 3, meanwhile=all_streams)
        said = await h.health()
        assert (said.status, said.facts["transport"], MUTE.code in h.findings) == ("healthy", "stream", False)


async def test_what_an_ended_life_said_of_silence_is_taken_back_once_streams_bring_something(odd: Any) -> None:
    """The feed is restarted while its streams are mute: the finding must not outlive them."""
    async with odd.followed(patience_s=0.2) as (h, venue):
        h.set_market(at(odd, 60), speed=1)
        await pass_time(h, 2, meanwhile=venue.tell_marks)
        await pass_time(h, 3)
        assert MUTE.code in h.findings
        await h.restart()
        await pass_time(h, 3, meanwhile=venue.tell_marks)
        assert MUTE.code not in h.findings


async def test_a_venue_that_takes_no_socket_is_polled_without_loss(odd: Any) -> None:
    """No websocket at all: candles come by REST, each once, in order, none made up."""
    async with odd.followed(patience_s=0.1, poll_s=0.01) as (h, venue):
        h.set_market(at(odd, 60), speed=60)
        venue.refuse_sockets = True
        await venue.sockets[-1].close()
        await pass_time(h, 1)
        await h.until(lambda: len(venue.polls) > 0)
        for number in range(60, 64):
            venue.bars = number + 1
            h.set_market(at(odd, number + 1.5), speed=0)
            await h.until(lambda number=number: odd.numbers(h)[-1:] == [number])
        live = [candle for candle in h.published(Candle) if candle.symbol == "AUSDT"]
        assert odd.numbers(h) == [60, 61, 62, 63]
        assert all(succession(a, b) is Succession.NEXT for a, b in pairwise(live))
        assert (await h.health()).findings[0].code == POLLING.code


async def test_heal_goes_through_the_ladder(odd: Any) -> None:
    """Stale data is a healable finding; each heal does what has not been tried yet."""
    async with odd.followed(patience_s=0.1, mute_after_s=1e6, timers=False) as (h, venue):
        assert (await h.health()).status == "healthy"
        h.set_market(at(odd, 61), speed=60)
        await h.advance(3)
        stale = (await h.health()).findings[0]
        assert (stale.code, stale.healable) == (STALE.code, True)
        venue.bars = 64
        done = await h.heal(stale)
        assert done.startswith(Step.RESUBSCRIBE.value)
        await h.until(lambda: odd.numbers(h) == [60, 61, 62, 63])
        assert Step.RECONNECT.value in done + await h.heal(stale)
        await h.until(lambda: len(venue.sockets) == 2)


async def test_c3_one_frozen_symbol_is_named(odd: Any) -> None:
    """One symbol stands still while the other moves: it alone is stale, with its ages."""
    async with odd.followed(mark_stale_s=2.0) as (h, venue):
        h.set_market(at(odd, 60), speed=1)
        venue.frozen = {"AUSDT"}

        async def only_one() -> None:
            await venue.tell_marks("BUSDT")

        await pass_time(h, 4, meanwhile=only_one)
        said = await h.health()
        assert (said.status, said.facts["stale"]) == ("degraded", ["AUSDT"])
        told = h.findings[STALE.code]  # at once, not with the next health
        assert (told.healable, told.cause) == (False, Fault.VENUE.value)
        assert (said.findings[0].healable, said.findings[0].cause) == (False, Fault.VENUE.value)
        venue.frozen.clear()
        await pass_time(h, 6, meanwhile=venue.tell_marks)
        assert STALE.code not in h.findings


async def test_c3_a_symbol_that_stands_still_is_as_old_after_a_restart(odd: Any) -> None:
    """It is the time of the event that counts, not that it is the first of its kind which a new life hears."""
    async with odd.followed(mark_stale_s=5.0) as (h, venue):
        h.set_market(at(odd, 60), speed=1)
        venue.frozen = {"AUSDT"}
        venue.mark_ms = odd.START_MS + 60 * 60_000
        await h.restart()

        async def only_one() -> None:
            await venue.tell_marks("BUSDT")

        await pass_time(h, 1, meanwhile=only_one)
        assert (await h.health()).facts["stale"] == ["AUSDT"]
        assert h.findings[STALE.code].summary == "market data of AUSDT is stale"


async def test_c3_candles_that_stood_still_before_a_restart_are_old_after_it(odd: Any) -> None:
    """History ends 59 minutes ago: loaded just now, it is as old all the same."""
    async with odd.followed() as (h, _venue):
        h.set_market(at(odd, 120), speed=1)
        await h.restart()
        await h.ready()
        said = await h.health()
        assert said.facts["stale"] == ["AUSDT", "BUSDT"]
        assert said.findings[0].evidence["candle_age_s"]["AUSDT"] >= 59 * 60


async def test_c2_a_venue_that_refuses_to_say_is_no_reason_to_start_anew(odd: Any) -> None:
    """Neither streams nor REST: the venue is named, and no act of the supervisor is asked for."""
    async with odd.followed(mark_stale_s=2.0, patience_s=0.1) as (h, venue):
        h.set_market(at(odd, 60), speed=1)
        await pass_time(h, 1, meanwhile=venue.tell_marks)
        venue.rest_fails = True

        async def silent() -> None:
            await venue.tell_forming()

        await pass_time(h, 6, meanwhile=silent)
        assert MUTE.code in h.findings
        await h.until(lambda: any("in vain" in str(line) for line in h.logs))
        (stale,) = (await h.health()).findings
        assert (stale.code, stale.healable, stale.cause) == (STALE.code, False, Fault.SILENT.value)


async def test_streams_that_tell_old_times_are_asked_anew_where_rest_tells_newer_ones(odd: Any) -> None:
    """Frames come, so nothing is silent; the venue has newer data by REST: taken, and the streams asked for anew."""
    async with odd.followed(mark_stale_s=2.0) as (h, venue):
        h.set_market(at(odd, 60), speed=1)
        await pass_time(h, 1, meanwhile=venue.tell_marks)
        asked = len(venue.polls)

        async def old() -> None:
            venue.mark_ms -= 1000
            await venue.tell_marks()

        await pass_time(h, 4, meanwhile=old)
        await h.until(lambda: len(venue.polls) > asked)
        await h.until(lambda: "UNSUBSCRIBE" in [command["method"] for command in venue.commands])


async def test_c6_a_frozen_time_stamp_is_stale(odd: Any) -> None:
    """Frames come each second but their time stands still: nobody looked at the price again."""
    async with odd.followed(mark_stale_s=2.0) as (h, venue):
        h.set_market(at(odd, 60), speed=1)
        venue.frozen = {*venue.names}

        async def frozen() -> None:
            venue.mark_ms -= 1000
            await venue.tell_marks()

        await venue.tell_marks()
        await pass_time(h, 4, meanwhile=frozen)
        assert (await h.health()).facts["stale"] == ["AUSDT", "BUSDT"]


async def test_c7_symbols_with_an_open_position_come_first(odd: Any) -> None:
    """When everything must be asked for again, the symbols in which money is at stake are asked for first."""
    names = [f"S{number}USDT" for number in range(12)]
    async with odd.followed(names=names) as (h, venue):
        when = h.clock.wall()
        one = Decimal(1)
        await h.publish(Position("p", "S9USDT", Side.LONG, one, one, one, one, 5, when, when), writer="exchange")
        h.set_market(at(odd, 64), speed=0)
        venue.bars = 62
        venue.asked.clear()
        await h.call("feed.resubscribe")
        assert venue.asked[0]["symbol"] == "S9USDT"
        assert venue.commands[-1]["params"][0] == "s9usdt@kline_1m"


@pytest.mark.parametrize(("setting", "value"), [("stale_after_periods", 1.0), ("mute_after_s", 1.0)])
async def test_c9_a_limit_below_the_period_is_refused(odd: Any, setting: str, value: float) -> None:
    """Something that comes once a period cannot be asked to be younger than one and a half of them."""
    with pytest.raises(ValueError, match=r"greater than or equal to 1\.5"):
        odd.Feed.settings_type()(**{setting: value})


async def test_x19_c5_nothing_is_made_up_while_the_venue_is_away(odd: Any) -> None:
    """With neither socket nor REST nothing is published, however long it takes."""
    async with odd.followed(patience_s=0.05, poll_s=0.01) as (h, venue):
        h.set_market(at(odd, 60), speed=60)
        venue.refuse_sockets = venue.refuse_interval = True
        venue.names = []
        before = len(h.published(Candle)), len(h.published(Mark))
        await venue.sockets[-1].close()
        await pass_time(h, 20)
        assert (len(h.published(Candle)), len(h.published(Mark))) == before
        assert (await h.health()).status == "critical"
