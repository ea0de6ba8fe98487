"""The caps of the book as plain values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Exposures and the daily volatility are parts of equity; `least_room` is in USDT."""

    correlation: float
    same_bet: int
    cluster: float
    symbol: float
    net: float
    gross: float
    volatility: float
    least_room: float
