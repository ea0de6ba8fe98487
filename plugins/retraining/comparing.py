"""Two artefacts of one member on the same decisions, none of which either has learned from."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field

from plugins.learning.metrics import log_losses, require_probabilities
from plugins.learning.rows import Floats, Ints
from qtcore.documents import Document

RESAMPLES = 2000
LEAST_BLOCKS = 5


class Comparison(Document):
    """How much better `new` foresaw what happened than `old`, in nats a decision, with its central 95 %."""

    decisions: int = Field(ge=0)
    blocks: int = Field(ge=0, description="stretches of one horizon; decisions in one stand or fall together")
    old_loss: float = 0.0
    new_loss: float = 0.0
    gain: float = 0.0
    low: float = 0.0
    high: float = 0.0
    new_distinct: float = 1.0

    @classmethod
    def nothing(cls) -> Self:
        """There is no decision to compare on."""
        return cls(decisions=0, blocks=0)

    @property
    def sentence(self) -> str:
        """The figures as a person reads them."""
        return (
            f"log loss {self.new_loss:.4f} against {self.old_loss:.4f} on {self.decisions} decisions "
            f"(gain {self.gain:+.4f}, 95 % {self.low:+.4f} to {self.high:+.4f})"
        )


def compared(old: Floats, new: Floats, labels: Ints, decided_ms: Ints, horizon_ms: int, *, seed: int = 0) -> Comparison:
    """Compare calibrated probabilities [n, 3]. Raises ValueError for what is no probability."""
    able = np.isfinite(old).all(axis=1) & np.isfinite(new).all(axis=1)
    old, new, labels, decided_ms = old[able], new[able], labels[able], decided_ms[able]
    if not len(labels):
        return Comparison.nothing()
    require_probabilities(old)
    require_probabilities(new)
    before, after = log_losses(old, labels), log_losses(new, labels)
    gains = before - after
    _, place = np.unique(decided_ms // horizon_ms, return_inverse=True)
    blocks = int(place.max()) + 1
    low, high = _interval(gains, place, seed) if blocks >= LEAST_BLOCKS else (-np.inf, np.inf)
    return Comparison(
        decisions=len(labels),
        blocks=blocks,
        old_loss=float(before.mean()),
        new_loss=float(after.mean()),
        gain=float(gains.mean()),
        low=max(float(low), -1e9),
        high=min(float(high), 1e9),
        new_distinct=len(np.unique(np.round(new, 6), axis=0)) / len(new),
    )


def _interval(gains: Floats, place: Ints, seed: int) -> tuple[float, float]:
    sums, counts = np.bincount(place, weights=gains), np.bincount(place)
    drawn = np.random.default_rng(seed).integers(0, len(sums), size=(RESAMPLES, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))
