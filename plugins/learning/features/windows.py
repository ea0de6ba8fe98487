"""Trailing windows over a panel: all that a feature can see.

A feature is a reduction of the last `n` closed bars and nothing else. Batch and live differ only in how many windows
are reduced at once, and a look ahead cannot be written down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from plugins.learning.features.bars import Panel
from plugins.learning.rows import Floats


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows that end at the bars `first` to `last` (exclusive) of a panel.

    Each method takes a length and returns [symbols, ends, length], oldest first (market and time: [1, ends, length]).
    """

    panel: Panel
    first: int
    last: int

    def open(self, bars: int) -> Floats:
        """Opening prices."""
        return self._of(self.panel.open, bars)

    def high(self, bars: int) -> Floats:
        """Highest prices."""
        return self._of(self.panel.high, bars)

    def low(self, bars: int) -> Floats:
        """Lowest prices."""
        return self._of(self.panel.low, bars)

    def close(self, bars: int) -> Floats:
        """Closing prices."""
        return self._of(self.panel.close, bars)

    def volume(self, bars: int) -> Floats:
        """Volume in base asset."""
        return self._of(self.panel.volume, bars)

    def log_close(self, bars: int) -> Floats:
        """Logarithm of closing prices."""
        return self._of(self.panel.log_close, bars)

    def log_volume(self, bars: int) -> Floats:
        """Logarithm of volume."""
        return self._of(self.panel.log_volume, bars)

    def log_return(self, bars: int) -> Floats:
        """Logarithmic returns."""
        return self._of(self.panel.log_return, bars)

    def true_range(self, bars: int) -> Floats:
        """Wilder's true range."""
        return self._of(self.panel.true_range, bars)

    def funding(self, bars: int) -> Floats:
        """Funding rate settled last."""
        return self._of(self.panel.funding, bars)

    def market(self, bars: int) -> Floats:
        """Mean return of all symbols."""
        return self._of(self.panel.market, bars)

    def closed_s(self, bars: int) -> Floats:
        """Unix seconds of the close."""
        return self._of(self.panel.closed_s, bars)

    def _of(self, series: Floats, bars: int) -> Floats:
        begin = self.first - bars + 1
        part = series[:, max(begin, 0) : self.last]
        if begin < 0:
            part = np.concatenate([np.full((len(part), -begin), np.nan), part], axis=1)
        if self.last - self.first == 1:  # the newest close: the view that a slice is costs a tenth
            return part[:, np.newaxis]
        return sliding_window_view(part, bars, axis=1)
