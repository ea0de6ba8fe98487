"""Features on a scale that a net can learn on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plugins.learning.rows import Floats32

FURTHEST = 5.0
"""Spreads from the centre at which a value is cut, so that one crash minute does not outweigh a year."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Median and spread (interquartile range over 1.349, a normal's standard deviation) of each channel."""

    centre: Floats32
    spread: Floats32

    @classmethod
    def of(cls, rows: Floats32) -> Scale:
        """From rows [n, channels], what is missing left out."""
        low, centre, high = np.nanpercentile(rows.astype(np.float64), [25, 50, 75], axis=0)
        spread = (high - low) / 1.349
        spread[~(spread > 0)] = 1.0
        return cls(centre.astype(np.float32), spread.astype(np.float32))

    def apply(self, windows: Floats32) -> Floats32:
        """Centred, in spreads, cut."""
        cut = np.clip((windows - self.centre) / self.spread, -FURTHEST, FURTHEST)
        return np.asarray(cut, dtype=np.float32)
