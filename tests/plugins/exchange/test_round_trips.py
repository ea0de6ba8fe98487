"""From wish to fill and back to flat, against a real venue process."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import Account, Fill, Instrument, Position, StopState, StopStatus
from qtcore.testing import Harness

pytestmark = pytest.mark.anyio
SYMBOL = "BTCUSDT"


def wish(
    venue: Any, signal: str = "s1", side: str = "long", away: str = "0.98", quantity: str = "0.010"
) -> dict[str, Any]:
    trigger = (venue.mark(SYMBOL) * Decimal(away)).quantize(Decimal("0.1"))
    return {
        "signal_id": signal,
        "symbol": SYMBOL,
        "side": side,
        "quantity": quantity,
        "notional": "1000",
        "stop_trigger": str(trigger),
    }


def rows(home: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(home / "exchange.db")) as db:
        return db.execute(query).fetchall()


async def test_an_entry_is_filled_behind_a_live_stop(door: Harness, venue: Any) -> None:
    """The stop is at the venue before the entry, and all three books agree on the fill."""
    entered = await door.call("exchange.enter", wish(venue))
    assert (entered["code"], entered["state"], entered["stop_status"]) == ("filled", "filled", "live")
    assert Decimal(entered["filled_quantity"]) == Decimal("0.010") == venue.position(SYMBOL)
    (stop,) = venue.stops(SYMBOL)
    (trade,) = venue.trades(SYMBOL)
    assert stop["closePosition"] is True
    assert int(stop["algoId"]) < int(trade["orderId"]), "the venue numbers orders as they come"
    (fill,) = door.published(Fill)
    assert (fill.venue_trade_id, fill.client_order_id) == (str(trade["id"]), entered["intent_id"])
    assert (fill.price, fill.fee) == (Decimal(trade["price"]), Decimal(trade["commission"]))
    booked = rows(door.home, "SELECT price, fee, realised_pnl, quantity_after FROM fills")
    assert [tuple(map(Decimal, row)) for row in booked] == [
        (Decimal(trade["price"]), Decimal(trade["commission"]), Decimal(trade["realizedPnl"]), Decimal("0.010"))
    ]


async def test_what_others_read_is_told(door: Harness, venue: Any) -> None:
    """Instruments, account, position and stop are published with the venue's figures."""
    assert {instrument.symbol for instrument in door.published(Instrument)} == {"BTCUSDT", "ETHUSDT"}
    assert (await door.next(Account)).wallet_balance == Decimal(10_000)
    await door.call("exchange.enter", wish(venue, side="short", away="1.02"))
    position, stop = await door.next(Position), await door.next(StopState)
    assert (position.side.value, position.quantity, position.leverage) == ("short", Decimal("0.010"), 5)
    assert position.id == f"{SYMBOL}-{venue.trades(SYMBOL)[0]['id']}"
    assert (stop.status, stop.covers) == (StopStatus.LIVE, Decimal("0.010"))


async def test_a_stop_says_since_when_it_stands_as_it_does(door: Harness, venue: Any) -> None:
    """`since` is when its status was first known: it does not move with each telling, nor with a restart."""
    await door.call("exchange.enter", wish(venue))
    stop = await door.next(StopState)
    assert stop.since is not None
    assert stop.since <= stop.at
    await door.advance(7)
    await door.restart("exchange")
    await door.ready("exchange")
    later = door.published(StopState)[-1]
    assert later.at > stop.at
    assert later.since == stop.since


async def test_g9_the_same_signal_never_enters_twice(door: Harness, venue: Any) -> None:
    """Asking again, even after a restart, gives the first answer and sends nothing."""
    first = await door.call("exchange.enter", wish(venue))
    assert await door.call("exchange.enter", wish(venue)) == first
    await door.restart("exchange")
    await door.ready("exchange")
    assert await door.call("exchange.enter", wish(venue)) == first
    assert len(venue.trades(SYMBOL)) == 1


