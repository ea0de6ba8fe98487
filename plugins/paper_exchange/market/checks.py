"""Recorded bars are played only when every one of them can be true."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from plugins.paper_exchange.market.rules import KNOWN_RULES, inferred_rules
from plugins.paper_exchange.market.series import Floats, Integers, Series
from plugins.paper_exchange.market.source import MarketDataError, SymbolRules

Flags: TypeAlias = NDArray[np.bool_]

_MAX_DIGITS: Final = 10
_LEAST_SHARE_ON_GRID: Final = 0.99
_FIRST_SANE_MS: Final = 1_230_768_000_000  # 2009: no such market before
_LAST_SANE_MS: Final = 4_102_444_800_000  # 2100


@dataclass(frozen=True, slots=True)
class RawBars:
    """Bars of one symbol as read: `prices` is (rows, 4) open, high, low, close; `files` is (name, rows)."""

    files: tuple[tuple[str, int], ...]
    open_ms: Integers
    prices: Floats
    volumes: Floats

    def place(self, row: int) -> str:
        """`BTCUSDT_1m.parquet, row 12 (2025-05-04 15:49)`; rows count from 1."""
        name, first = self.files[0][0], 0
        for candidate, rows in self.files:
            name = candidate
            if row < first + rows:
                break
            first += rows
        return f"{name}, row {row - first + 1} ({utc_minute(int(self.open_ms[row]))})"


def utc_minute(at_ms: int) -> str:
    """`2025-05-04 15:49`, or the bare number when it is no time of this century."""
    if not _FIRST_SANE_MS <= at_ms < _LAST_SANE_MS:
        return f"ts {at_ms}"
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def checked_series(symbol: str, interval_ms: int, raw: RawBars) -> tuple[Series, SymbolRules]:
    """The bars as whole ticks with the symbol's rules; raises MarketDataError at the first impossible bar.

    The tick is the table's, unless more than 1 % of the prices lie off it (the venue changes ticks over the
    years): then it is the last digit that the prices need. Fewer are strays (forced orders trade off the
    tick: SOLUSDT has 510 such prices in the month from 2025-01-27) and are rounded to the tick.
    """
    _check_times(raw, interval_ms)
    _check_values(raw)
    rules = _fitting_rules(symbol, raw)
    unit = Decimal(1).scaleb(-_digits_needed(raw.volumes))
    series = Series(
        first_ms=int(raw.open_ms[0]),
        interval_ms=interval_ms,
        tick=rules.tick_size,
        unit=unit,
        prices=_whole(raw.prices, rules.tick_size),
        volumes=_whole(raw.volumes, unit),
    )
    return series, rules


def _check_times(raw: RawBars, interval_ms: int) -> None:
    times = raw.open_ms
    _refuse_where(
        (times < _FIRST_SANE_MS) | (times >= _LAST_SANE_MS),
        raw,
        "the time is not in UTC milliseconds",
        "convert the time column to integer milliseconds",
    )
    _refuse_where(
        times % interval_ms != 0,
        raw,
        f"the bar does not open on a multiple of {interval_ms // 1000} s",
        "check that the file's name states its interval and that times are bar opens",
    )
    steps = np.diff(times)
    _refuse_where(_after(steps == 0), raw, "the bar is a duplicate of the one before", "drop duplicate rows")
    _refuse_where(_after(steps < 0), raw, "the bar is older than the one before", "sort the rows by time")
    gaps = np.flatnonzero(steps > interval_ms)
    if gaps.size:
        row, missing = int(gaps[0]), int(steps[gaps[0]]) // interval_ms - 1
        _refuse(
            raw,
            row,
            f"{missing} bars are missing after it ({gaps.size} gaps in all)",
            "fetch them or cut the file there",
        )


def _check_values(raw: RawBars) -> None:
    prices, volumes = raw.prices, raw.volumes
    finite = np.isfinite(prices).all(axis=1) & np.isfinite(volumes)
    _refuse_where(~finite, raw, "a value is missing or not a number", "fetch the bar again")
    _refuse_where(prices.min(axis=1) <= 0, raw, "a price is not positive", "fetch the bar again")
    _refuse_where(volumes < 0, raw, "the volume is negative", "fetch the bar again")
    inside = (prices[:, 1] >= prices.max(axis=1)) & (prices[:, 2] <= prices.min(axis=1))
    _refuse_where(
        ~inside,
        raw,
        "open or close lies outside low..high",
        "check the order of the columns or fetch the bar again",
    )


def _after(broken_steps: Flags) -> Flags:
    return np.concatenate(([False], broken_steps))


def _refuse_where(broken: Flags, raw: RawBars, what: str, cure: str) -> None:
    rows = np.flatnonzero(broken)
    if rows.size:
        others = f" (and in {rows.size - 1} more)" if rows.size > 1 else ""
        _refuse(raw, int(rows[0]), what + others, cure)


def _refuse(raw: RawBars, row: int, what: str, cure: str) -> NoReturn:
    raise MarketDataError(f"{raw.place(row)}: {what}; {cure}")


def _fitting_rules(symbol: str, raw: RawBars) -> SymbolRules:
    known = KNOWN_RULES.get(symbol)
    if known is not None and _lies_on(raw.prices, float(known.tick_size)):
        return known
    price_digits = _digits_needed(raw.prices)
    if known is None:
        return inferred_rules(symbol, price_digits, _digits_needed(raw.volumes))
    return replace(
        known,
        tick_size=Decimal(1).scaleb(-price_digits),
        price_precision=max(known.price_precision, price_digits),
    )


def _digits_needed(values: Floats) -> int:
    for digits in range(_MAX_DIGITS):
        if _lies_on(values, 10.0**-digits):
            return digits
    return _MAX_DIGITS


def _lies_on(values: Floats, grid: float) -> bool:
    scaled = values / grid
    # A double that stands for a short decimal is off by a few parts in 1e16 of its size.
    on_grid = np.abs(scaled - np.rint(scaled)) <= 1e-12 * np.abs(scaled) + 1e-9
    return float(on_grid.mean()) >= _LEAST_SHARE_ON_GRID


def _whole(values: Floats, grid: Decimal) -> Integers:
    return np.rint(values / float(grid)).astype(np.int64)
