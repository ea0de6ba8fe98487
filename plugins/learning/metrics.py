"""How good probabilities are, whatever one does with them.

Probabilities are [n, 3] in Direction order; each row sums to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plugins.learning.classes import Direction
from plugins.learning.rows import Floats, Ints

BINS = 10
LEAST = 1e-15


@dataclass(frozen=True, slots=True)
class Quality:
    """Weighted means. `log_loss` in nats; `brier` the sum over the classes; `ece` the mean gap between the confidence
    in the likeliest class and how often it is right; `accuracy`; `distinct` the share of rows unlike all others.
    """

    log_loss: float
    brier: float
    ece: float
    accuracy: float
    distinct: float
    n: int


@dataclass(frozen=True, slots=True)
class Bin:
    """One bar of a reliability diagram: mean confidence, how often right, share of the weight."""

    confidence: float
    right: float
    share: float


def quality(probabilities: Floats, labels: Ints, weights: Floats | None = None) -> Quality:
    """All figures at once. Raises ValueError for what is no probability (outside [0, 1], or a sum that is not 1)."""
    require_probabilities(probabilities)
    n = len(labels)
    if not n:
        raise ValueError("there is no sample to judge by")
    share = np.full(n, 1.0 / n) if weights is None else np.asarray(weights / weights.sum(), dtype=np.float64)
    distinct = len(np.unique(np.round(probabilities, 6), axis=0)) / n
    return Quality(
        log_loss=float(share @ log_losses(probabilities, labels)),
        brier=float(share @ ((probabilities - np.eye(len(Direction))[labels]) ** 2).sum(axis=1)),
        ece=float(
            sum(bin_.share * abs(bin_.confidence - bin_.right) for bin_ in reliability(probabilities, labels, share))
        ),
        accuracy=float(share @ (probabilities.argmax(axis=1) == labels)),
        distinct=distinct,
        n=n,
    )


def log_losses(probabilities: Floats, labels: Ints) -> Floats:
    """[n] -ln of the probability given to what happened; never above -ln(1e-15)."""
    given = probabilities[np.arange(len(labels)), labels]
    return np.asarray(-np.log(np.clip(given, LEAST, 1.0)), dtype=np.float64)


def reliability(probabilities: Floats, labels: Ints, share: Floats, bins: int = BINS) -> list[Bin]:
    """Ten bins of confidence in the likeliest class, each as wide; empty ones are left out."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        mass = float(share[inside].sum())
        if mass > 0.0:
            mean = float(share[inside] @ confidence[inside]) / mass
            found.append(Bin(mean, float(share[inside] @ right[inside]) / mass, mass))
    return found


def require_probabilities(probabilities: Floats) -> None:
    """Raise ValueError, with the worst row, unless all rows are probabilities of the three classes."""
    if probabilities.ndim != 2 or probabilities.shape[1] != len(Direction):
        raise ValueError(f"probabilities must be [n, {len(Direction)}], not {list(probabilities.shape)}")
    bad = ~np.isfinite(probabilities).all(axis=1) | (probabilities < 0.0).any(axis=1)
    bad |= np.abs(probabilities.sum(axis=1) - 1.0) > 1e-6
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"{int(bad.sum())} of {len(bad)} rows are no probabilities, the first is row {row}: "
            f"{probabilities[row].tolist()}"
        )
