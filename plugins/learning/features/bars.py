"""Closed bars of many symbols on one time grid, and the plain series that features are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from plugins.learning.rows import Floats, Ints

COLUMNS = ("open", "high", "low", "close", "volume")
SERIES = (*COLUMNS, "log_close", "log_volume", "funding")
MINIMUM_MARKET = 2
"""Of fewer symbols there is no market: its return is missing."""


@dataclass(frozen=True)
class Panel:
    """[symbols, bars] arrays on one grid of `interval_s`, oldest first; a bar that nobody has is NaN.

    `opened_ms` is [bars]; `funding` the rate settled last before each close, NaN where unknown: one that is settled
    at a close is told some moments after it, so nobody could have acted on it then;
    a bar without volume has no `log_volume`.
    """

    symbols: tuple[str, ...]
    interval_s: int
    opened_ms: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    log_close: Floats
    log_volume: Floats
    funding: Floats

    @cached_property
    def log_return(self) -> Floats:
        """Logarithmic return of each bar; the first has none."""
        return _with_first_missing(np.diff(self.log_close, axis=1))

    @cached_property
    def true_range(self) -> Floats:
        """Wilder's true range of each bar, price units; the first has none."""
        high, low, before = self.high[:, 1:], self.low[:, 1:], self.close[:, :-1]
        return _with_first_missing(np.maximum(high, before) - np.minimum(low, before))

    @cached_property
    def market(self) -> Floats:
        """[1, bars] mean return of the symbols at hand; missing where they are fewer than MINIMUM_MARKET."""
        known = np.isfinite(self.log_return)
        count = np.count_nonzero(known, axis=0)
        total = np.where(known, self.log_return, 0.0).sum(axis=0)
        return np.where(count >= MINIMUM_MARKET, total / np.maximum(count, 1), np.nan)[np.newaxis, :]

    @cached_property
    def closed_s(self) -> Floats:
        """[1, bars] Unix seconds at which each bar closed."""
        return (self.opened_ms / 1000.0 + self.interval_s)[np.newaxis, :]

    def __len__(self) -> int:
        return len(self.opened_ms)

    def until(self, bars: int) -> Panel:
        """The first `bars` bars only: what was known when the last of them closed."""
        series = {name: getattr(self, name)[:, :bars] for name in SERIES}
        return Panel(self.symbols, self.interval_s, self.opened_ms[:bars], **series)


@dataclass(frozen=True, slots=True)
class History:
    """Closed bars of one symbol as recorded: `opened_ms` strictly increasing, the rest float64 of equal length.

    `funding_ms` and `funding_rate` are settlements, times floored to the hour.
    """

    opened_ms: Ints
    columns: Mapping[str, Floats]
    funding_ms: Ints
    funding_rate: Floats


def panel_of(histories: Mapping[str, History], interval_s: int) -> Panel:
    """One grid over all histories, from the first bar of any to the last of any.

    Raises ValueError when there are no bars, or one does not open on the grid.
    """
    if not any(len(history.opened_ms) for history in histories.values()):
        raise ValueError("no symbol has a single bar; fetch or import history first")
    step = interval_s * 1000
    first = min(int(h.opened_ms[0]) for h in histories.values() if len(h.opened_ms))
    last = max(int(h.opened_ms[-1]) for h in histories.values() if len(h.opened_ms))
    grid = np.arange(first, last + step, step, dtype=np.int64)
    symbols = tuple(sorted(histories))
    series = {name: np.full((len(symbols), len(grid)), np.nan) for name in (*COLUMNS, "funding")}
    for row, symbol in enumerate(symbols):
        history = histories[symbol]
        place, odd = np.divmod(history.opened_ms - first, step)
        if np.any(odd):
            raise ValueError(f"a bar of {symbol} does not open on the grid of {interval_s} s; mend the history")
        for name in COLUMNS:
            series[name][row, place] = history.columns[name]
        series["funding"][row] = settled_before(history.funding_ms, history.funding_rate, grid + step)
    series["log_close"], series["log_volume"] = np.log(series["close"]), _log_of_positive(series["volume"])
    return Panel(symbols, interval_s, grid, **series)


def settled_before(settled_ms: Ints, rate: Floats, at_ms: Ints) -> Floats:
    """The rate settled last before each time; NaN up to the first."""
    if not len(settled_ms):
        return np.full(len(at_ms), np.nan)
    place = np.searchsorted(settled_ms, at_ms, side="left") - 1
    return np.where(place >= 0, rate[np.maximum(place, 0)], np.nan)


def _log_of_positive(values: Floats) -> Floats:
    found = np.full(values.shape, np.nan)
    np.log(values, out=found, where=values > 0.0)
    return found


def _with_first_missing(values: Floats) -> Floats:
    return np.concatenate([np.full((len(values), 1), np.nan), values], axis=1)
