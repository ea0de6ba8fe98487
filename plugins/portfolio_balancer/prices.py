"""Closes of all symbols at common times, and the returns between them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from plugins.domain import Candle, market_ms

MINUTE_MS = 60_000
COVERED = 0.9
"""A symbol takes part when it has this part of the times that are known at all."""


@dataclass(frozen=True, slots=True)
class Returns:
    """Logarithmic returns, one row a step and one column a symbol, steps of `step_s` market seconds."""

    symbols: tuple[str, ...]
    rows: tuple[tuple[float, ...], ...]
    step_s: int


class Prices:
    """The newest closes of each symbol at whole multiples of a step; a hole in one symbol costs the others one row."""

    def __init__(self, step_minutes: int, kept: int) -> None:
        self._step_ms = step_minutes * MINUTE_MS
        self._kept = kept
        self._closes: dict[str, dict[int, float]] = {}

    @property
    def symbols(self) -> list[str]:
        """Every symbol that a price is known of."""
        return sorted(self._closes)

    def add(self, candles: Iterable[Candle]) -> None:
        """Take closed candles, in any order; those between the steps are not needed."""
        for candle in candles:
            at = market_ms(candle.closed_at)
            if at % self._step_ms or not candle.closed or candle.close <= 0:
                continue
            closes = self._closes.setdefault(candle.symbol, {})
            closes[at] = float(candle.close)
            if len(closes) > 2 * self._kept:
                for old in sorted(closes)[: -self._kept - 1]:
                    del closes[old]

    def returns(self) -> Returns:
        """What can be compared: symbols with nearly all times, at the times that they share."""
        times = sorted({at for closes in self._closes.values() for at in closes})[-self._kept - 1 :]
        sharing = [name for name in self.symbols if self._covers(name, times)]
        shared = [at for at in times if all(at in self._closes[name] for name in sharing)] if sharing else []
        rows = tuple(
            tuple(math.log(self._closes[name][now] / self._closes[name][before]) for name in sharing)
            for before, now in pairwise(shared)
            if now - before == self._step_ms
        )
        return Returns(tuple(sharing), rows, self._step_ms // 1000)

    def _covers(self, symbol: str, times: list[int]) -> bool:
        closes = self._closes[symbol]
        return len(times) > 0 and sum(at in closes for at in times) >= COVERED * len(times)
