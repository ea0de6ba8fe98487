"""How sure a mean is when all signals of one stretch of time stand or fall with the same market."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plugins.learning.rows import Floats, Ints
from plugins.model_supervisor.rules import Judged

RESAMPLES = 2000
LEAST_BLOCKS = 8
"""Horizons of market time; with fewer an interval means nothing."""


def horizons(signals: Sequence[Judged], horizon_ms: int) -> Ints:
    """The stretch of market time that each signal belongs to."""
    return np.array([each.said.at_ms // horizon_ms for each in signals], dtype=np.int64)


def enough(blocks: Ints) -> bool:
    """Whether so many stretches say anything."""
    return len(np.unique(blocks)) >= LEAST_BLOCKS


def interval_of(values: Floats, blocks: Ints, *, sure: float, seed: int = 0) -> tuple[float, float]:
    """The central `sure` of the mean, drawing whole blocks together whatever their symbols (bootstrap of a ratio)."""
    _, place = np.unique(blocks, return_inverse=True)
    sums, counts = np.bincount(place, weights=values), np.bincount(place)
    drawn = np.random.default_rng(seed).integers(0, len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return float(np.quantile(means, (1 - sure) / 2)), float(np.quantile(means, (1 + sure) / 2))
