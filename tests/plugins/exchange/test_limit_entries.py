"""Entries that wait at a limit first, against a real venue process."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.store.kill_switch import write_kill_switch
from qtcore.testing import Harness

pytestmark = pytest.mark.anyio
SYMBOL = "BTCUSDT"


def wish(venue: Any, limit: str, **more: Any) -> dict[str, Any]:
    mark = venue.mark(SYMBOL)
    rounded = {
        name: str((mark * Decimal(away)).quantize(Decimal("0.1")))
        for name, away in (("stop", "0.95"), ("limit", limit))
    }
    asked = {
        "signal_id": "s1",
        "symbol": SYMBOL,
        "side": "long",
        "quantity": "0.010",
        "notional": "1000",
        "stop_trigger": rounded["stop"],
    }
    return asked | {"limit": rounded["limit"], "wait_s": 0.3} | more


async def test_a_limit_that_fills_enters_like_any_other(door: Harness, venue: Any) -> None:
    """One that the market meets is filled at once, behind its stop."""
    entered = await door.call("exchange.enter", wish(venue, "1.01"))
    assert (entered["code"], entered["stop_status"]) == ("filled", "live")
    assert venue.position(SYMBOL) == Decimal("0.010")


async def test_a_limit_that_does_not_fill_is_let_go(door: Harness, venue: Any) -> None:
    """Its time over, the order and its stop are taken back, and asking again says the same."""
    asked = wish(venue, "0.99")
    for _ in range(2):
        entered = await door.call("exchange.enter", asked)
        assert (entered["code"], entered["filled_quantity"]) == ("limit_unfilled", "0")
    assert venue.position(SYMBOL) == 0
    assert venue.stops(SYMBOL) == []
    assert venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL) == []


async def test_a_limit_may_be_followed_by_a_market_order(door: Harness, venue: Any) -> None:
    """Then the signal is filled once, under the same stop, and asking again enters nothing more."""
    asked = wish(venue, "0.99", then_market=True)
    for _ in range(2):
        entered = await door.call("exchange.enter", asked)
        assert (entered["code"], entered["stop_status"]) == ("filled", "live")
    assert venue.position(SYMBOL) == Decimal("0.010")
    assert len(venue.trades(SYMBOL)) == 1


async def test_the_kill_switch_stops_what_would_follow(door: Harness, venue: Any) -> None:
    """Switched while the limit waits, no market order goes out after it."""
    entering = asyncio.create_task(door.call("exchange.enter", wish(venue, "0.99", then_market=True, wait_s=0.8)))
    for _ in range(200):
        if venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL):
            break
        await asyncio.sleep(0.01)
    write_kill_switch(door.home, on=True, who="me", when=door.clock.wall(), why="test")
    entered = await entering
    assert entered["code"] == "limit_unfilled"
    assert venue.position(SYMBOL) == 0


async def test_a_limit_whose_waiter_died_is_taken_back(open_door: Any, venue: Any, tmp_path: Path) -> None:
    """After a restart nobody knows whether its moment is still there, so it must not fill later."""
    home = tmp_path / "home"
    async with open_door(venue.origin, home) as first:
        entering = asyncio.create_task(first.call("exchange.enter", wish(venue, "0.99", wait_s=10.0)))
        for _ in range(200):
            if venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL):
                break
            await asyncio.sleep(0.01)
        entering.cancel()
        await asyncio.wait({entering})
    async with open_door(venue.origin, home) as second:
        for _ in range(500):
            answer = await second.call("exchange.entry", {"signal_id": "s1"})
            if answer["code"] != "order_unknown":
                break
            await asyncio.sleep(0.01)
        assert answer["code"] == "limit_unfilled"
        assert venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL) == []
