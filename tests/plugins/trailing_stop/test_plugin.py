"""The trailing stop at work: what it asks the exchange for, and what it says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import Account, ExitReason, Instrument, Mark, Position, Side, StopState, StopStatus
from plugins.trailing_stop import TrailingStop
from plugins.trailing_stop.memory import FILE_NAME
from qtcore.health.model import Status
from qtcore.testing import Harness, harness

pytestmark = pytest.mark.anyio
THEN = datetime(2025, 5, 4, tzinfo=UTC)
POSITION = Position("p1", "X", Side.LONG, Decimal(1), Decimal(100), Decimal(100), Decimal(0), 10, THEN, THEN)
STOP = StopState("X", "s1", "1", StopStatus.LIVE, Decimal(98), None, THEN)
INSTRUMENT = Instrument("X", Decimal("0.01"), Decimal("0.001"), Decimal("0.001"), Decimal(100), Decimal(5), "TRADING")
ACCOUNT = Account(Decimal(1), Decimal(1), Decimal(1), Decimal(0), 1, 1, THEN, THEN)


def mark(price: str) -> Mark:
    return Mark("X", Decimal(price), Decimal(0), None, THEN)


async def hold(h: Harness, price: str) -> None:
    """A position with its stop, at a price."""
    for message in (INSTRUMENT, ACCOUNT, STOP, POSITION, mark(price)):
        await h.publish(message)


def answering(h: Harness, **more: Any) -> None:
    h.on_call("exchange.protect", lambda _: {"stop_status": "live", "sentence": "", "code": None} | more)


async def test_a_winning_position_gets_a_nearer_stop() -> None:
    """The exchange is asked to move the stop behind the best price, which came earlier than the look."""
    async with harness(TrailingStop) as h:
        answering(h)
        await h.ready()
        await hold(h, "103")
        await h.publish(mark("102.50"))
        await h.run_timer("look")
        assert h.calls("exchange.protect") == [{"symbol": "X", "trigger": "101.50", "reason": "trail"}]


async def test_it_looks_every_ten_seconds_of_market_time() -> None:
    """At five times the speed that is every two seconds, and never oftener."""
    async with harness(TrailingStop) as h:
        answering(h)
        h.set_market(THEN, speed=60.0)
        await h.ready()
        await hold(h, "103")
        await h.advance(10.0)
        assert h.progress()["looks"] == 10
        assert h.progress()["rounds"] == 5


@pytest.mark.parametrize("autonomy", ["observe", "advisory"])
async def test_what_is_not_enforced_is_only_said(autonomy: Any) -> None:
    """Without the right to act it journals what it would have done."""
    async with harness(TrailingStop, autonomy=autonomy) as h:
        answering(h)
        await h.ready()
        await hold(h, "103")
        await h.run_timer("look")
        assert not h.calls("exchange.protect")
        assert (await h.health()).status is Status.HEALTHY


async def test_the_best_price_survives_a_restart(tmp_path: Path) -> None:
    """A peak that only an earlier life saw still counts."""
    async with harness(TrailingStop, home=tmp_path) as h:
        answering(h, stop_status="placing")
        await h.ready()
        await hold(h, "106")
        await h.run_timer("look")
        await h.restart()
        await h.ready()
        await hold(h, "105.50")
        await h.run_timer("look")
        assert [call["trigger"] for call in h.calls("exchange.protect")] == ["105.00", "105.00"]


async def test_g4_a_closed_position_leaves_nothing_behind(tmp_path: Path) -> None:
    """The state file of the original once held 89 positions that were long closed."""
    async with harness(TrailingStop, home=tmp_path) as h:
        answering(h)
        await h.ready()
        await hold(h, "103")
        await h.run_timer("look")
        await h.publish(replace(POSITION, quantity=Decimal(0), closed_because=ExitReason.STOP))
        await h.run_timer("look")
        h.clock.now()
        await h.advance(11.0)
        (file,) = tmp_path.rglob(FILE_NAME)
        assert file.read_text(encoding="utf-8") == "{}"


async def test_a_damaged_memory_is_told_and_written_anew(tmp_path: Path) -> None:
    """It begins with the price of the moment and says so, until it can remember again."""
    async with harness(TrailingStop, home=tmp_path) as h:
        answering(h)
        await h.ready()
        await hold(h, "103")
        await h.run_timer("look")
        (file,) = tmp_path.rglob(FILE_NAME)
        file.write_text("{", encoding="utf-8")
        await h.restart()
        await h.ready()
        assert "QT-TRAILING-FORGOT" in h.findings
        await hold(h, "103")
        await h.run_timer("look")
        assert "QT-TRAILING-FORGOT" not in h.findings


async def test_health_is_judged_by_the_stops() -> None:
    """Unknown without word of the account, degraded when a stop stays behind, healthy once it has moved."""
    async with harness(TrailingStop) as h:
        answering(h, stop_status="rejected", sentence="the venue is busy")
        await h.ready()
        assert (await h.health()).status is Status.UNKNOWN
        await hold(h, "103")
        for _ in range(3):
            await h.advance(10.0)
            await h.publish(mark("103"))
        await h.advance(1.0)
        said = await h.health()
        assert said.status is Status.DEGRADED
        assert said.findings[0].cause == "the venue is busy"
        await h.publish(replace(STOP, trigger=Decimal("101.50")))
        await h.heal(said.findings[0])
        assert (await h.health()).status is Status.HEALTHY


async def test_c3_an_old_price_moves_no_stop() -> None:
    """A frozen mark price is told, and nothing is decided by it."""
    async with harness(TrailingStop) as h:
        answering(h)
        await h.ready()
        await hold(h, "100")
        await h.advance(1.0)
        await h.publish(mark("103"))
        await h.advance(10.5)
        calls = len(h.calls("exchange.protect"))
        await h.advance(20.0)
        assert len(h.calls("exchange.protect")) == calls
        assert (await h.health()).findings[0].code == "QT-TRAILING-BLIND"


async def test_a_stop_that_moves_at_each_look_is_never_behind() -> None:
    """A fast market runs ahead of a stop that follows it at every look: that is no stop that fails to follow."""
    async with harness(TrailingStop) as h:
        answering(h)
        await h.ready()
        await hold(h, "103")
        for step in range(1, 8):
            await h.publish(mark(str(103 + step)))
            await h.advance(10.0)
            asked = h.calls("exchange.protect")[-1]["trigger"]
            await h.publish(replace(STOP, trigger=Decimal(asked)))
            await h.publish(mark(str(103 + step)))
        assert len(h.calls("exchange.protect")) >= 7
        assert (await h.health()).findings == ()


async def test_a_stop_that_the_price_overtakes_has_not_failed() -> None:
    """The venue takes no stop that would trigger at once; the next look asks for another one."""
    async with harness(TrailingStop) as h:
        answering(h, stop_status="rejected", sentence="Order would immediately trigger.", code=-2021)
        await h.ready()
        await hold(h, "103")
        for _ in range(5):
            await h.advance(10.0)
            await h.publish(mark("103"))
        assert len(h.calls("exchange.protect")) >= 5
        assert (await h.health()).findings == ()
