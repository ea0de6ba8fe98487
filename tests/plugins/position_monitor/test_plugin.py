"""The monitor at work: what it asks the exchange for, and what it says of itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import (
    Account,
    ExitReason,
    PortfolioAdvice,
    Reduction,
    StopStatus,
)
from plugins.position_monitor import PositionMonitor
from plugins.position_monitor.sight import Sight
from qtcore import Autonomy
from qtcore.health.model import Status
from qtcore.testing import Harness, harness

pytestmark = pytest.mark.anyio
WALL = datetime(2025, 1, 1, tzinfo=UTC)
DONE = {"state": "filled", "sentence": "", "code": None, "filled_quantity": "0.05", "stop_status": "live"}


def account(positions: int = 1, wallet: str = "1000") -> Account:
    money = Decimal(wallet)
    return Account(money, money, money, Decimal(0), positions, 1, WALL, WALL)


def answering(h: Harness, sight: Sight) -> None:
    assert sight.market_now is not None
    h.set_market(sight.market_now)
    for name in ("protect", "take_profit", "close", "reduce"):
        h.on_call(f"exchange.{name}", lambda _: DONE)
    h.on_call("exchange.fills", lambda _: {"ledger": "l", "fills": [], "count": 0, "last": 0})
    h.on_call("exchange.income", lambda _: [])
    h.on_call("exchange.account", lambda _: {"wallet_balance": "1000"})


async def hold(h: Harness, sight: Sight) -> None:
    for message in (account(), sight.instrument, sight.stop, sight.position, sight.mark):
        await h.publish(message)


async def test_nothing_is_known_before_the_first_word(calm: Sight) -> None:
    """Without word of the account "no position" would be a guess; then every position must be followed and covered."""
    async with harness(PositionMonitor) as h:
        answering(h, calm)
        await h.ready()
        assert (await h.health()).status is Status.UNKNOWN
        await h.publish(account(positions=0))
        assert (await h.health()).status is Status.HEALTHY
        await hold(h, calm)
        said = await h.health()
        assert said.status is Status.HEALTHY
        assert (said.facts["positions"], said.facts["covered"], said.facts["oldest_uncovered_s"]) == (1, 1, 0.0)


async def test_g16_a_position_that_is_not_followed_is_told(calm: Sight) -> None:
    """The account counts more than the monitor has heard of: that is no healthy monitor."""
    async with harness(PositionMonitor) as h:
        answering(h, calm)
        await h.ready()
        await hold(h, calm)
        await h.publish(account(positions=2))
        await h.advance(11.0)
        said = await h.health()
        assert [finding.code for finding in said.findings] == ["QT-POSITION-UNSEEN"]
        await h.publish(account(positions=1))
        assert (await h.health()).status is Status.HEALTHY


async def test_f7_a_position_without_a_stop_gets_one_and_is_told(calm: Sight) -> None:
    """The protection invariant: placed at once, told meanwhile with how long it has been so."""
    async with harness(PositionMonitor) as h:
        answering(h, calm)
        h.on_call("exchange.protect", lambda _: DONE | {"stop_status": "placing"})
        await h.ready()
        assert calm.stop is not None
        await hold(h, replace(calm, stop=replace(calm.stop, status=StopStatus.MISSING)))
        await h.until(lambda: bool(h.calls("exchange.protect")))
        await h.advance(1.5)
        said = await h.health()
        assert said.findings[0].code == "QT-POSITION-NAKED"
        assert said.facts["oldest_uncovered_s"] == 1.5


async def test_a_stop_that_fired_and_did_not_fill_is_followed_by_a_market_exit(calm: Sight) -> None:
    """Triggered is not filled: after three real seconds the position is closed, whatever the stop says."""
    async with harness(PositionMonitor) as h:
        answering(h, calm)
        await h.ready()
        assert calm.stop is not None
        await hold(h, replace(calm, stop=replace(calm.stop, status=StopStatus.TRIGGERING)))
        await h.advance(2.9)
        await h.publish(calm.mark)
        assert not h.calls("exchange.close")
        await h.advance(0.2)
        await h.until(lambda: bool(h.calls("exchange.close")))
        assert h.calls("exchange.close")[0]["reason"] == "stop_overdue"


async def test_the_first_risk_and_size_survive_a_restart(tmp_path: Path, calm: Sight) -> None:
    """A stop that has come nearer and a part that was taken do not move the rungs."""
    assert calm.stop is not None
    assert calm.mark is not None
    async with harness(PositionMonitor, home=tmp_path) as h:
        answering(h, calm)
        await h.ready()
        await hold(h, calm)
        await h.run_timer("tick")
        await h.restart()
        await h.ready()
        later = replace(
            calm,
            stop=replace(calm.stop, trigger=Decimal(49_900)),
            position=replace(calm.position, quantity=Decimal("0.05")),
        )
        await hold(h, later)
        (row,) = await h.call("position_monitor.watched")
        assert (row["entered"], row["risk"]) == ("0.1", "1000")
        await h.publish(replace(calm.mark, price=Decimal(51_600)))
        await h.advance(1.0)
        assert not h.calls("exchange.reduce")


async def test_the_books_reduction_is_asked_for_once(calm: Sight) -> None:
    """The balancer repeats itself until it sees the effect; the second half is not taken for that."""
    assert calm.market_now is not None
    advice = PortfolioAdvice(
        True, True, "", {}, {}, (Reduction("BTCUSDT", Decimal("0.5"), "too much of one kind"),), calm.market_now
    )
    async with harness(PositionMonitor) as h:
        answering(h, calm)
        await h.ready()
        await hold(h, calm)
        await h.publish(advice)
        await h.until(lambda: bool(h.calls("exchange.reduce")))
        await h.publish(replace(calm.position, quantity=Decimal("0.05")))
        await h.publish(replace(advice, at=calm.market_now + timedelta(seconds=10)))
        await h.advance(5.0)
        assert [(call["to"], call["reason"]) for call in h.calls("exchange.reduce")] == [("0.05", "portfolio")]


async def test_flatten_is_carried_out(calm: Sight) -> None:
    """The posture alone closes every position."""
    async with harness(PositionMonitor) as h:
        answering(h, calm)
        await h.ready()
        await hold(h, calm)
        h.posture = "flatten"
        await h.until(lambda: bool(h.calls("exchange.close")))
        assert h.calls("exchange.close")[0] == {"symbol": "BTCUSDT", "reason": "flatten"}


async def test_what_is_not_enforced_is_only_said(calm: Sight) -> None:
    """An observing monitor sends nothing, not even for a naked position."""
    async with harness(PositionMonitor, autonomy=Autonomy.OBSERVE) as h:
        answering(h, calm)
        await h.ready()
        assert calm.stop is not None
        await hold(h, replace(calm, stop=replace(calm.stop, status=StopStatus.MISSING)))
        await h.advance(5.0)
        assert not h.calls("exchange.protect")
        assert not h.calls("exchange.close")


async def test_a_wallet_that_does_not_add_up_is_told(calm: Sight) -> None:
    """More than a cent for three looks opens a finding, which closes when the books agree again."""
    wallet = ["1000", "1000", "999.95", "999.95", "999.95", "1000"]
    async with harness(PositionMonitor) as h:
        answering(h, calm)
        h.on_call("exchange.account", lambda _: {"wallet_balance": wallet.pop(0)})
        await h.ready()
        await h.publish(account(positions=0))
        codes: list[list[str]] = []
        for _ in range(6):
            await h.run_timer("audit")
            codes.append([finding.code for finding in (await h.health()).findings])
        assert codes == [[], [], [], [], ["QT-POSITION-MONEY-ADRIFT"], []]


async def test_profit_and_loss_is_shown_by_its_parts(calm: Sight) -> None:
    """Price, fees and funding of an open position stand beside each other."""

    def fills(asked: dict[str, Any]) -> dict[str, Any]:
        fill = {"symbol": "BTCUSDT", "realised_pnl": "0", "fee": "2"}
        rows = [{"sequence": 1, "position_id": "p1", "fill": fill}] if asked["after"] == 0 else []
        return {"ledger": "l", "fills": rows, "count": 1, "last": 1}

    async with harness(PositionMonitor) as h:
        answering(h, calm)
        h.on_call("exchange.fills", fills)
        await h.ready()
        await hold(h, calm)
        await h.run_timer("audit")
        (row,) = (await h.call("position_monitor.pnl"))["open"]
        assert (row["fees"], row["net"]) == ("-2.0000", "-2.0000")


async def test_f7_a_position_closed_for_want_of_a_stop_is_told_until_it_is_gone(calm: Sight) -> None:
    """It is gone before anybody asks how the monitor is; that it was there without protection is told all the same."""
    assert calm.stop is not None
    async with harness(PositionMonitor) as h:
        answering(h, calm)
        h.on_call("exchange.protect", lambda _: DONE | {"stop_status": "rejected"})
        await h.ready()
        await hold(h, replace(calm, stop=replace(calm.stop, status=StopStatus.MISSING)))
        await h.advance(1.0)
        assert h.findings == {}
        await h.advance(1.5)
        await h.until(lambda: bool(h.calls("exchange.close")))
        told = h.findings["QT-POSITION-NAKED"]
        assert (told.subject, told.summary[:45]) == ("BTCUSDT", "BTCUSDT is closed because nothing protects it")
        await h.advance(1.0)
        assert "QT-POSITION-NAKED" in h.findings, "asked for is not gone"
        await h.publish(replace(calm.position, quantity=Decimal(0), closed_because=ExitReason.UNPROTECTED))
        await h.until(lambda: h.findings == {})
