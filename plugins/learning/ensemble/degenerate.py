"""Whether a member still says something: one that repeats itself, whatever it is shown, has no vote."""

from __future__ import annotations

from collections import deque

import numpy as np

from plugins.learning.classes import Direction
from plugins.learning.rows import Floats

REMEMBERED = 2_000
LEAST = 300
"""Predictions below which nothing is said of it."""
FEWEST_DISTINCT = 0.02
ONE_SIDED = 0.995
DECIMALS, PLACES = 10_000, 100_003
"""What a probability is counted in, and the base of the number that three such counts make."""
NARROW = 0.0005
"""Spread of each class's probability below which the answer does not depend on the question."""


class Recent:
    """The last predictions of one member."""

    def __init__(self) -> None:
        self._said: deque[Floats] = deque()
        self._count = 0

    def add(self, said: Floats) -> None:
        """Those of one candle close, [n, 3]; rows without a prediction are left out."""
        known = said[np.isfinite(said).all(axis=1)]
        if not len(known):
            return
        self._said.append(known)
        self._count += len(known)
        while len(self._said) > 1 and self._count - len(self._said[0]) >= REMEMBERED:
            self._count -= len(self._said.popleft())

    def clear(self) -> None:
        """Forget, as when another artefact takes over."""
        self._said.clear()
        self._count = 0

    def fault(self) -> str | None:
        """Why its word is worth nothing; None while it seems to be worth something."""
        if self._count < LEAST:
            return None
        said = np.concatenate(list(self._said))
        distinct = _distinct(said) / len(said)
        if distinct < FEWEST_DISTINCT:
            return f"{len(said)} predictions, of which only {distinct:.1%} differ"
        if float(said.std(axis=0).max()) < NARROW:
            return f"the probabilities of {len(said)} predictions hardly vary (spread below {NARROW})"
        sides = np.bincount(said.argmax(axis=1), minlength=len(Direction)) / len(said)
        for direction in (Direction.DOWN, Direction.UP):
            if sides[direction] >= ONE_SIDED:
                return f"{sides[direction]:.1%} of {len(said)} predictions say {direction.name.lower()}"
        return None


def _distinct(said: Floats) -> int:
    """How many rows differ in the fourth decimal."""
    down, flat, up = np.round(said * DECIMALS).astype(np.int64).T
    return len(np.unique((down * PLACES + flat) * PLACES + up))  # one number a row: rows are sorted far slower
