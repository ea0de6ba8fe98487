"""Whether acting on a source would have earned anything after costs, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from plugins.learning.rows import Floats, Ints
from plugins.model_supervisor.rules import Judged, Rules

RESAMPLES = 2000
LEAST_BLOCKS = 8
"""Horizons of market time; with fewer the interval means nothing."""


class EdgeWord(StrEnum):
    """What may be said."""

    EDGE = "edge"
    NO_EDGE = "no edge"
    TOO_EARLY = "too early to say"


@dataclass(frozen=True, slots=True)
class Edge:
    """Mean net return of a signal and its central 95 % by resampling blocks of one horizon."""

    n: int
    mean: float
    low: float
    high: float
    word: EdgeWord

    @property
    def sentence(self) -> str:
        """The figures as a person reads them."""
        if self.word is EdgeWord.TOO_EARLY:
            return f"too early to say ({self.n} fates known)"
        between = f"95 % {self.low:+.3%} to {self.high:+.3%}, {self.n} signals"
        return f"{self.word}: {self.mean:+.3%} a signal after costs ({between})"


def edge_of(signals: Sequence[Judged], rules: Rules, *, seed: int = 0) -> Edge:
    """The edge of one source.

    All signals of one stretch of time stand or fall with the same market, whatever their symbols: they are drawn
    together (block bootstrap of a ratio).
    """
    n = len(signals)
    nets = np.array([each.net for each in signals], dtype=np.float64)
    blocks = np.array([each.said.at_ms // rules.horizon_ms for each in signals], dtype=np.int64)
    mean = float(nets.mean()) if n else 0.0
    if n < rules.least or len(np.unique(blocks)) < LEAST_BLOCKS:
        return Edge(n, mean, float("-inf"), float("inf"), EdgeWord.TOO_EARLY)
    low, high = _interval(nets, blocks, seed)
    return Edge(n, mean, low, high, EdgeWord.EDGE if low > 0.0 else EdgeWord.NO_EDGE)


def _interval(nets: Floats, blocks: Ints, seed: int) -> tuple[float, float]:
    _, place = np.unique(blocks, return_inverse=True)
    sums, counts = np.bincount(place, weights=nets), np.bincount(place)
    drawn = np.random.default_rng(seed).integers(0, len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))
