"""Whether acting on a source would have earned anything after costs, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from plugins.model_supervisor.blocks import enough, horizons, interval_of
from plugins.model_supervisor.rules import Judged, Rules

SURE = 0.95


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
    """The edge of one source; the signals of one horizon are one proof."""
    n = len(signals)
    nets = np.array([each.net for each in signals], dtype=np.float64)
    blocks = horizons(signals, rules.horizon_ms)
    mean = float(nets.mean()) if n else 0.0
    if n < rules.least or not enough(blocks):
        return Edge(n, mean, float("-inf"), float("inf"), EdgeWord.TOO_EARLY)
    low, high = interval_of(nets, blocks, sure=SURE, seed=seed)
    return Edge(n, mean, low, high, EdgeWord.EDGE if low > 0.0 else EdgeWord.NO_EDGE)
