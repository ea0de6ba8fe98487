"""The risk guard's word on each entry: beside the stop while it is yes, before everything once it was no."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from anyio import to_thread

from plugins.store import write_kill_switch
from qtcore.testing import Harness

pytestmark = pytest.mark.anyio
SYMBOL, OTHER = "BTCUSDT", "ETHUSDT"
YES = {"approved": True, "reason": "within all limits"}
NO = {"approved": False, "reason": "5 positions are open or about to be (limit 5)"}

Answer = Callable[[dict[str, Any]], Any | Awaitable[Any]]


def wish(venue: Any, signal: str, symbol: str = SYMBOL) -> dict[str, Any]:
    tick, quantity = ("0.1", "0.010") if symbol == SYMBOL else ("0.01", "0.1")
    trigger = (venue.mark(symbol) * Decimal("0.98")).quantize(Decimal(tick))
    asked = {"signal_id": signal, "symbol": symbol, "side": "long", "quantity": quantity}
    return asked | {"notional": "950.5", "stop_trigger": str(trigger)}


async def entered(door: Harness, venue: Any, signal: str, symbol: str = SYMBOL) -> str:
    answer = await door.call("exchange.enter", wish(venue, signal, symbol), timeout_s=15)
    return str(answer["code"])


async def trusting(door: Harness, venue: Any) -> None:
    """The guard has let an entry in."""
    assert await entered(door, venue, "first") == "filled"


def nothing_of(venue: Any, symbol: str) -> bool:
    return venue.position(symbol) == 0 and venue.stops(symbol) == [] and venue.trades(symbol) == []


async def stop_is_there(venue: Any) -> None:
    async with asyncio.timeout(5):
        while not await to_thread.run_sync(venue.stops, OTHER):  # noqa: ASYNC110 - the venue is another program
            await asyncio.sleep(0.005)


async def test_an_unknown_guard_is_asked_before_anything_leaves(door: Harness, venue: Any) -> None:
    """Its refusal is the answer in its own words, and neither the ledger nor the venue has heard of the entry."""
    door.on_call("risk_guard.approve", lambda _: NO)
    answer = await door.call("exchange.enter", wish(venue, "s1"))
    assert (answer["code"], answer["sentence"]) == ("blocked_risk_guard", NO["reason"])
    assert nothing_of(venue, SYMBOL)
    assert await door.call("exchange.intent", {"signal_id": "s1"}) == []


async def test_the_guard_hears_what_the_entry_is_worth_once(door: Harness, venue: Any) -> None:
    """One call for each entry; the same signal again is answered from the books."""
    await trusting(door, venue)
    assert await entered(door, venue, "first") == "filled"
    assert door.calls("risk_guard.approve") == [{"symbol": SYMBOL, "side": "long", "notional": "950.5"}]


async def test_after_a_yes_the_stop_does_not_wait_for_the_next(door: Harness, venue: Any) -> None:
    """The guard answers only once the stop is on the venue, and the entry still comes to it."""
    await trusting(door, venue)

    async def late(_: dict[str, Any]) -> dict[str, Any]:
        await stop_is_there(venue)
        assert venue.position(OTHER) == 0
        return YES

    door.on_call("risk_guard.approve", late)
    assert await entered(door, venue, "s2", OTHER) == "filled"
    assert venue.position(OTHER) == Decimal("0.1")
    assert len(venue.stops(OTHER)) == 1


def refuses(_: dict[str, Any]) -> dict[str, Any]:
    return NO


def fails(_: dict[str, Any]) -> None:
    raise RuntimeError("down")


async def says_nothing(_: dict[str, Any]) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("answer", [refuses, fails, says_nothing])
async def test_without_a_yes_the_entry_never_leaves_and_its_stop_is_taken_back(
    door: Harness, venue: Any, answer: Answer
) -> None:
    """Refused, failed or silent: nothing is bought, nothing rests, and the next entry is asked about first."""
    await trusting(door, venue)
    door.on_call("risk_guard.approve", answer)
    assert await entered(door, venue, "s2", OTHER) == "blocked_risk_guard"
    assert nothing_of(venue, OTHER)

    def looks(_: dict[str, Any]) -> dict[str, Any]:
        assert venue.stops(OTHER) == []
        return YES

    door.on_call("risk_guard.approve", looks)
    assert await entered(door, venue, "s3", OTHER) == "filled"


def pulled(door: Harness) -> None:
    write_kill_switch(door.home, on=True, who="ada", when=datetime(2026, 1, 5, tzinfo=UTC), why="storm")


def tightened(door: Harness) -> None:
    door.posture = "no_entries"


@pytest.mark.parametrize(("act", "code"), [(pulled, "blocked_kill_switch"), (tightened, "blocked_posture")])
async def test_what_happens_while_the_guard_is_asked_still_counts(
    door: Harness, venue: Any, act: Callable[[Harness], None], code: str
) -> None:
    """A kill switch or a posture that comes after the stop and before the guard's yes stops the entry all the same."""
    await trusting(door, venue)

    async def meanwhile(_: dict[str, Any]) -> dict[str, Any]:
        await stop_is_there(venue)
        act(door)
        return YES

    door.on_call("risk_guard.approve", meanwhile)
    assert await entered(door, venue, "s2", OTHER) == code
    assert nothing_of(venue, OTHER)


@pytest.mark.parametrize("first", [False, True])
async def test_two_wishes_for_one_symbol_are_not_both_let_in(door: Harness, venue: Any, first: bool) -> None:
    """Whether the guard is asked before or beside: one of them is filled, the other finds the door or its stop shut."""
    if not first:
        await trusting(door, venue)
    symbol = SYMBOL if first else OTHER
    codes = await asyncio.gather(entered(door, venue, "s2", symbol), entered(door, venue, "s3", symbol))
    assert codes.count("filled") == 1
    assert len(venue.trades(symbol)) == 1
