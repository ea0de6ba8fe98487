"""What went wrong in the original at the venue, by its id in the catalogue, done to this door."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

from plugins.domain import Mode, Position, VenueAddress
from plugins.exchange import ExchangePlugin
from qtcore.testing import Harness, Plug, harness

pytestmark = pytest.mark.anyio
SYMBOL = "BTCUSDT"


def wish(venue: Any, **changed: Any) -> dict[str, Any]:
    trigger = (venue.mark(SYMBOL) * Decimal("0.98")).quantize(Decimal("0.1"))
    asked = {
        "signal_id": "s1",
        "symbol": SYMBOL,
        "side": "long",
        "quantity": "0.010",
        "notional": "1000",
        "stop_trigger": str(trigger),
    }
    return asked | changed


async def test_a6_a_key_that_the_venue_refuses_asks_for_a_person(venue: Any, tmp_path: Path) -> None:
    """-2015 ends the start with what is needed; a bad key is not tried for ever while all else looks healthy."""
    venue.fault("refusal", code="-2015", path="/fapi/v1/positionSide/dual", method="GET")
    async with harness(Plug(ExchangePlugin, "exchange"), home=tmp_path, timers=False) as h:
        await h.publish(VenueAddress(Mode.PAPER, venue.origin, "test"))
        ended = await h.end("exchange")
        assert "does not accept the API key" in ended.sentence
        assert ended.cause == "needs_operator" or "operator" in str(ended.cause)


async def test_f16_a_refusal_for_want_of_margin_is_told_and_not_repeated(door: Harness, venue: Any) -> None:
    """The caller hears -2019 once, the stop is taken back, and the same wish is not sent again."""
    huge = wish(venue, quantity="100.000")
    answer = await door.call("exchange.enter", huge)
    assert (answer["code"], answer["venue_code"], answer["state"]) == ("order_refused", -2019, "refused")
    assert venue.stops(SYMBOL) == []
    assert await door.call("exchange.enter", huge) == answer
    assert len(venue.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL)) <= 1


async def test_f17_a_close_can_never_open(door: Harness, venue: Any) -> None:
    """The position went away by another hand while the close was on its way: nothing is opened on the other side."""
    await door.call("exchange.enter", wish(venue))
    await door.next(Position)
    venue.order_by_hand(SYMBOL, "SELL", "0.010", reduceOnly="true")
    venue.fault("stale_snapshot", seconds=1)  # begins after: the door's own list is what is old here
    await door.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"}, timeout_s=15)
    venue.clear_faults()
    assert venue.position(SYMBOL) == 0
    asked = venue.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL)
    assert all(order["reduceOnly"] for order in asked if order["clientOrderId"].startswith("qt-p-x-"))


async def test_f18_leverage_is_read_back(door: Harness, venue: Any) -> None:
    """What the venue says it is now counts, not that the request was sent."""
    await door.call("exchange.enter", wish(venue))
    (row,) = [row for row in venue.signed("GET", "/fapi/v1/symbolConfig") if row["symbol"] == SYMBOL]
    assert int(row["leverage"]) == 5
    assert (await door.next(Position)).leverage == 5


async def test_f22_two_closers_close_once(door: Harness, venue: Any) -> None:
    """Whoever asks second finds nothing left; the position does not turn over."""
    await door.call("exchange.enter", wish(venue))
    await door.next(Position)
    answers: list[Any] = []

    async def close(reason: str) -> None:
        answers.append(await door.call("exchange.close", {"symbol": SYMBOL, "reason": reason}, timeout_s=15))

    async with anyio.create_task_group() as tasks:
        for reason in ("maximum_age", "operator", "flatten"):
            tasks.start_soon(close, reason)
    assert sorted(answer["state"] for answer in answers) == ["filled", "refused", "refused"]
    assert (venue.position(SYMBOL), len(venue.trades(SYMBOL))) == (0, 2)


async def test_g2_what_another_hand_closed_is_closed_here(door: Harness, venue: Any) -> None:
    """The venue's account is the truth: its stop goes, and the round trip is booked with its fills."""
    await door.call("exchange.enter", wish(venue))
    await door.next(Position)
    venue.order_by_hand(SYMBOL, "SELL", "0.010", reduceOnly="true")
    await door.until(lambda: not door.published(Position)[-1].quantity)
    assert await door.call("exchange.positions") == []
    assert (await door.call("exchange.reconcile"))["fills"] == 2


async def test_g16_positions_that_were_there_before_are_told_before_ready(
    venue: Any, tmp_path: Path, open_door: Any
) -> None:
    """Nobody starts with an empty book while the account is not: what is held is told with the first reconciliation."""
    venue.order_by_hand(SYMBOL, "BUY", "0.020")
    async with open_door(venue.origin, tmp_path / "home") as h:
        assert h.published(Position)[-1].quantity == Decimal("0.020")
        refused = await h.call("exchange.enter", wish(venue))
        assert refused["code"] == "blocked_position_held"


async def test_x24_a_doubtful_order_is_never_sent_under_another_id(door: Harness, venue: Any) -> None:
    """The original tried again with another quote asset on any error; here every order of a signal has one id."""
    venue.fault("unknown_outcome", path="/fapi/v1/order", method="POST", executed=True)
    await door.call("exchange.enter", wish(venue), timeout_s=20)
    await door.call("exchange.enter", wish(venue), timeout_s=20)
    entries = {order["clientOrderId"] for order in venue.signed("GET", "/fapi/v1/allOrders", symbol=SYMBOL)}
    assert len([name for name in entries if name.startswith("qt-p-e-")]) == 1
    assert venue.position(SYMBOL) == Decimal("0.010")
