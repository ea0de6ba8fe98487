"""What stands at the door, and what never does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from plugins.domain import Mode, Position, Purpose, VenueAddress
from plugins.exchange import ExchangePlugin
from plugins.exchange.ids import Owner, client_order_id, owner_of, purpose_of
from plugins.store import write_kill_switch
from qtcore import CallFailed, Finding, Severity
from qtcore.testing import Harness, Plug, harness

pytestmark = pytest.mark.anyio
SYMBOL = "BTCUSDT"
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


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


def _kill(door: Harness) -> None:
    write_kill_switch(door.home, on=True, who="ada", when=NOW, why="storm")


def _spoil_kill_file(door: Harness) -> None:
    (door.home / "kill.json").write_text("{")


def _tighten(door: Harness) -> None:
    door.posture = "no_entries"


@pytest.mark.parametrize(
    ("act", "code"),
    [(_kill, "blocked_kill_switch"), (_spoil_kill_file, "blocked_kill_switch"), (_tighten, "blocked_posture")],
)
async def test_an_entry_is_refused_and_leaves_no_trace(
    door: Harness, venue: Any, act: Callable[[Harness], None], code: str
) -> None:
    """The gate's code comes back, and neither the ledger nor the venue has heard of it; exits still go out."""
    await door.call("exchange.enter", wish(venue, signal_id="s0"))
    act(door)
    refused = await door.call("exchange.enter", wish(venue, symbol="ETHUSDT", quantity="0.1"))
    assert (refused["code"], refused["state"]) == (code, "refused")
    assert venue.trades("ETHUSDT") == []
    assert await door.call("exchange.intent", {"signal_id": "s1"}) == []
    closed = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "flatten"})
    assert closed["state"] == "filled"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"quantity": "0.0105"}, "blocked_size"),
        ({"quantity": "0"}, "blocked_size"),
        ({"symbol": "NOSUCHUSDT"}, "blocked_data_missing"),
        ({"stop_trigger": "95000.123"}, "stop_refused"),
    ],
)
async def test_what_the_venue_would_refuse_is_refused_here(
    door: Harness, venue: Any, changed: dict[str, str], code: str
) -> None:
    """Orders against the venue's rules do not leave."""
    assert (await door.call("exchange.enter", wish(venue, **changed)))["code"] == code


async def test_one_position_a_symbol(door: Harness, venue: Any) -> None:
    """A second signal for a symbol that is held is refused, whichever way it points."""
    await door.call("exchange.enter", wish(venue))
    again = await door.call("exchange.enter", wish(venue, signal_id="s2"))
    other = await door.call("exchange.enter", wish(venue, signal_id="s3", side="short"))
    assert (again["code"], other["code"]) == ("blocked_position_held", "blocked_opposite_held")


async def test_a_replaced_generation_sends_nothing(door: Harness, venue: Any) -> None:
    """Without the lease nothing is signed."""
    asked = wish(venue)
    door.fence("exchange")
    with pytest.raises(CallFailed):
        await door.call("exchange.enter", asked)
    assert venue.trades(SYMBOL) == []
    assert venue.stops(SYMBOL) == []


async def test_hands_off_lets_only_the_person_through(door: Harness, venue: Any) -> None:
    """When a person has taken the account, software keeps out and the person's own command passes."""
    await door.call("exchange.enter", wish(venue))
    door.posture = "hands_off"
    kept = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "maximum_age"})
    assert (kept["state"], venue.position(SYMBOL)) == ("refused", Decimal("0.010"))
    assert (await door.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"}))["state"] == "filled"


async def test_exits_go_out_while_the_disk_fails(door: Harness, venue: Any) -> None:
    """exchange.db cannot be written: no entry, but the position is closed, and booked once the disk is back."""
    await door.call("exchange.enter", wish(venue))
    await door.call("exchange.reconcile")
    with closing(sqlite3.connect(door.home / "exchange.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")  # to the door it looks like a disk that takes nothing
        entered = await door.call(
            "exchange.enter", wish(venue, signal_id="s2", symbol="ETHUSDT", quantity="0.1"), timeout_s=20
        )
        closed = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "unprotected"}, timeout_s=20)
        assert (await door.health("exchange")).findings[0].code == "QT-EXCHANGE-DB"
        other.execute("ROLLBACK")
    assert (entered["code"], closed["state"]) == ("order_refused", "filled")
    assert venue.position(SYMBOL) == 0
    assert venue.stops("ETHUSDT") == []
    await door.call("exchange.reconcile", timeout_s=20)
    assert len((await door.call("exchange.fills"))["fills"]) == 2
    (known,) = await door.call("exchange.intent", {"intent_id": closed["intent_id"]})
    assert known["state"] == "filled"
    assert not (await door.health("exchange")).findings


async def test_the_last_stop_cannot_be_cancelled(door: Harness, venue: Any) -> None:
    """A position does not lose its only stop to a cancel; a spare one may go."""
    entered = await door.call("exchange.enter", wish(venue))
    await door.call("exchange.reconcile")
    refused = await door.call("exchange.cancel", {"intent_id": entered["stop_intent_id"]})
    assert (refused["state"], len(venue.stops(SYMBOL))) == ("refused", 1)


