"""Made-up markets."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from plugins.domain import Candle, at_market_ms
from plugins.learning.features import History, Panel, panel_of

START_MS = 1_735_689_600_000  # 2025-01-01


def history(bars: int, *, seed: int, interval_s: int = 60, drift: float = 0.0, funding: bool = True) -> History:
    """A random walk with ranges, volume that varies, and funding each eight hours."""
    random = np.random.default_rng(seed)
    steps = random.normal(drift, 0.002, bars) * (1 + random.random(bars))
    close = 50.0 * np.exp(np.cumsum(steps))
    open_ = np.concatenate([[50.0], close[:-1]])
    high = np.maximum(open_, close) * (1 + random.random(bars) * 0.001)
    low = np.minimum(open_, close) * (1 - random.random(bars) * 0.001)
    opened = START_MS + np.arange(bars, dtype=np.int64) * interval_s * 1000
    settled = np.arange(START_MS, opened[-1] + 1, 8 * 3_600_000, dtype=np.int64) if funding else np.array([], np.int64)
    return History(
        opened_ms=opened,
        columns={"open": open_, "high": high, "low": low, "close": close, "volume": random.lognormal(2, 1, bars)},
        funding_ms=settled,
        funding_rate=random.normal(1e-4, 5e-5, len(settled)),
    )


def candles(panel: Panel, symbol: str) -> list[Candle]:
    """The symbol's bars as candles, exact to the last digit of a float."""
    row = panel.symbols.index(symbol)
    step = timedelta(seconds=panel.interval_s)
    made = []
    for column, opened_ms in enumerate(panel.opened_ms):
        figures = [getattr(panel, name)[row, column] for name in ("open", "high", "low", "close", "volume")]
        if np.isnan(figures).any():
            continue
        opened = at_market_ms(int(opened_ms))
        made.append(
            Candle(symbol, panel.interval_s, opened, opened + step, *(Decimal(repr(float(x))) for x in figures))
        )
    return made


@pytest.fixture(scope="session")
def market() -> Panel:
    """Five symbols, 700 one-minute bars, all complete."""
    return panel_of({f"{name}USDT": history(700, seed=seed) for seed, name in enumerate("ABCDE")}, 60)