async def test_a_close_leaves_nothing_behind(door: Harness, venue: Any) -> None:
    """Closing is reduce-only over the whole position; the stop goes with it, and the round trip has its reason."""
    await door.call("exchange.enter", wish(venue))
    await door.next(Position)
    closed = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "maximum_age"})
    assert (closed["state"], Decimal(closed["filled_quantity"])) == ("filled", Decimal("0.010"))
    assert venue.position(SYMBOL) == 0
    await door.until(lambda: not door.published(Position)[-1].quantity)
    assert door.published(Position)[-1].closed_because == "maximum_age"
    await door.until(
        lambda: rows(door.home, "SELECT stop_status FROM intents WHERE purpose = 'stop'") == [("expired",)]
    )
    assert venue.stops(SYMBOL) == []
    again = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"})
    assert again["state"] == "refused"


async def test_x22_a_stop_is_replaced_without_a_gap(door: Harness, venue: Any) -> None:
    """Each replacement is on the venue before its predecessor goes, and it covers the whole position."""
    await door.call("exchange.enter", wish(venue))
    mark = venue.mark(SYMBOL)
    for share in ("0.985", "0.99", "0.992"):
        trigger = (mark * Decimal(share)).quantize(Decimal("0.1"))
        placed = await door.call("exchange.protect", {"symbol": SYMBOL, "trigger": str(trigger), "reason": "trail"})
        assert (placed["state"], placed["stop_status"]) == ("acknowledged", "live")
        (stop,) = venue.stops(SYMBOL)
        assert Decimal(stop["triggerPrice"]) == trigger
        assert stop["closePosition"] or Decimal(stop["quantity"]) == Decimal("0.010")


async def test_a_stop_never_loosens(door: Harness, venue: Any) -> None:
    """A stop further away than the one that is there is refused, and the nearer one stays."""
    await door.call("exchange.enter", wish(venue))
    (before,) = venue.stops(SYMBOL)
    looser = (Decimal(before["triggerPrice"]) * Decimal("0.99")).quantize(Decimal("0.1"))
    answer = await door.call("exchange.protect", {"symbol": SYMBOL, "trigger": str(looser)})
    assert (answer["state"], answer["intent_id"]) == ("refused", None)
    assert venue.stops(SYMBOL) == [before]


async def test_a_limit_takes_the_place_of_a_stop_or_stands_before_it(door: Harness, venue: Any) -> None:
    """Beside it both are there, in its place only the limit; a plain stop takes its place again."""
    await door.call("exchange.enter", wish(venue))
    mark = venue.mark(SYMBOL)
    beside, instead, plain = (
        str((mark * Decimal(share)).quantize(Decimal("0.1"))) for share in ("0.985", "0.982", "0.99")
    )
    limit = str((mark * Decimal("0.97")).quantize(Decimal("0.1")))
    asked = {"symbol": SYMBOL, "trigger": beside, "limit": limit, "beside": True}
    for _ in range(2):
        assert (await door.call("exchange.protect", asked))["stop_status"] == "live"
        assert sorted(stop["orderType"] for stop in venue.stops(SYMBOL)) == ["STOP", "STOP_MARKET"]
    await door.call("exchange.protect", {"symbol": SYMBOL, "trigger": instead, "limit": limit})
    assert sorted(stop["orderType"] for stop in venue.stops(SYMBOL)) == ["STOP", "STOP"]
    (stop,) = [stop for stop in venue.stops(SYMBOL) if Decimal(stop["triggerPrice"]) == Decimal(instead)]
    assert (stop["reduceOnly"], Decimal(stop["quantity"]), Decimal(stop["price"])) == (
        True,
        Decimal("0.010"),
        Decimal(limit),
    )
    await door.call("exchange.protect", {"symbol": SYMBOL, "trigger": plain})
    assert sorted(stop["orderType"] for stop in venue.stops(SYMBOL)) == ["STOP", "STOP_MARKET"]


async def test_a_position_is_brought_down_once(door: Harness, venue: Any) -> None:
    """A part is closed reduce-only; asking again for the same rest does nothing, and the stop still covers it."""
    await door.call("exchange.enter", wish(venue))
    for filled in ("0.005", "0"):
        answer = await door.call("exchange.reduce", {"symbol": SYMBOL, "to": "0.0045", "reason": "take_profit"})
        assert Decimal(answer["filled_quantity"]) == Decimal(filled)
        assert venue.position(SYMBOL) == Decimal("0.005")
    assert len(venue.stops(SYMBOL)) == 1


