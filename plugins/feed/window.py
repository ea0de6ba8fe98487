"""The last closed candles of one symbol, without holes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from itertools import takewhile

from plugins.domain import Candle, Succession, succession


class Window:
    """Candles that follow one another; one behind a hole that nobody can fill starts the window anew."""

    def __init__(self, size: int) -> None:
        self._candles: deque[Candle] = deque(maxlen=size)
        self.holes = 0

    def __len__(self) -> int:
        return len(self._candles)

    @property
    def last(self) -> Candle | None:
        """The newest candle."""
        return self._candles[-1] if self._candles else None

    def place(self, candle: Candle) -> Succession:
        """Where the candle stands behind the newest."""
        return succession(self.last, candle)

    def extend(self, candles: Iterable[Candle]) -> list[Candle]:
        """Add those that are newer, oldest first; returns them."""
        return [candle for candle in candles if self._add(candle)]

    def tail(self, limit: int) -> list[Candle]:
        """The newest `limit` candles, oldest first."""
        return list(self._candles)[-limit:]

    def zero_volume_bars(self) -> int:
        """How many of the newest candles have no volume."""
        return sum(1 for _ in takewhile(lambda candle: candle.volume == 0, reversed(self._candles)))

    def _add(self, candle: Candle) -> bool:
        place = self.place(candle)
        if place is Succession.OLD:
            return False
        if place is Succession.GAP:
            self.holes += 1
            self._candles.clear()
        self._candles.append(candle)
        return True
