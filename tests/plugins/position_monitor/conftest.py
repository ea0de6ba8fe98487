"""One calm position, and everything that is known of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from plugins.domain import (
    Instrument,
    Mark,
    Position,
    Regime,
    Side,
    StopState,
    StopStatus,
    SymbolPolicy,
    Volatility,
)
from plugins.position_monitor.sight import Sight

THEN = datetime(2025, 5, 4, 10, 0, tzinfo=UTC)


@pytest.fixture
def calm() -> Sight:
    """A long of 0.1 at 50,000 with its stop 1,000 below, an hour old, the price where it was."""
    position = Position(
        "p1",
        "BTCUSDT",
        Side.LONG,
        Decimal("0.1"),
        Decimal(50_000),
        Decimal(50_000),
        Decimal(0),
        10,
        THEN,
        THEN,
    )
    policy = SymbolPolicy(
        Regime.NORMAL,
        Volatility.NORMAL,
        True,
        Decimal("0.38"),
        Decimal(1),
        Decimal(500),
        Decimal(0),
        Decimal(2),
        Decimal(4),
        36 * 3600.0,
    )
    return Sight(
        position=position,
        opened_market_at=THEN,
        stop=StopState("BTCUSDT", "s1", "1", StopStatus.LIVE, Decimal(49_000), None, THEN),
        naked_s=None,
        fired_s=None,
        refused=None,
        take_profit_asked=True,
        signal=None,
        policy=policy,
        mark=Mark("BTCUSDT", Decimal(50_000), Decimal(0), THEN + timedelta(hours=6), THEN),
        instrument=Instrument(
            "BTCUSDT", Decimal("0.10"), Decimal("0.001"), Decimal("0.001"), Decimal(100), Decimal(5), "TRADING"
        ),
        market_now=THEN + timedelta(hours=1),
        entered=Decimal("0.1"),
        risk=Decimal(1000),
    )
