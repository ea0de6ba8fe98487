"""kill -9 at every step of an order's life, and what the next start makes of it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import ExitReason, Position
from qtcore.testing import Harness

pytestmark = pytest.mark.anyio
SYMBOL = "BTCUSDT"
ROOT = Path(__file__).resolve().parents[3]
MOMENTS = ("before_intent", "after_intent", "after_send", "after_ack")


class DyingDoors:
    """Runs doors that die where they are told to."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("dying_door.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )

    def run(self, **order: Any) -> int:
        """The exit status of a door with this order; negative for a signal."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait(10)


@pytest.fixture(scope="module")
def doors() -> Iterator[DyingDoors]:
    running = DyingDoors()
    yield running
    running.close()


def wish(venue: Any) -> dict[str, Any]:
    trigger = (venue.mark(SYMBOL) * Decimal("0.98")).quantize(Decimal("0.1"))
    return {
        "signal_id": "s1", "symbol": SYMBOL, "side": "long", "quantity": "0.010", "notional": "1000",
        "stop_trigger": str(trigger),
    }  # fmt: skip


def rows(home: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(home / "exchange.db")) as db:
        return db.execute(query).fetchall()


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("purpose", ["stop", "entry", "exit"])
async def test_nothing_is_lost_or_doubled(
    purpose: str, moment: str, doors: DyingDoors, venue: Any, tmp_path: Path, open_door: Any
) -> None:
    """Whatever the moment: afterwards no order is in doubt, no fill is missing or double, no position is naked."""
    home = tmp_path / "home"
    asked = wish(venue)
    died = doors.run(origin=venue.origin, home=str(home), purpose=purpose, moment=moment, wish=asked)
    assert died == -signal.SIGKILL
    trades = venue.trades(SYMBOL)
    async with open_door(venue.origin, home, recv_window_ms=400, reconcile_s=0.2) as h:
        assert (await h.call("exchange.reconcile", timeout_s=20))["unclear_orders"] == 0
        assert venue.trades(SYMBOL) == trades, "recovery trades nothing"
        booked = rows(home, "SELECT venue_trade_id FROM fills")
        assert [number for (number,) in booked] == [str(trade["id"]) for trade in trades]
        held = venue.position(SYMBOL)
        await h.until(lambda: len(venue.stops(SYMBOL)) == bool(held))
        entered = await h.call("exchange.entry", {"signal_id": "s1"})
        assert (entered is not None and entered["code"] == "filled") == bool(trades)
        if entered is not None:
            again = await h.call("exchange.enter", asked, timeout_s=20)
            assert (again["code"], again["intent_id"]) == (entered["code"], entered["intent_id"])
            assert venue.trades(SYMBOL) == trades, "the same signal is not entered again"


async def test_lost_files_come_back_from_the_venue(door: Harness, venue: Any) -> None:
    """Without exchange.db, fills, position, its name and its stop are taken from the venue."""
    await door.call("exchange.enter", wish(venue))
    await door.call("exchange.close", {"symbol": SYMBOL, "reason": "operator"})
    await door.call("exchange.enter", wish(venue) | {"signal_id": "s2"})
    before = (await door.call("exchange.fills"))["fills"]
    for file in door.home.glob("exchange.db*"):
        file.unlink()
    await door.restart("exchange")
    await door.ready("exchange")
    after = (await door.call("exchange.fills"))["fills"]
    assert [row["fill"]["venue_trade_id"] for row in after] == [row["fill"]["venue_trade_id"] for row in before]
    assert [row["position_id"] for row in after] == [row["position_id"] for row in before]
    (line,) = await door.call("exchange.positions")
    assert (line["id"], line["stop"]) == (before[-1]["position_id"], "live")


async def test_a_damaged_file_is_kept_and_rebuilt(door: Harness, venue: Any) -> None:
    """Damage is never silent: the file is set aside, a finding says so, and the venue's fills are back."""
    await door.call("exchange.enter", wish(venue))
    await door.stop()
    for file in door.home.glob("exchange.db-*"):
        file.unlink()
    (door.home / "exchange.db").write_bytes(b"\xff" * 65536)
    await door.restart("exchange")
    await door.ready("exchange")
    assert "QT-EXCHANGE-DB-DAMAGED" in door.findings
    assert len(list(door.home.glob("exchange.db.damaged-*"))) == 1
    assert len((await door.call("exchange.fills"))["fills"]) == 1


async def test_another_accounts_file_is_refused(door: Harness, venue: Any, tmp_path: Path) -> None:
    """A ledger with fills that this venue does not know is not mixed with it."""
    await door.call("exchange.enter", wish(venue))
    await door.stop()
    with closing(sqlite3.connect(door.home / "exchange.db")) as db:
        db.execute("UPDATE fills SET venue_trade_id = '999999'")
        db.commit()
    await door.restart("exchange")
    ended = await door.end("exchange")
    assert "another account" in ended.sentence


async def test_what_ended_while_nobody_looked_is_told(door: Harness, venue: Any) -> None:
    """A position closed by its stop while the door was away is booked and told with its reason."""
    trigger = (venue.mark(SYMBOL) * Decimal("0.9995")).quantize(Decimal("0.1"))
    await door.call("exchange.enter", wish(venue) | {"stop_trigger": str(trigger)})
    await door.stop()
    for _ in range(400):
        venue.advance()
        if not venue.position(SYMBOL):
            break
    await door.restart("exchange")
    await door.ready("exchange")
    last = door.published(Position)[-1]
    assert (last.quantity, last.closed_because) == (Decimal(0), ExitReason.STOP)


async def test_a_venue_that_is_killed_and_comes_back_loses_nothing(
    venue_process: Any, tmp_path: Path, open_door: Any
) -> None:
    """While it is away nothing can be entered and health says so; when it is back the books are as before."""
    settings = {"order_timeout_s": 0.5, "resolve_s": 1.0, "reconcile_s": 0.2}
    async with open_door(venue_process.origin, tmp_path / "home", **settings) as h:
        assert (await h.call("exchange.enter", wish(venue_process)))["code"] == "filled"
        await h.call("exchange.reconcile")
        asked = wish(venue_process) | {"signal_id": "s2", "symbol": "ETHUSDT", "quantity": "0.1"}
        venue_process.kill()
        refused = await h.call("exchange.enter", asked, timeout_s=20)
        assert refused["code"] == "order_refused"
        assert (await h.call("exchange.close", {"symbol": SYMBOL, "reason": "flatten"}, timeout_s=20))[
            "state"
        ] != "filled"
        venue_process.restart()
        reconciled = await h.call("exchange.reconcile", timeout_s=20)
        assert (reconciled["positions"], reconciled["fills"], reconciled["unclear_orders"]) == (1, 1, 0)
        assert len(venue_process.stops(SYMBOL)) == 1
        assert (await h.call("exchange.close", {"symbol": SYMBOL, "reason": "flatten"}))["state"] == "filled"
