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


def enough(blocks: Ints, least: int = LEAST_BLOCKS) -> bool:
    """Whether so many stretches say anything."""
    return len(np.unique(blocks)) >= least


def likeness(values: Floats, blocks: Ints) -> float:
    """How much the values of one stretch are alike beyond chance: the intra-class correlation, 0 to 1 (Donner 1986)."""
    _, place = np.unique(blocks, return_inverse=True)
    sizes = np.bincount(place)
    n, stretches = len(values), len(sizes)
    if stretches in {1, n}:
        return 0.0
    means = np.bincount(place, weights=values) / sizes
    between = float((sizes * (means - values.mean()) ** 2).sum()) / (stretches - 1)
    within = float(((values - means[place]) ** 2).sum()) / (n - stretches)
    typical = (n - float((sizes**2).sum()) / n) / (stretches - 1)
    return min(1.0, max(0.0, (between - within) / (between + (typical - 1) * within)))


def witnesses(likeness: float, blocks: Ints) -> int:
    """What so many values are worth as independent ones, at least one (Kish's design effect)."""
    sizes = np.unique(blocks, return_counts=True)[1]
    crowd = float((sizes**2).sum()) / len(blocks)
    return max(1, round(len(blocks) / (1 + (crowd - 1) * likeness)))


def interval_of(values: Floats, blocks: Ints, *, sure: float, seed: int = 0) -> tuple[float, float]:
    """The central `sure` of the mean, drawing whole blocks together whatever their symbols (bootstrap of a ratio)."""
    _, place = np.unique(blocks, return_inverse=True)
    sums, counts = np.bincount(place, weights=values), np.bincount(place)
    drawn = np.random.default_rng(seed).integers(0, len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return float(np.quantile(means, (1 - sure) / 2)), float(np.quantile(means, (1 + sure) / 2))