async def test_f2_an_orphan_is_cancelled_on_the_second_sample(venue: Any, tmp_path: Any, open_door: Any) -> None:
    """A stop of ours that guards nothing goes, but not on the first look; a stranger's order is only reported."""
    ours = client_order_id(Mode.PAPER, "stop", "x")  # type: ignore[arg-type] # the enum's value will do
    trigger = (venue.mark(SYMBOL) * Decimal("0.9")).quantize(Decimal("0.1"))
    stop = {"algoType": "CONDITIONAL", "symbol": SYMBOL, "side": "SELL", "type": "STOP_MARKET", "closePosition": "true"}
    venue.signed("POST", "/fapi/v1/algoOrder", **stop, triggerPrice=trigger, clientAlgoId=ours)
    venue.order_by_hand(SYMBOL, "BUY", "0.01", type="LIMIT", price=trigger, timeInForce="GTC", newClientOrderId="mine")
    async with open_door(venue.origin, tmp_path / "home", reconcile_s=0.3) as h:
        assert len(venue.stops(SYMBOL)) == 1
        (stranger,) = (await h.call("exchange.reconcile"))["strangers"]
        assert (stranger["client_id"], stranger["owner"], stranger["kind"]) == ("mine", "foreign", "order")
        await h.until(lambda: venue.stops(SYMBOL) == [])
        assert len(venue.signed("GET", "/fapi/v1/openOrders", symbol=SYMBOL)) == 1
        assert [finding.code for finding in (await h.health("exchange")).findings] == ["QT-EXCHANGE-FOREIGN"]


async def test_health_and_heal_judge_the_effect(door: Harness) -> None:
    """Fresh after a reconciliation; healing dials the stream again and reconciles."""
    assert (await door.health("exchange")).status == "healthy"
    finding = Finding(code="QT-EXCHANGE-STREAM", severity=Severity.MEDIUM, summary="down")
    await door.until(lambda: door.progress("exchange").get("streams_opened") == 1)
    assert "reconciled" in await door.heal(finding, "exchange")
    await door.until(lambda: door.progress("exchange").get("streams_opened") == 2)


async def test_a1_what_another_mode_made_stops_entries_and_not_exits(door: Harness, venue: Any) -> None:
    """An order with the id of a live run on a paper account: two worlds share it, so nothing new is risked."""
    live = client_order_id(Mode.LIVE, Purpose.ENTRY, "s9")
    await door.call("exchange.enter", wish(venue))
    price = (venue.mark("ETHUSDT") * Decimal("0.9")).quantize(Decimal("0.01"))
    by_hand = {"type": "LIMIT", "price": price, "timeInForce": "GTC", "newClientOrderId": live}
    venue.order_by_hand("ETHUSDT", "BUY", "0.1", **by_hand)
    await door.call("exchange.reconcile")
    refused = await door.call("exchange.enter", wish(venue, signal_id="s2"))
    assert (refused["code"], live in refused["sentence"]) == ("blocked_mode", True)
    assert "QT-EXCHANGE-OTHER-MODE" in [finding.code for finding in (await door.health("exchange")).findings]
    closed = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"})
    assert closed["state"] == "filled"
    assert len(venue.signed("GET", "/fapi/v1/openOrders", symbol="ETHUSDT")) == 1, "it is never cancelled from here"


async def test_g5_a_position_that_somebody_else_opened_is_told_and_named(door: Harness, venue: Any) -> None:
    """It is published like any other, so that it gets a stop, and it is on the list of strangers."""
    venue.order_by_hand(SYMBOL, "BUY", "0.010", newClientOrderId="mine")
    await door.call("exchange.reconcile")
    assert (await door.next(Position)).quantity == Decimal("0.010")
    (stranger,) = await door.call("exchange.strangers")
    assert (stranger["kind"], stranger["client_id"]) == ("position", "mine")
    assert [finding.code for finding in (await door.health("exchange")).findings] == ["QT-EXCHANGE-FOREIGN-POSITION"]


@pytest.mark.parametrize(
    ("address", "word"),
    [
        (VenueAddress(Mode.LIVE, "", "live"), "mode paper"),
        (VenueAddress(Mode.PAPER, "https://fapi.binance.com", "far"), "not on this machine"),
    ],
)
async def test_paper_and_live_cannot_be_confused(address: VenueAddress, word: str) -> None:
    """An address of another mode, or off this machine, ends the start and asks for a person."""
    async with harness(Plug(ExchangePlugin, "exchange")) as h:
        await h.publish(address)
        assert word in (await h.end("exchange")).sentence


def test_ids_are_stable_and_fit() -> None:
    """The same wish has the same id, another attempt another; all fit the venue's 36 characters."""
    ids = {client_order_id(Mode.PAPER, purpose, "signal", n) for purpose in Purpose for n in (1, 2)}
    assert len(ids) == 2 * len(Purpose)
    assert all(len(each) <= 36 and owner_of(each, Mode.PAPER) is Owner.OURS for each in ids)
    assert purpose_of(client_order_id(Mode.PAPER, Purpose.EXIT, "p")) is Purpose.EXIT
    assert purpose_of("mine") is None
