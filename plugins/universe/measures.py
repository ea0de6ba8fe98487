"""What is measured of a symbol, and how it compares with bounds; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import sqrt
from typing import Any

from plugins.universe.settings import Bounds

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Measures:
    """`bars` closed candles; turnover of an hour in quote asset; the rest as parts of one, None where not known.

    `movement` is what the price moves in an hour: that of one candle times the root of their number.
    """

    bars: int
    turnover: Decimal
    movement: float | None = None
    empty: float = 0.0
    spread: float | None = None


def measured(row: Mapping[str, Any]) -> Measures:
    """From one row of `feed.coverage`. Raises KeyError, ValueError or decimal.InvalidOperation for anything else."""
    recent_s, interval_s = int(row["recent_s"]), int(row["interval_s"])
    turnover = Decimal(row["turnover"]) * HOUR_S / recent_s if recent_s else Decimal(0)
    movement = float(row["movement"]) * sqrt(HOUR_S / interval_s) if row["movement"] is not None else None
    return Measures(int(row["bars"]), turnover, movement, float(row["empty"]), row["spread"])


def missed(measures: Measures, bounds: Bounds, *, slack: float = 1.0, held: bool = False) -> str | None:
    """The first bound that is missed by more than `slack`, as a sentence; None when all are met.

    What is not known counts as missed, but not against a symbol that already holds the place.
    """
    if measures.bars < bounds.bars:
        return f"{measures.bars} closed candles of {bounds.bars}"
    if measures.turnover * Decimal(str(slack)) < bounds.turnover:
        return f"{measures.turnover:,.0f} traded an hour, {bounds.turnover:,.0f} asked"
    for name, value, most in (
        ("spread", measures.spread, bounds.spread),
        ("movement of an hour", measures.movement, bounds.movement),
        ("candles without trades", measures.empty, bounds.empty),
    ):
        if value is None:
            if not held:
                return f"the {name} is not known yet"
        elif value > most * slack:
            return f"{name} {value:.3%}, at most {most:.3%}"
    return None
