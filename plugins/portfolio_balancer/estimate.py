"""How symbols move, and move together: the only module that does statistics, and it is called in a worker thread.

Sample correlations of few returns are mostly noise, so they are shrunk (Ledoit and Wolf 2004, by
scikit-learn) towards no correlation. Clusters come from average linkage (scipy) at the cap: symbols in
one cluster move together by the cap or more on average. Both libraries are imported on first use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plugins.portfolio_balancer.prices import Returns

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Estimate:
    """Correlations between -1 and 1, the volatility of each symbol in a day as a part of its price, and clusters.

    What is not among `symbols` counts as moving with everything and as much as the wildest of all: unknown is not zero.
    """

    symbols: tuple[str, ...]
    correlation: NDArray[np.float64]
    volatility: NDArray[np.float64]
    cluster: tuple[int, ...]
    shrinkage: float
    returns: int
    _place: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_place", {symbol: n for n, symbol in enumerate(self.symbols)})

    def between(self, one: str, other: str) -> float:
        """The correlation of two symbols; 1 where one of them is unknown."""
        if one == other or one not in self._place or other not in self._place:
            return 1.0
        return float(self.correlation[self._place[one], self._place[other]])

    def daily(self, symbol: str) -> float:
        """The daily volatility of a symbol; the highest of all where it is unknown."""
        if symbol in self._place:
            return float(self.volatility[self._place[symbol]])
        return float(self.volatility.max()) if len(self.volatility) else UNKNOWN_VOLATILITY

    def together(self, symbol: str) -> frozenset[str]:
        """The symbols of its cluster, itself included."""
        if symbol not in self._place:
            return frozenset({symbol})
        own = self.cluster[self._place[symbol]]
        return frozenset(name for name, number in zip(self.symbols, self.cluster, strict=True) if number == own)


UNKNOWN_VOLATILITY = 0.10
"""Of a day, while nothing is known at all: a wild coin's."""

NOTHING = Estimate((), np.zeros((0, 0)), np.zeros(0), (), 0.0, 0)
"""While there is too little history."""


def estimated(returns: Returns, *, least: int, cap: float) -> Estimate:
    """What the returns say; NOTHING when there are fewer than `least`. Takes milliseconds to seconds."""
    rows = np.array(returns.rows, dtype=np.float64).reshape(len(returns.rows), len(returns.symbols))
    moving = [n for n in range(rows.shape[1]) if len(rows) and rows[:, n].std() > 0]
    if len(rows) < least or not moving:
        return NOTHING
    names, rows = tuple(returns.symbols[n] for n in moving), rows[:, moving]
    deviation = rows.std(axis=0)
    correlation, shrinkage = _shrunk((rows - rows.mean(axis=0)) / deviation)
    volatility = deviation * math.sqrt(DAY_S / returns.step_s)
    return Estimate(names, correlation, volatility, _clusters(correlation, cap), shrinkage, len(rows))


def _shrunk(scaled: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    from sklearn.covariance import LedoitWolf
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        fitted: Any = LedoitWolf(assume_centered=True).fit(scaled)
    root = np.sqrt(np.diag(fitted.covariance_))
    return np.clip(fitted.covariance_ / np.outer(root, root), -1.0, 1.0), float(fitted.shrinkage_)


def _clusters(correlation: NDArray[np.float64], cap: float) -> tuple[int, ...]:
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(correlation) < 2:
        return (1,) * len(correlation)
    distance = np.clip(1.0 - (correlation + correlation.T) / 2, 0.0, 2.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), method="average")
    found: Sequence[int] = fcluster(tree, t=1.0 - cap, criterion="distance").tolist()
    return tuple(found)
