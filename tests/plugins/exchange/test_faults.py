"""What the venue itself may do to a door, on its own fault board; judged by raw requests that share no code with us."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import Position, StopState, StopStatus
from qtcore.testing import Harness

pytestmark = pytest.mark.anyio
SYMBOL = "BTCUSDT"
QUICK = {"recv_window_ms": 400, "order_timeout_s": 1.0, "resolve_s": 5.0, "reconcile_s": 0.5}


@pytest.fixture
async def door(venue: Any, tmp_path: Path, open_door: Any) -> Any:
    async with open_door(venue.origin, tmp_path / "home", **QUICK) as h:
        yield h


def wish(venue: Any, signal: str = "s1", away: str = "0.98") -> dict[str, Any]:
    trigger = (venue.mark(SYMBOL) * Decimal(away)).quantize(Decimal("0.1"))
    return {
        "signal_id": signal,
        "symbol": SYMBOL,
        "side": "long",
        "quantity": "0.010",
        "notional": "1000",
        "stop_trigger": str(trigger),
    }


@pytest.mark.parametrize("answer", ["503", "408", "-1007"])
@pytest.mark.parametrize("executed", [True, False])
async def test_f15_nobody_knows_until_it_is_proven(door: Harness, venue: Any, answer: str, executed: bool) -> None:
    """Each answer that means "unknown", for an entry that was and one that was not carried out: one truth, one fill."""
    venue.fault("unknown_outcome", path="/fapi/v1/order", method="POST", executed=executed, answer=answer)
    entered = await door.call("exchange.enter", wish(venue), timeout_s=15)
    assert entered["state"] == ("filled" if executed else "never_happened")
    assert len(venue.trades(SYMBOL)) == int(executed)
    assert len(venue.stops(SYMBOL)) == int(executed)
    assert (await door.call("exchange.enter", wish(venue)))["state"] == entered["state"], "it is never sent again"
    assert len(venue.trades(SYMBOL)) == int(executed)


async def test_an_entry_whose_proof_comes_late_ends_as_what_it_was(venue: Any, tmp_path: Path, open_door: Any) -> None:
    """The door answers `order_unknown` while it has no proof, and the truth to whoever asks once it has."""
    async with open_door(venue.origin, tmp_path / "home", **QUICK | {"resolve_s": 0.2, "order_timeout_s": 0.3}) as h:
        venue.fault("drop_reply", path="/fapi/v1/order", method="POST")
        venue.fault("unavailable", path="/fapi/v1/order", method="GET", seconds=1.5)
        entered = await h.call("exchange.enter", wish(venue), timeout_s=10)
        assert (entered["code"], entered["state"]) == ("order_unknown", "unknown")
        assert [line["state"] for line in await h.call("exchange.orders")].count("unknown") == 1
        refused = await h.call("exchange.enter", wish(venue, "s2"))
        assert refused["code"] == "blocked_position_held", "nobody enters a second time while the first is in doubt"
        await h.until(lambda: h.progress("exchange").get("fills") == 1)
        truth = await h.call("exchange.entry", {"signal_id": "s1"})
        assert (truth["code"], Decimal(truth["filled_quantity"])) == ("filled", Decimal("0.010"))
        assert len(venue.trades(SYMBOL)) == len(venue.stops(SYMBOL)) == 1


async def test_f1_a_stop_that_is_stuck_is_told_with_its_age(door: Harness, venue: Any) -> None:
    """TRIGGERING is not filled: the position stays open, and who reads it knows since when the stop is due."""
    await door.call("exchange.enter", wish(venue, away="0.9999"))
    await door.next(Position)
    venue.fault("stuck_trigger", seconds=60)
    await _until_marked_below(door, venue, Decimal((await door.call("exchange.positions"))[0]["stop_trigger"]))
    await door.until(lambda: door.published(StopState)[-1].status is StopStatus.TRIGGERING)
    stuck = door.published(StopState)[-1]
    assert stuck.since is not None
    assert venue.position(SYMBOL) == Decimal("0.010")
    closed = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "unprotected"})
    assert (closed["state"], venue.position(SYMBOL)) == ("filled", 0)


async def test_f7_a_stop_filled_in_part_leaves_a_naked_rest_that_is_told(door: Harness, venue: Any) -> None:
    """FINISHED is not filled either: the rest is still held, and its stop is gone."""
    await door.call("exchange.enter", wish(venue, away="0.9999"))
    await door.next(Position)
    venue.fault("partial_child", fraction="0.4")
    await _until_marked_below(door, venue, Decimal((await door.call("exchange.positions"))[0]["stop_trigger"]))
    await door.until(lambda: door.published(Position)[-1].quantity == Decimal("0.006"))
    await door.until(lambda: door.published(StopState)[-1].status is StopStatus.MISSING)
    assert venue.position(SYMBOL) == Decimal("0.006")
    trigger = (venue.mark(SYMBOL) * Decimal("0.97")).quantize(Decimal("0.1"))
    placed = await door.call("exchange.protect", {"symbol": SYMBOL, "trigger": str(trigger)})
    assert placed["stop_status"] == "live"


async def test_g1_empty_answers_take_no_stop_away(venue: Any, tmp_path: Any, open_door: Any) -> None:
    """G1: the venue says again and again that nothing is held, and the fills say otherwise: the stop stays."""
    async with open_door(venue.origin, tmp_path / "home", reconcile_s=0.3) as h:
        await h.call("exchange.enter", wish(venue))
        await h.call("exchange.reconcile")
        venue.fault("empty_reply", path="/fapi/v3/positionRisk", seconds=60)
        before = h.progress("exchange")["reconciled"]
        await h.until(lambda: h.progress("exchange")["reconciled"] > before + 8)
        assert len(venue.stops(SYMBOL)) == 1
        venue.clear_faults()
        await h.call("exchange.reconcile")
        assert venue.position(SYMBOL) == Decimal("0.010")
        assert len(venue.stops(SYMBOL)) == 1


async def test_g1_one_stale_snapshot_cancels_nothing(door: Harness, venue: Any) -> None:
    """The venue answers as if there were no position yet: the stop stays, and the position is not declared closed."""
    venue.fault("stale_snapshot", seconds=1.5)
    entered = await door.call("exchange.enter", wish(venue), timeout_s=15)
    assert entered["code"] == "filled"
    for _ in range(3):
        await door.call("exchange.reconcile")
    assert [position for position in door.published(Position) if not position.quantity] == []
    venue.clear_faults()
    assert len(venue.stops(SYMBOL)) == 1
    await door.call("exchange.reconcile")
    (line,) = await door.call("exchange.positions")
    assert (line["stop"], Decimal(line["quantity"])) == ("live", Decimal("0.010"))


async def test_an_overload_refuses_entries_and_lets_exits_pass(door: Harness, venue: Any) -> None:
    """-1008 is a refusal for what opens; reducing is exempt at the venue, and so it is tried here."""
    await door.call("exchange.enter", wish(venue))
    venue.fault("overload", seconds=30)
    other = wish(venue, "s2") | {"symbol": "ETHUSDT", "quantity": "0.1", "stop_trigger": "1000.00"}
    assert (await door.call("exchange.enter", other))["code"] in {"stop_refused", "order_refused"}
    closed = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"})
    assert closed["state"] == "filled"


async def test_a_clock_that_was_wrong_costs_one_question(door: Harness, venue: Any) -> None:
    """-1021 is a refusal for certain: the venue's clock is asked, and the order goes out under the right time."""
    venue.fault("clock_skew", by_ms=5_000, seconds=30)
    entered = await door.call("exchange.enter", wish(venue), timeout_s=15)
    assert entered["code"] == "filled"


