"""Indicators of one symbol, kept up candle by candle: how strongly it trends and how much it moves.

Thresholds and exit distances are stated for one hour. The true range of a shorter bar is brought to an hour by the
square root of time (the expected range of a random walk grows so; Feller 1951), so that the same figures hold for
whatever candles the feed brings.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Any

from talipp.indicators import ADX, ATR, EMA
from talipp.ohlcv import OHLCV

from plugins.domain import Candle
from plugins.policy.settings import PolicySettings

HOUR_S = 3600
LEAST_BARS_OF_RANGE = 20
KEPT = 500


@dataclass(frozen=True, slots=True)
class Reading:
    """What the indicators show after one candle.

    `atr` is of one bar and `hourly_atr` brought to an hour, both in price units; `range_width` is high to low
    of the last hour and `trend` the close's distance from the long average, both as a part of the price.
    """

    close: float
    atr: float
    hourly_atr: float
    adx: float
    range_width: float
    trend: float

    @property
    def volatility(self) -> float:
        """Hourly average true range as a part of the price."""
        return self.hourly_atr / self.close


class Gauge:
    """Closed candles in, readings out; none before every indicator has enough of them."""

    def __init__(self, interval_s: int, settings: PolicySettings) -> None:
        self.last: Candle | None = None
        self.bars = 0
        self._hour = math.sqrt(HOUR_S / interval_s)
        self._atr = ATR(settings.volatility.atr_period)
        self._adx = ADX(settings.regime.adx_period, settings.regime.adx_period)
        self._average = EMA(settings.regime.average_period)
        self._bounds: deque[tuple[float, float]] = deque(maxlen=max(HOUR_S // interval_s, LEAST_BARS_OF_RANGE))
        self.needed = max(settings.regime.average_period, 2 * settings.regime.adx_period, LEAST_BARS_OF_RANGE)

    def add(self, candle: Candle) -> None:
        """Take the next closed candle."""
        self.last = candle
        self.bars += 1
        high, low, close = float(candle.high), float(candle.low), float(candle.close)
        bar = OHLCV(float(candle.open), high, low, close, float(candle.volume))
        self._atr.add(bar)
        self._adx.add(bar)
        self._average.add(close)
        self._bounds.append((high, low))
        for indicator in (self._atr, self._adx, self._average):
            _forget(indicator)

    def reading(self) -> Reading | None:
        """What the indicators show now."""
        if self.last is None or self.bars < self.needed:
            return None
        atr, adx, average = self._atr[-1], self._adx[-1], self._average[-1]
        if atr is None or adx is None or adx.adx is None or average is None:
            return None
        close = float(self.last.close)
        width = (max(high for high, _ in self._bounds) - min(low for _, low in self._bounds)) / close
        return Reading(close, atr, atr * self._hour, adx.adx, width, close / average - 1)


def _forget(indicator: Any) -> None:
    if len(indicator) >= 2 * KEPT:
        indicator.purge_oldest(KEPT)