async def test_f9_a_stop_that_would_fire_at_once_is_refused_with_its_code(door: Harness, venue: Any) -> None:
    """-2021 reaches the caller, and the old stop stays."""
    await door.call("exchange.enter", wish(venue))
    beyond = (venue.mark(SYMBOL) * Decimal("1.01")).quantize(Decimal("0.1"))
    placed = await door.call("exchange.protect", {"symbol": SYMBOL, "trigger": str(beyond)})
    assert (placed["state"], placed["code"]) == ("refused", -2021)
    assert len(venue.stops(SYMBOL)) == 1


async def test_a_take_profit_stands_beside_the_stop(door: Harness, venue: Any) -> None:
    """Stop and take-profit guard the same position without disturbing each other."""
    await door.call("exchange.enter", wish(venue))
    trigger = (venue.mark(SYMBOL) * Decimal("1.03")).quantize(Decimal("0.1"))
    placed = await door.call("exchange.take_profit", {"symbol": SYMBOL, "trigger": str(trigger)})
    assert placed["stop_status"] == "live"
    assert sorted(stop["orderType"] for stop in venue.stops(SYMBOL)) == ["STOP_MARKET", "TAKE_PROFIT_MARKET"]


async def test_no_stop_no_entry(door: Harness, venue: Any) -> None:
    """When the venue refuses the stop, nothing is entered."""
    entered = await door.call("exchange.enter", wish(venue, away="1.02"))
    assert (entered["code"], entered["venue_code"]) == ("stop_refused", -2021)
    assert venue.trades(SYMBOL) == []


async def test_a_refused_entry_takes_its_stop_back(door: Harness, venue: Any) -> None:
    """Too little margin for the entry: refused, and no orphan stays at the venue."""
    entered = await door.call("exchange.enter", wish(venue, quantity="50"))
    assert (entered["code"], entered["venue_code"]) == ("order_refused", -2019)
    assert venue.stops(SYMBOL) == []
    assert rows(door.home, "SELECT purpose, state FROM intents ORDER BY purpose") == [
        ("entry", "refused"),
        ("stop", "cancelled"),
    ]


async def test_f15_a_triggered_stop_is_filled_only_when_its_order_is(door: Harness, venue: Any) -> None:
    """The stop fires in the market, its child order's fill is booked to it, and the reason is `stop`."""
    await door.call("exchange.enter", wish(venue, away="0.9995"))
    for _ in range(400):
        venue.advance()
        if not venue.position(SYMBOL):
            break
    await door.call("exchange.reconcile")
    closed = [position for position in door.published(Position) if not position.quantity]
    assert closed[-1].closed_because == "stop"
    (row,) = rows(door.home, "SELECT state, stop_status, filled_quantity FROM intents WHERE purpose = 'stop'")
    assert row == ("filled", "filled", "0.010")
    assert len(rows(door.home, "SELECT * FROM fills")) == len(venue.trades(SYMBOL)) == 2


async def test_a_position_told_by_an_old_word_of_the_venue_ends_once_that_is_over(door: Harness, venue: Any) -> None:
    """Its end was told; then a venue that answers with what was makes it open again, until it answers with what is."""
    await door.call("exchange.enter", wish(venue))
    await door.until(lambda: any(position.quantity for position in door.published(Position)))
    venue.fault("stale_snapshot", seconds=60)
    await door.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"})
    await door.until(lambda: last_told(door) == 0)
    for _ in range(20):
        await door.call("exchange.reconcile")
        if last_told(door) != 0:
            break
    assert last_told(door) == Decimal("0.010")
    venue.clear_faults()
    await door.call("exchange.reconcile")
    assert last_told(door) == 0
    assert await door.call("exchange.positions") == []


def last_told(door: Harness) -> Decimal:
    return door.published(Position)[-1].quantity
