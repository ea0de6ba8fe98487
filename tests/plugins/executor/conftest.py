"""One signal that passes every gate, and a world in which it does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from plugins.domain import (
    Account,
    Instrument,
    Mark,
    Regime,
    RiskBudget,
    Signal,
    Source,
    SymbolPolicy,
    TradingPolicy,
    Universe,
    View,
    Volatility,
)
from plugins.executor.settings import ExecutorSettings
from plugins.executor.world import Rules, World

NOW = datetime(2024, 12, 31, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Scene:
    """The pieces of a world in which everything passes."""

    now: datetime
    signal: Signal
    policy: SymbolPolicy
    trading_policy: TradingPolicy
    universe: Universe
    account: Account
    mark: Mark
    instrument: Instrument
    world: World
    rules: Rules
    budget: RiskBudget


@pytest.fixture
def scene() -> Scene:
    """Everything known, fresh and willing."""
    signal = Signal(
        "s1",
        "BTCUSDT",
        View.LONG,
        Decimal("0.62"),
        Source.RSI_RULE,
        Decimal(50_000),
        NOW,
        NOW,
        NOW + timedelta(minutes=2),
        {"rsi": 25.0},
    )
    policy = SymbolPolicy(
        Regime.NORMAL,
        Volatility.NORMAL,
        True,
        Decimal("0.38"),
        Decimal(1),
        Decimal(50),
        Decimal(0),
        Decimal("1.5"),
        Decimal(3),
        3600.0,
    )
    trading_policy = TradingPolicy(True, "calm", Decimal("0.38"), Decimal(1), {"BTCUSDT": policy}, NOW)
    universe = Universe(("BTCUSDT", "ETHUSDT"), {"XUSDT": "settling"}, NOW)
    account = Account(Decimal(10_000), Decimal(10_000), Decimal(10_000), Decimal(0), 0, 0, NOW, NOW)
    mark = Mark("BTCUSDT", Decimal(50_000), Decimal("0.0001"), None, NOW)
    instrument = Instrument(
        "BTCUSDT", Decimal("0.1"), Decimal("0.001"), Decimal("0.001"), Decimal(100), Decimal(100), "TRADING"
    )
    budget = RiskBudget(Decimal("0.01"), Decimal(5000), Decimal("0.10"), Decimal(2), 5, Decimal("0.5"), NOW)
    world = World(NOW, "normal", None, universe, trading_policy, account, 0.1, mark, 0.1, instrument, {}, budget=budget)
    rules = ExecutorSettings().rules
    return Scene(NOW, signal, policy, trading_policy, universe, account, mark, instrument, world, rules, budget)
