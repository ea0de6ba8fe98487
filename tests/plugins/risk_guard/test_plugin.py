"""The guard at work: it claims, answers, latches, fences and remembers, on what the venue says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import Account, Position, Side
from plugins.risk_guard import RiskGuard
from plugins.risk_guard.plugin import RiskGuard as Guard
from plugins.store.kill_switch import read_kill_switch
from qtcore.errors import CallFailed
from qtcore.testing import Harness, Plug, harness

pytestmark = pytest.mark.anyio
MONEY = Decimal(10_000)
MARKET = datetime(2025, 5, 4, 12, tzinfo=UTC)
NO_FILLS = {"ledger": "L", "fills": [], "count": 0, "last": 0}


def account(h: Harness, equity: Decimal = MONEY, positions: int = 0) -> Account:
    now = h.clock.wall()
    return Account(equity, equity, equity, Decimal(0), positions, 0, now, now)


@asynccontextmanager
async def watching(
    home: Path, *, fills: dict[str, Any] = NO_FILLS, bounds: Any = None, first_account: bool = True
) -> AsyncIterator[Harness]:
    """A guard in a home, with an exchange that has these fills and a history with these bounds."""
    async with harness(home=home) as h:
        h.set_market(MARKET)
        h.on_call("exchange.fills", lambda _: fills)
        h.on_call("exchange.orders", lambda _: [])
        h.on_call("exchange.reconcile", lambda _: {})
        h.on_call("exchange.cancel", lambda _: {"state": "cancelled"})
        h.on_call("database.equity_bounds", lambda _: bounds)
        h.start(Plug(RiskGuard))
        await h.ready()
        if first_account:
            await h.publish(account(h))
        await h.advance(2)
        yield h


async def approve(h: Harness, notional: int = 1000) -> dict[str, Any]:
    asked = {"symbol": "XUSDT", "side": "long", "notional": str(notional)}
    answer: dict[str, Any] = await h.call("risk_guard.approve", asked)
    return answer


def claim(h: Harness) -> str:
    return str(h.reports.claims[-1].level)


async def keep_alive(h: Harness, seconds: float, equity: Decimal = MONEY) -> None:
    """Let time pass while the exchange goes on confirming the account."""
    for _ in range(int(seconds * 4)):
        await h.publish(account(h, equity))
        await h.advance(0.25)


async def test_a_new_home_is_watched_from_its_first_account(tmp_path: Path) -> None:
    """No file and no fills: the day begins at the first equity; each second it claims, and it answers for entries."""
    async with watching(tmp_path) as h:
        assert claim(h) == "normal"
        assert (await approve(h))["approved"]
        assert (await h.health()).status == "healthy"
        assert (
            json.loads((tmp_path / "data/risk_guard/baselines.json").read_text())["baselines"]["day_equity"] == "10000"
        )
        assert h.facts()["rehearsed_limits"] >= 12


async def test_while_the_exchange_starts_the_account_is_unknown_and_no_finding(tmp_path: Path) -> None:
    """Entries are refused from the first moment; that it stays away for longer than a start may take is a finding."""
    async with watching(tmp_path, first_account=False) as h:
        assert (claim(h), (await approve(h))["approved"]) == ("reduce_only", False)
        starting = await h.health()
        assert (starting.status, starting.findings) == ("unknown", ())
        await h.advance(26)
        assert not (await h.health()).findings
        await h.advance(3)
        late = await h.health()
        assert (late.status, [finding.code for finding in late.findings]) == ("degraded", ["QT-RISK-ACCOUNT"])
        assert claim(h) == "reduce_only"
        await keep_alive(h, 11)
        assert ((await h.health()).status, claim(h)) == ("healthy", "normal")


async def test_an_account_that_falls_silent_is_a_finding_however_young_the_guard_is(tmp_path: Path) -> None:
    """Only the first word may take the time of a start."""
    async with watching(tmp_path) as h:
        await h.advance(9)
        assert [finding.code for finding in (await h.health()).findings] == ["QT-RISK-ACCOUNT"]
        assert claim(h) == "reduce_only"


async def test_g13_a_memory_that_is_damaged_stops_entries_until_it_is_proven(tmp_path: Path) -> None:
    """A torn file is no empty one: no entries and a finding, until the history of the account proves the day."""
    folder = tmp_path / "data/risk_guard"
    folder.mkdir(parents=True)
    (folder / "baselines.json").write_text("{")
    async with watching(tmp_path) as h:
        assert claim(h) == "no_entries"
        assert not (await approve(h))["approved"]
        (finding,) = (await h.health()).findings
        assert (finding.code, finding.healable) == ("QT-RISK-MEMORY", True)
        with pytest.raises(CallFailed):
            await h.heal(finding)
        h.on_call("database.equity_bounds", lambda _: {"first": "10200", "highest": "11000", "rows": 9})
        await h.heal(finding)
        await keep_alive(h, 2)
        assert claim(h) == "normal"
        said = await h.call("risk_guard.limits")
        assert (said["day_equity"], said["peak_equity"]) == ("10200", "11000")


async def test_a_person_may_accept_what_nothing_proves(tmp_path: Path) -> None:
    """With fills but neither file nor history, a person's word begins anew, with who and why in the log."""
    async with watching(tmp_path, fills=NO_FILLS | {"count": 3}) as h:
        assert claim(h) == "no_entries"
        assert (await h.call("risk_guard.accept", {"why": "moved machines"}))["accepted"]
        assert claim(h) == "normal"
        assert not (await h.call("risk_guard.accept", {"why": "again"}))["accepted"]


