"""Features while trading: closed candles in, one matrix for the whole universe out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, nan

import numpy as np

from plugins.domain import Candle, market_ms
from plugins.learning.features.bars import SERIES, Panel
from plugins.learning.features.catalogue import feature_schema
from plugins.learning.features.matrix import batch
from plugins.learning.rows import Flags, Floats, Floats32
from plugins.learning.schema import FeatureSchema


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """What a model judges at one close: a snapshot, safe to hand to a thread. `history` is [n, length, features]."""

    schema: FeatureSchema
    closed_at_ms: int
    symbols: tuple[str, ...]
    history: Floats32

    @property
    def values(self) -> Floats32:
        """[n, features] of the newest close."""
        return np.asarray(self.history[:, -1], dtype=np.float32)

    @property
    def covered(self) -> Flags:
        """[n]: whether all features that a symbol must have are known; the others need more history, or volume."""
        needed = [place for place, feature in enumerate(self.schema.features) if not feature.optional]
        return np.asarray(np.isfinite(self.values[:, needed]).all(axis=1))

    def __len__(self) -> int:
        return len(self.symbols)

    def sequences(self, length: int) -> Floats32:
        """[n, length, features], oldest first. Raises ValueError when the engine was asked for fewer rows."""
        if length > self.history.shape[1]:
            raise ValueError(
                f"{length} rows are wanted but {self.history.shape[1]} were made; "
                f"ask the engine for them: rows(…, length={length})"
            )
        return self.history[:, -length:]


class FeatureEngine:
    """Keeps the bars that features need. Feed it closed candles in any order; ask `rows` when a close is complete.

    `longest` is the longest sequence that will be asked for.
    """

    def __init__(self, interval_s: int, longest: int = 1) -> None:
        self.schema = feature_schema(interval_s)
        self._step_ms = interval_s * 1000
        self._width = self.schema.bars + longest
        self._places: dict[str, int] = {}
        self._free: list[int] = []
        self._data: dict[str, Floats] = {name: np.full((0, 2 * self._width), np.nan) for name in SERIES}
        self._opened_ms = 0
        """When the bar of column 0 opened; a column is one step."""
        self._used = 0
        self._due: dict[str, tuple[int, float]] = {}
        """Settlements that belong to a bar that has not come yet."""
        self._made: dict[int, Floats32] = {}
        """Feature columns [places, features] already made, by the time their bar opened."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols that bars are kept of; together they are the market."""
        return tuple(self._places)

    @property
    def bars(self) -> int:
        """How many closed candles of history a symbol should be warmed up with."""
        return self._width

    @property
    def newest_ms(self) -> int | None:
        """When the newest bar of any symbol opened."""
        return self._opened_ms + (self._used - 1) * self._step_ms if self._used else None

    def add(self, candle: Candle) -> bool:
        """Take a closed candle; False if it is too old to matter. Raises ValueError for another interval."""
        if candle.interval_s * 1000 != self._step_ms:
            raise ValueError(
                f"{candle.symbol}'s candle is of {candle.interval_s} s, "
                f"but these features are of {self.schema.interval_s} s"
            )
        opened_ms = market_ms(candle.opened_at)
        column = self._column(opened_ms)
        if column is None:
            return False
        place = self._place(candle.symbol)
        data, close, volume = self._data, float(candle.close), float(candle.volume)
        data["open"][place, column] = float(candle.open)
        data["high"][place, column] = float(candle.high)
        data["low"][place, column] = float(candle.low)
        data["close"][place, column] = close
        data["volume"][place, column] = volume
        data["log_close"][place, column] = log(close)
        data["log_volume"][place, column] = log(volume) if volume > 0.0 else nan
        self._forget_from(opened_ms)
        return True

    def settle(self, symbol: str, rate: float, at_ms: int) -> None:
        """Funding was settled: from the first bar that closes after `at_ms` on, this is the last known rate.

        Tell settlements in the order of their times.
        """
        if symbol not in self._places or not self._used:
            return
        opened_ms = at_ms // self._step_ms * self._step_ms
        column = max(0, (opened_ms - self._opened_ms) // self._step_ms)
        if column >= self._used:
            self._due[symbol] = (at_ms, rate)
            return
        self._data["funding"][self._places[symbol], column:] = rate
        self._forget_from(opened_ms)

    def forget(self, symbol: str) -> None:
        """Drop a symbol that no longer trades; it is no part of the market from now on."""
        place = self._places.pop(symbol, None)
        if place is not None:
            self._free = sorted([*self._free, place], reverse=True)
            for series in self._data.values():
                series[place] = np.nan
            self._made.clear()

    def rows(self, symbols: Sequence[str], length: int = 1) -> FeatureRows:
        """The newest close's rows of these symbols, each with the `length - 1` before it; unknown symbols are NaN.

        Raises ValueError before the first candle, or when `length` is more than `longest`.
        """
        newest = self.newest_ms
        if newest is None:
            raise ValueError("no candle has come yet, so there is nothing to make features from")
        if length > self._width - self.schema.bars:
            raise ValueError(f"this engine was made for sequences of {self._width - self.schema.bars}, not {length}")
        times = range(newest - (length - 1) * self._step_ms, newest + self._step_ms, self._step_ms)
        self._make(times)
        stacked = np.stack([self._made[at] for at in times], axis=1)
        history = np.full((len(symbols), length, len(self.schema.features)), np.nan, dtype=np.float32)
        known = [(row, self._places[name]) for row, name in enumerate(symbols) if name in self._places]
        if known:
            into, out_of = zip(*known, strict=True)
            history[list(into)] = stacked[list(out_of)]
        return FeatureRows(self.schema, newest + self._step_ms, tuple(symbols), history)

    def _make(self, times: range) -> None:
        missing = [at for at in times if at not in self._made]
        if missing:
            first = (missing[0] - self._opened_ms) // self._step_ms
            begin = max(0, first + 1 - self.schema.bars)  # no feature looks further back; more would only cost time
            # What follows the first missing column is made again: one call over a range beats many.
            made = batch(self._panel(begin), first - begin, self._used - begin)
            for offset in range(made.shape[1]):
                self._made[missing[0] + offset * self._step_ms] = made[:, offset]
        for at in [at for at in self._made if at < times[-1] - self._width * self._step_ms]:
            del self._made[at]

    def _panel(self, begin: int) -> Panel:
        """The kept bars from the column `begin` on, newest last."""
        grid = self._opened_ms + np.arange(begin, self._used, dtype=np.int64) * self._step_ms
        top = max(self._places.values(), default=0) + 1
        series = {name: values[:top, begin : self._used] for name, values in self._data.items()}
        names = [""] * top
        for name, place in self._places.items():
            names[place] = name
        return Panel(tuple(names), self.schema.interval_s, grid, **series)

    def _column(self, opened_ms: int) -> int | None:
        """Where a bar belongs; makes room for a newer one. None for one older than what is kept."""
        if not self._used:
            self._opened_ms, self._used = opened_ms - (self._width - 1) * self._step_ms, self._width
        column, odd = divmod(opened_ms - self._opened_ms, self._step_ms)
        if odd:
            raise ValueError(f"a bar opened at {opened_ms} ms is not on the grid of {self.schema.interval_s} s")
        if column < self._used - self._width:
            return None
        if column < self._used:
            return column
        column = self._grow(column)
        due, self._due = self._due, {}
        for symbol, (at_ms, rate) in due.items():
            self.settle(symbol, rate, at_ms)
        return column

    def _grow(self, column: int) -> int:
        """Make `column` the newest one; returns its place, which moves when the buffer is turned over."""
        for name, values in self._data.items():
            filler = values[:, self._used - 1 : self._used] if name == "funding" else np.nan
            values[:, self._used : column + 1] = filler
        if column < 2 * self._width:
            self._used = column + 1
            return column
        away = column - self._width + 1
        for name, values in self._data.items():
            kept = values[:, away:].copy()
            filler = values[:, self._used - 1].copy()[:, np.newaxis] if name == "funding" else np.nan
            values[:, : self._width] = filler
            values[:, : kept.shape[1]] = kept[:, : self._width]
        self._opened_ms += away * self._step_ms
        self._used = self._width
        return self._width - 1

    def _place(self, symbol: str) -> int:
        if symbol not in self._places:
            if not self._free:
                self._widen()
            self._places[symbol] = self._free.pop()
            self._made.clear()  # what was made has no row for it, and was made of another market
        return self._places[symbol]

    def _widen(self) -> None:
        have = len(self._data["close"])
        more = max(8, have)
        for name, values in self._data.items():
            self._data[name] = np.concatenate([values, np.full((more, values.shape[1]), np.nan)])
        self._free = list(range(have + more - 1, have - 1, -1))

    def _forget_from(self, opened_ms: int) -> None:
        if not self._made or opened_ms > next(reversed(self._made)):
            return
        for at in [at for at in self._made if at >= opened_ms]:
            del self._made[at]
