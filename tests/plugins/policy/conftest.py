"""Candles of a market that moves as asked."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from plugins.domain import Candle, candle_of

START_MS = 1_735_689_600_000


@pytest.fixture
def walk() -> Callable[..., list[Candle]]:
    """`walk(bars, step)`: a random walk of one-minute candles; `step` is a bar's move as a part of the price."""

    def make(
        bars: int, step: float, *, drift: float = 0.0, symbol: str = "BTCUSDT", interval_s: int = 60, seed: int = 1
    ) -> list[Candle]:
        random, price, candles = Random(seed), 100.0, []
        for number in range(bars):
            opened, price = price, price * (1 + drift + random.gauss(0, step))
            top, bottom = max(opened, price) * (1 + step / 4), min(opened, price) * (1 - step / 4)
            figures = [f"{figure:.6f}" for figure in (opened, top, bottom, price)]
            candles.append(candle_of(symbol, interval_s, START_MS + number * interval_s * 1000, [*figures, "1"]))
        return candles

    return make