async def test_h9_a_loss_pulls_the_switch_and_the_fence_proves_it(tmp_path: Path) -> None:
    """Six percent down: the switch is on at once, entries are swept twice, and only a person ends it."""
    orders = [{"id": "e1", "purpose": "entry", "state": "acknowledged", "created_at": MARKET.isoformat()}]
    async with watching(tmp_path) as h:
        h.on_call("exchange.orders", lambda asked: orders)

        def cancel(asked: dict[str, Any]) -> dict[str, Any]:
            orders[0] = orders[0] | {"state": "cancelled"}
            return {"state": "cancelled"}

        h.on_call("exchange.cancel", cancel)
        await h.publish(account(h, Decimal(9_400)))
        switch = read_kill_switch(tmp_path)
        assert (switch.on, switch.who) == (True, "risk_guard")
        assert "6.00% lost" in switch.why
        assert claim(h) == "reduce_only"
        await keep_alive(h, 4, Decimal(9_400))
        assert h.calls("exchange.cancel") == [{"intent_id": "e1"}]
        proof = Guard.kill_status(tmp_path)["proof"]
        assert proof["cancelled"] == ["e1"]
        assert proof["still_resting"] == []
        assert proof["proven_at"]
        await keep_alive(h, 4, MONEY)
        assert claim(h) == "reduce_only"
        await h.restart()
        await h.ready()
        await keep_alive(h, 2, Decimal(9_400))
        assert claim(h) == "reduce_only"
        Guard.kill_off(tmp_path, why="looked into it")
        await keep_alive(h, 2, Decimal(9_400))
        assert claim(h) == "normal"
        assert (await h.call("risk_guard.limits"))["day_equity"] == "9400"


async def test_a_kill_that_cannot_be_proven_is_told(tmp_path: Path) -> None:
    """An entry that still rests, or an exchange that is away, keeps the proof open and a finding up."""
    async with watching(tmp_path) as h:

        def away(_: dict[str, Any]) -> None:
            raise RuntimeError("away")

        h.on_call("exchange.orders", away)
        Guard.kill_on(tmp_path, why="storm")
        await keep_alive(h, 5)
        codes = {finding.code for finding in (await h.health()).findings}
        assert codes == {"QT-RISK-KILL-SWITCH", "QT-RISK-KILL-UNPROVEN"}
        h.on_call("exchange.orders", lambda _: [])
        await keep_alive(h, 4)
        assert {finding.code for finding in (await h.health()).findings} == {"QT-RISK-KILL-SWITCH"}


async def test_g1_a_position_that_is_counted_but_not_told_stops_entries(tmp_path: Path) -> None:
    """The venue counts one position and none is told: its size is not zero, it is unknown."""
    async with watching(tmp_path) as h:
        for _ in range(48):
            await h.publish(account(h, positions=1))
            await h.advance(0.25)
        assert claim(h) == "no_entries"
        assert "not zero" in (await approve(h))["reason"]
        worth = Decimal(100)
        await h.publish(Position("p", "XUSDT", Side.LONG, Decimal(1), worth, worth, Decimal(0), 5, MARKET, MARKET))
        await h.publish(replace(account(h), positions=1))
        await h.advance(1)
        assert claim(h) == "normal"


async def test_losses_are_counted_from_the_ledger_across_restarts(tmp_path: Path) -> None:
    """Five losing round trips of the exchange's ledger pause entries, also in the next life, and are read once."""
    lines = []
    for number in range(10):
        fill = {
            "symbol": "XUSDT", "venue_trade_id": str(number), "venue_order_id": "o", "client_order_id": f"c{number}",
            "side": "long" if number % 2 == 0 else "short", "quantity": "1", "price": "100", "fee": "0.1",
            "fee_asset": "USDT", "realised_pnl": "0" if number % 2 == 0 else "-1", "maker": False,
            "at": (MARKET - timedelta(days=9)).isoformat(), "market_at": MARKET.isoformat(),
        }  # fmt: skip
        lines.append({"sequence": number + 1, "fill": fill, "position_id": "p", "closed_because": None})

    def page(asked: dict[str, Any]) -> dict[str, Any]:
        return {"ledger": "L", "fills": lines[asked["after"] :], "count": 10, "last": 10}

    bounds = {"first": "10000", "highest": "10000", "rows": 1}
    async with watching(tmp_path, bounds=bounds) as h:
        h.on_call("exchange.fills", page)
        await keep_alive(h, 12)
        assert claim(h) == "no_entries"
        assert (await h.call("risk_guard.limits"))["losses_in_a_row"] == 5
        await h.restart()
        await h.ready()
        await keep_alive(h, 1)
        assert claim(h) == "no_entries"
        await keep_alive(h, 12)
        assert h.calls("exchange.fills")[-1]["after"] == 10


async def test_h3_the_kill_switch_is_told_at_the_look_that_sees_it(tmp_path: Path) -> None:
    """Not when health is asked for the next time; and let go, it is taken back as soon."""
    async with watching(tmp_path) as h:
        assert h.findings == {}
        Guard.kill_on(tmp_path, why="rehearsed")
        await keep_alive(h, 1)
        assert "rehearsed" in h.findings["QT-RISK-KILL-SWITCH"].summary
        Guard.kill_off(tmp_path)
        await keep_alive(h, 1)
        assert h.findings == {}
