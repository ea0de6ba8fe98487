"""Reductions of trailing windows ([..., n], oldest first) to one figure each.

Averages with unbounded memory (Wilder's, exponential) are cut after MEMORY bars, where what is left out weighs less
than one part in ten million, so that a figure depends on a stated number of bars and not on where history began.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from plugins.learning.rows import Floats

MEMORY = 256
MACD_MEMORY = 192
SIGNAL_MEMORY = 64


@cache
def decaying(alpha: float, bars: int) -> Floats:
    """Weights of an exponential average with smoothing factor `alpha` over `bars` bars, oldest first; sum 1."""
    weights = (1.0 - alpha) ** np.arange(bars - 1, -1, -1, dtype=np.float64)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


@cache
def macd_weights(fast: int, slow: int) -> Floats:
    """Weights of the difference of two exponential averages over MACD_MEMORY closes; sum 0."""
    return decaying(2.0 / (fast + 1), MACD_MEMORY) - decaying(2.0 / (slow + 1), MACD_MEMORY)


@cache
def histogram_weights(fast: int, slow: int, signal: int) -> Floats:
    """Weights of MACD less its own exponential average, over MACD_MEMORY + SIGNAL_MEMORY - 1 closes; sum 0."""
    line = macd_weights(fast, slow)
    average = np.convolve(line[::-1], decaying(2.0 / (signal + 1), SIGNAL_MEMORY)[::-1])[::-1]
    return np.concatenate([np.zeros(SIGNAL_MEMORY - 1), line]) - average


@cache
def slope_weights(bars: int) -> Floats:
    """Weights of the least-squares slope per bar over `bars` values; sum 0."""
    time = np.arange(bars, dtype=np.float64) - (bars - 1) / 2
    return np.asarray(time / (time @ time), dtype=np.float64)


def change(values: Floats) -> Floats:
    """Last less first."""
    return values[..., -1] - values[..., 0]


def mean(values: Floats) -> Floats:
    """Arithmetic mean."""
    return np.asarray(values.mean(axis=-1), dtype=np.float64)


def total(values: Floats) -> Floats:
    """Sum."""
    return np.asarray(values.sum(axis=-1), dtype=np.float64)


def lowest(values: Floats) -> Floats:
    """Minimum."""
    return np.asarray(values.min(axis=-1), dtype=np.float64)


def highest(values: Floats) -> Floats:
    """Maximum."""
    return np.asarray(values.max(axis=-1), dtype=np.float64)


def spread(values: Floats) -> Floats:
    """Standard deviation of the population."""
    return np.sqrt(variance(values))


def variance(values: Floats) -> Floats:
    """Variance of the population, around the mean of each window."""
    away = values - values.mean(axis=-1, keepdims=True)
    return np.asarray(np.einsum("...i,...i->...", away, away) / values.shape[-1], dtype=np.float64)


def skewness(values: Floats) -> Floats:
    """Third standardised moment of the population."""
    away = values - values.mean(axis=-1, keepdims=True)
    square = away * away
    third = np.einsum("...i,...i->...", square, away) / values.shape[-1]
    return np.asarray(third / (square.mean(axis=-1)) ** 1.5, dtype=np.float64)


def position(value: Floats, low: Floats, high: Floats) -> Floats:
    """Where `value` lies between `low` (0) and `high` (1)."""
    return (value - low) / (high - low)


def covariance(values: Floats, market: Floats) -> Floats:
    """Covariance of the population of each window with the market's."""
    away = values - values.mean(axis=-1, keepdims=True)
    other = np.broadcast_to(market - market.mean(axis=-1, keepdims=True), away.shape)
    return np.asarray(np.einsum("...i,...i->...", away, other) / values.shape[-1], dtype=np.float64)


def strength_index(close: Floats, period: int) -> Floats:
    """Wilder's relative strength index as a part of one (J. W. Wilder, New Concepts in Technical Trading, 1978)."""
    step = np.diff(close, axis=-1)
    weights = decaying(1.0 / period, step.shape[-1])
    # gain - loss is the sum of steps, gain + loss that of their sizes: two products instead of two clipped copies
    net, moved = step @ weights, np.abs(step) @ weights
    return np.asarray((net / moved + 1.0) / 2.0, dtype=np.float64)
