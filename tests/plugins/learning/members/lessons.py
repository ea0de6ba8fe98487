"""Labelled decisions on one long series, as members are given them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from plugins.learning.rows import Floats, Floats32, Ints
from plugins.learning.schema import FeatureSchema


@dataclass(frozen=True)
class Lesson:
    """Decisions `which` of a series [rows, features]; decision 0 is on row `len(series) - len(labels)`."""

    schema: FeatureSchema
    series: Floats32
    which: Ints
    labels: Ints
    weights: Floats
    decided_ms: Ints
    known_ms: Ints

    @property
    def values(self) -> Floats32:
        return self.series[self._rows]

    @property
    def _rows(self) -> Ints:
        return self.which + 63

    def __len__(self) -> int:
        return len(self.which)

    def sequences(self, length: int) -> Floats32:
        windows = sliding_window_view(self.series, length, axis=0)[self._rows - length + 1]
        return np.swapaxes(windows, 1, 2)

    def take(self, which: Ints) -> Lesson:
        return replace(
            self,
            which=self.which[which],
            labels=self.labels[which],
            weights=self.weights[which],
            decided_ms=self.decided_ms[which],
            known_ms=self.known_ms[which],
        )
