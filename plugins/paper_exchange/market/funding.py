"""Recorded funding settlements."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Final, TypeAlias

from plugins.paper_exchange.market.source import MarketDataError

Settlements: TypeAlias = Sequence[tuple[int, Decimal]]

_HOUR_MS: Final = 3_600_000


def settlements(name: str, times_ms: Sequence[int], rates: Sequence[Decimal]) -> Settlements:
    """Settlements at full hours, oldest first (the venue stamps them some milliseconds late).

    Raises MarketDataError for the first one out of order or with a rate that is not a number below 100 %.
    """
    hours = [at - at % _HOUR_MS for at in times_ms]
    for row, (earlier, later) in enumerate(pairwise(hours), start=2):
        if later <= earlier:
            raise MarketDataError(f"{name}, row {row} (ts {times_ms[row - 1]}): not later than the row before; sort it")
    for row, rate in enumerate(rates, start=1):
        if not rate.is_finite() or abs(rate) >= 1:
            raise MarketDataError(f"{name}, row {row}: rate {rate} is no funding rate; fetch the file again")
    return list(zip(hours, rates, strict=True))
