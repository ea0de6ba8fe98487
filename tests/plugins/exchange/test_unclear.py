"""Replies that do not come: nothing is sent twice, and only proof ends the doubt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.exchange import condition
from plugins.exchange.kinds import STALE, UNCLEAR
from plugins.store import write_kill_switch
from qtcore import CallFailed
from qtcore.testing import Harness

pytestmark = pytest.mark.anyio
SYMBOL = "BTCUSDT"
QUICK = {"recv_window_ms": 400, "order_timeout_s": 0.6, "resolve_s": 5.0}


@pytest.fixture
async def wire(venue: Any, lossy: Any) -> AsyncIterator[Any]:
    async with lossy.lossy_wire(venue.origin) as relay:
        yield relay


@pytest.fixture
async def door(wire: Any, tmp_path: Path, open_door: Any) -> AsyncIterator[Harness]:
    async with open_door(wire.origin, tmp_path / "home", **QUICK) as h:
        yield h


def wish(venue: Any, signal: str = "s1") -> dict[str, Any]:
    trigger = (venue.mark(SYMBOL) * Decimal("0.98")).quantize(Decimal("0.1"))
    return {
        "signal_id": signal, "symbol": SYMBOL, "side": "long", "quantity": "0.010", "notional": "1000",
        "stop_trigger": str(trigger),
    }  # fmt: skip


@pytest.mark.parametrize("loss", ["REPLY", "SILENCE"])
async def test_an_entry_whose_reply_is_lost_is_found_filled(
    door: Harness, venue: Any, wire: Any, lossy: Any, loss: str
) -> None:
    """The venue filled it, the answer never came: the venue is asked, and the entry counts once."""
    wire.lose("POST /fapi/v1/order", lossy.Loss[loss])
    entered = await door.call("exchange.enter", wish(venue), timeout_s=10)
    assert wire.lost
    assert (entered["code"], Decimal(entered["filled_quantity"])) == ("filled", Decimal("0.010"))
    assert len(venue.trades(SYMBOL)) == 1
    assert len(venue.stops(SYMBOL)) == 1


async def test_an_entry_that_never_arrived_is_proven_absent(door: Harness, venue: Any, wire: Any, lossy: Any) -> None:
    """The request was lost on the way: after its window the venue's no is proof, and the stop is taken back."""
    wire.lose("POST /fapi/v1/order", lossy.Loss.REQUEST)
    entered = await door.call("exchange.enter", wish(venue), timeout_s=10)
    assert (entered["state"], entered["code"]) == ("never_happened", "order_refused")
    assert venue.trades(SYMBOL) == []
    assert venue.stops(SYMBOL) == []


@pytest.mark.parametrize("loss", ["REPLY", "REQUEST"])
async def test_a_stop_in_doubt_is_cleared_up_before_the_entry(
    door: Harness, venue: Any, wire: Any, lossy: Any, loss: str
) -> None:
    """If the stop turns out to be there, the entry follows; if it never was, there is no entry."""
    wire.lose("POST /fapi/v1/algoOrder", lossy.Loss[loss])
    entered = await door.call("exchange.enter", wish(venue), timeout_s=10)
    arrived = loss == "REPLY"
    assert entered["code"] == ("filled" if arrived else "stop_refused")
    assert len(venue.trades(SYMBOL)) == len(venue.stops(SYMBOL)) == int(arrived)


@pytest.mark.parametrize("loss", ["REPLY", "REQUEST"])
async def test_an_exit_in_doubt_ends_flat_and_closes_once(
    door: Harness, venue: Any, wire: Any, lossy: Any, loss: str
) -> None:
    """A close whose answer is lost is looked up; one that never arrived is sent again under a new id."""
    await door.call("exchange.enter", wish(venue))
    wire.lose("POST /fapi/v1/order", lossy.Loss[loss])
    closed = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"}, timeout_s=20)
    assert wire.lost
    assert venue.position(SYMBOL) == 0
    assert closed["state"] == "filled"
    assert len(venue.trades(SYMBOL)) == 2


