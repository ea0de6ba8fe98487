"""A venue at which nothing trades is not a feed that brings nothing; pure."""

from __future__ import annotations

from collections.abc import Iterable

from plugins.feed.window import Window

FEWEST_SYMBOLS = 2
"""One symbol alone may simply not be traded."""

FEWEST_BARS = 2


def quiet_bars(windows: Iterable[Window]) -> int:
    """How many of the newest candles have no volume in any symbol; 0 unless it is several of several symbols.

    So look the venue's own outages in its candles: they come, on time, and say that nothing traded.
    """
    counts = [window.zero_volume_bars() for window in windows if len(window)]
    if len(counts) < FEWEST_SYMBOLS:
        return 0
    least = min(counts)
    return least if least >= FEWEST_BARS else 0
