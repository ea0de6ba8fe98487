"""The bars of one symbol, held as whole numbers of ticks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plugins.paper_exchange.market.source import Bar

PRICE_COLUMNS: Final = ("open", "high", "low", "close")

Integers: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Series:
    """Bars without a gap: `prices` is (bars, 4) open, high, low, close in ticks; `volumes` is in units."""

    first_ms: int
    interval_ms: int
    tick: Decimal
    unit: Decimal
    prices: Integers
    volumes: Integers

    @property
    def end_ms(self) -> int:
        """When the last bar closes."""
        return self.first_ms + len(self.volumes) * self.interval_ms

    def at(self, open_ms: int) -> Bar | None:
        """The bar that opens at `open_ms`."""
        index, off_grid = divmod(open_ms - self.first_ms, self.interval_ms)
        if off_grid or not 0 <= index < len(self.volumes):
            return None
        return self._bar(index)

    def before(self, before_ms: int, limit: int) -> Sequence[Bar]:
        """At most `limit` bars with `open_ms < before_ms`, the newest, oldest first."""
        end = -((self.first_ms - before_ms) // self.interval_ms)
        end = min(max(end, 0), len(self.volumes))
        return [self._bar(index) for index in range(max(end - limit, 0), end)]

    def _bar(self, index: int) -> Bar:
        opened, high, low, close = self.prices[index].tolist()
        tick = self.tick
        return Bar(
            open_ms=self.first_ms + index * self.interval_ms,
            open=opened * tick,
            high=high * tick,
            low=low * tick,
            close=close * tick,
            volume=int(self.volumes[index]) * self.unit,
        )