async def test_a_venue_that_goes_and_comes_back_is_reconciled(door: Harness, venue: Any, wire: Any) -> None:
    """While the venue is away health gets worse by itself and entries are refused; afterwards all is known again."""
    await door.call("exchange.enter", wish(venue))
    wire.cut = True
    wire.break_all()
    refused = await door.call(
        "exchange.enter", wish(venue, "s2") | {"symbol": "ETHUSDT", "quantity": "0.1"}, timeout_s=10
    )
    assert refused["code"] != "filled"
    venue.order_by_hand(SYMBOL, "SELL", "0.010", reduceOnly="true")
    wire.cut = False
    reconciled = await door.call("exchange.reconcile", timeout_s=20)
    assert (reconciled["positions"], reconciled["fills"]) == (0, 2)


async def test_h10_a_kill_between_stop_and_entry_keeps_the_entry_at_home(
    door: Harness, venue: Any, wire: Any, lossy: Any
) -> None:
    """The switch is pulled while the stop's answer is awaited: no entry leaves, and the stop is taken back."""
    wire.lose("POST /fapi/v1/algoOrder", lossy.Loss.REPLY)
    async with asyncio.TaskGroup() as tasks:
        entering = tasks.create_task(door.call("exchange.enter", wish(venue), timeout_s=10))
        await door.until(lambda: bool(wire.lost))
        write_kill_switch(door.home, on=True, who="ada", when=datetime.now(UTC), why="storm")
    assert entering.result()["code"] == "blocked_kill_switch"
    assert venue.trades(SYMBOL) == []
    assert venue.stops(SYMBOL) == []


async def look_for(door: Harness, seconds: float) -> None:
    """So much virtual time, in the steps in which the door looks."""
    for _ in range(int(seconds * 4)):
        await door.advance(0.25)
        await door.run_timer("watch")


async def test_c7_an_answer_about_the_account_that_is_out_is_told_and_taken_back(
    door: Harness, venue: Any, wire: Any, lossy: Any
) -> None:
    """It is told while the question is still out, high since something is held; the next answer ends it."""
    await door.call("exchange.enter", wish(venue))
    await door.call("exchange.reconcile")
    await look_for(door, 5)
    assert STALE.code not in door.findings
    for _ in range(10):
        wire.lose("GET /fapi/v3/positionRisk", lossy.Loss.SILENCE)
    asking = asyncio.create_task(door.call("exchange.reconcile", timeout_s=20))
    await door.until(lambda: bool(wire.lost))
    await look_for(door, 4)
    told = door.findings[STALE.code]
    assert (told.severity, told.healable, "has owed an answer" in told.summary) == ("high", False, True)
    wire.losses.clear()
    with suppress(CallFailed):
        await asking
    await door.call("exchange.reconcile", timeout_s=20)
    await look_for(door, 1)
    assert STALE.code not in door.findings


async def test_f15_an_order_in_doubt_is_told_while_somebody_still_looks_for_proof(
    door: Harness, venue: Any, wire: Any, lossy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the order nor questions about it are answered: that is said, and taken back once there is proof."""
    monkeypatch.setattr(condition, "UNCLEAR_S", 0.2)
    wire.lose("POST /fapi/v1/order", lossy.Loss.REPLY)
    for _ in range(40):
        wire.lose("GET /fapi/v1/order", lossy.Loss.REPLY)
    async with asyncio.TaskGroup() as tasks:
        entering = tasks.create_task(door.call("exchange.enter", wish(venue), timeout_s=15))
        await door.until(lambda: len(wire.lost) > 6)
        await look_for(door, 1)
        told = door.findings[UNCLEAR.code]
        assert (told.severity, told.healable) == ("high", False)
        assert told.evidence["asked_in_vain"]
        wire.losses.clear()
    assert entering.result()["code"] == "filled"
    await look_for(door, 1)
    assert UNCLEAR.code not in door.findings
