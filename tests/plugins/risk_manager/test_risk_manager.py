"""The risk manager at work: its word is renewed, its sizes explained, and what is open judged by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from plugins.domain import (
    Account,
    Instrument,
    Mark,
    Outcome,
    OutcomeCode,
    Position,
    Regime,
    RiskBudget,
    Side,
    StopState,
    StopStatus,
    SymbolPolicy,
    TradingPolicy,
    Volatility,
)
from plugins.risk_manager import RiskManager
from qtcore.errors import CallFailed
from qtcore.testing import Harness, harness

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 5, tzinfo=UTC)
MONEY = Decimal(10_000)
POLICY = SymbolPolicy(
    Regime.NORMAL, Volatility.NORMAL, True, Decimal("0.38"), Decimal(1), Decimal(50), Decimal(0), Decimal("1.5"),
    Decimal(3), 3600.0,
)  # fmt: skip
FACTS: dict[str, Any] = {
    "account": Account(MONEY, MONEY, MONEY, Decimal(0), 0, 0, NOW, NOW),
    "policy": TradingPolicy(True, "calm", Decimal("0.38"), Decimal(1), {"BTCUSDT": POLICY}, NOW),
    "instrument": Instrument(
        "BTCUSDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(100), Decimal(100), "TRADING"
    ),
    "mark": Mark("BTCUSDT", Decimal(50_000), Decimal("0.0001"), None, NOW),
}
POSITION = Position(
    "p", "BTCUSDT", Side.LONG, Decimal("0.1"), Decimal(50_000), Decimal(50_000), Decimal(0), 5, NOW, NOW
)
STOP = StopState("BTCUSDT", "i", "v", StopStatus.LIVE, Decimal(49_000), None, NOW)


async def know(h: Harness, *besides: object, without: str = "") -> None:
    """Tell it everything but `without`."""
    await h.ready()
    for name, message in FACTS.items():
        if name != without:
            await h.publish(message)
    for message in besides:
        await h.publish(message)


async def test_its_word_is_renewed_before_it_expires() -> None:
    """The caps are said at once and every two seconds, well within the ten that they hold."""
    async with harness(RiskManager) as h:
        await h.ready()
        await h.advance(6)
        assert len(h.published(RiskBudget)) == 4
        assert h.published(RiskBudget)[0].risk_share == Decimal("0.01")


@pytest.mark.parametrize("missing", ["account", "policy", "instrument"])
async def test_what_is_missing_is_said(missing: str) -> None:
    """Without account, policy or rules no size can be given, and health names which."""
    async with harness(RiskManager) as h:
        await know(h, without=missing)
        assert (await h.health()).status == "degraded"


async def test_a_person_sees_every_number_of_a_size() -> None:
    """The action sizes as the executor does and says what bound it."""
    async with harness(RiskManager) as h:
        await know(h)
        said = await h.call("risk_manager.size", {"symbol": "BTCUSDT", "side": "long"})
        assert (said["quantity"], said["bound_by"], said["too_small"]) == ("0.1", "notional", None)
        with pytest.raises(CallFailed, match="policy for XUSDT"):
            await h.call("risk_manager.size", {"symbol": "XUSDT", "side": "long"})


@pytest.mark.parametrize(
    ("changes", "stop", "code"),
    [
        ({}, STOP, None),
        ({"quantity": Decimal(1)}, STOP, "QT-RISK-MANAGER-OVERSIZED"),
        ({"leverage": 20}, STOP, "QT-RISK-MANAGER-LEVERAGE"),
        ({"quantity": Decimal(1)}, replace(STOP, trigger=Decimal(30_000)), "QT-RISK-MANAGER-LIQUIDATION"),
        ({"quantity": Decimal(1)}, replace(STOP, trigger=Decimal(50_100)), None),
    ],
)
async def test_f3_what_is_open_is_judged_by_its_risk(
    changes: dict[str, Any], stop: StopState, code: str | None
) -> None:
    """Too large for its stop, at another leverage, or liquidated first: found on the venue's word."""
    async with harness(RiskManager) as h:
        await know(h, replace(POSITION, **changes), stop)
        codes = [finding.code for finding in (await h.health()).findings]
        assert (code in codes) if code else not codes


async def test_f16_refusing_again_and_again_is_told() -> None:
    """Twenty sizes too small in a row are a finding; one that fits ends it."""
    async with harness(RiskManager) as h:
        await know(h)
        small = Outcome("s", "BTCUSDT", OutcomeCode.SIZE, "too small", NOW)
        for _ in range(20):
            await h.publish(small)
        assert [finding.code for finding in (await h.health()).findings] == ["QT-RISK-MANAGER-NOTHING-FITS"]
        await h.publish(replace(small, code=OutcomeCode.FILLED))
        health = await h.health()
        assert (health.status, health.facts["sized"], health.facts["refused"]) == ("healthy", 1, 20)


async def test_g13_an_old_account_is_no_account() -> None:
    """Ten seconds without a word of the account: nothing can be sized."""
    async with harness(RiskManager) as h:
        await know(h)
        await h.advance(timedelta(seconds=11).total_seconds())
        assert "last heard of" in (await h.health()).summary
