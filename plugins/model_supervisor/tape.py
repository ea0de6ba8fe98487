"""Closed candles of all symbols as far back as fates need them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import numpy as np

from plugins.domain import Candle, market_ms
from plugins.learning.features.bars import COLUMNS, History, Panel, panel_of

Bar = tuple[int, float, float, float, float, float]


class Tape:
    """The newest bars of each symbol; a hole is closed by adding its history again."""

    def __init__(self, interval_s: int, kept: int) -> None:
        self._interval_s = interval_s
        self._kept = kept
        self._bars: dict[str, deque[Bar]] = {}

    @property
    def symbols(self) -> list[str]:
        """Every symbol that bars are known of."""
        return sorted(self._bars)

    def add(self, candles: Iterable[Candle]) -> None:
        """Take closed candles of this tape's interval, in any order."""
        for candle in candles:
            if candle.interval_s != self._interval_s:
                continue
            bars = self._bars.setdefault(candle.symbol, deque(maxlen=self._kept))
            bar = _bar_of(candle)
            if not bars or bar[0] > bars[-1][0]:
                bars.append(bar)
            elif all(bar[0] != known[0] for known in bars):
                merged = sorted([*bars, bar])[-self._kept :]
                bars.clear()
                bars.extend(merged)

    def panel(self) -> Panel | None:
        """All of it on one grid; None while there is nothing."""
        histories = {symbol: _history_of(bars) for symbol, bars in self._bars.items() if bars}
        return panel_of(histories, self._interval_s) if histories else None


def _bar_of(candle: Candle) -> Bar:
    figures = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    opened, high, low, close, volume = map(float, figures)
    return market_ms(candle.opened_at), opened, high, low, close, volume


def _history_of(bars: Iterable[Bar]) -> History:
    table = np.array(list(bars), dtype=np.float64)
    columns = {name: table[:, place] for place, name in enumerate(COLUMNS, start=1)}
    nothing = np.array([], dtype=np.int64)
    return History(table[:, 0].astype(np.int64), columns, nothing, nothing.astype(np.float64))