async def test_c1_during_a_ban_the_reason_is_said_and_afterwards_all_is_known(door: Harness, venue: Any) -> None:
    """Nothing is sent that would make it longer; the stop at the venue stays, health says for how long."""
    await door.call("exchange.enter", wish(venue))
    venue.fault("banned", seconds=2.5)
    await door.until(lambda: any("failed" in str(line.get("event")) for line in door.logs))
    closed = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"}, timeout_s=20)
    assert closed["state"] == "refused"
    assert "banned" in closed["sentence"]
    assert "QT-EXCHANGE-BANNED" in [finding.code for finding in (await door.health("exchange")).findings]
    before = door.progress("exchange")["reconciled"]
    await door.until(lambda: door.progress("exchange")["reconciled"] > before)
    assert len(venue.stops(SYMBOL)) == 1
    closed = await door.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"}, timeout_s=20)
    assert (closed["state"], venue.position(SYMBOL)) == ("filled", 0)


async def test_a_position_shrunk_by_the_venue_is_known_by_its_reason(door: Harness, venue: Any) -> None:
    """Deleveraging and liquidation come from the venue itself: not strangers, and booked as what they are."""
    await door.call("exchange.enter", wish(venue))
    await door.next(Position)
    venue.fault("deleveraging", symbol=SYMBOL, fraction="0.5")
    await door.until(lambda: door.published(Position)[-1].quantity == Decimal("0.005"))
    assert await door.call("exchange.strangers") == []
    venue.fault("liquidation", symbol=SYMBOL, seconds=1)
    await door.until(lambda: not door.published(Position)[-1].quantity)
    assert door.published(Position)[-1].closed_because == "liquidation"


async def _until_marked_below(door: Harness, venue: Any, trigger: Decimal) -> None:
    for _ in range(600):
        if venue.mark(SYMBOL) <= trigger:
            return
        venue.advance()
    raise AssertionError(f"the mark did not come to {trigger}")
