"""Candle history on disk: one Parquet file per symbol and interval, one of funding per symbol.

`<symbol>-<interval>.parquet` holds ts (open, UTC ms, int64), open, high, low, close, volume (float64);
`<symbol>-funding.parquet` holds ts (settlement, floored to the hour) and rate. Files are replaced as a whole, carry
checksums of their pages, and are checked when read: what is returned can be used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from plugins.learning.features import History
from plugins.learning.features.bars import COLUMNS
from plugins.learning.flaws import Flaws, flaws_of
from plugins.learning.rows import Floats, Ints
from qtcore import QtError

HOUR_MS = 3_600_000
INTERVAL_S = {"1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800, "1h": 3600, "4h": 14400, "1d": 86400}
FOLDER = "history"
SYMBOL = re.compile(r"[A-Z0-9]{2,30}")
NO_MS: Ints = np.array([], dtype=np.int64)
NO_FIGURES: Floats = np.array([], dtype=np.float64)


class DamagedHistory(QtError):
    """A file of the archive cannot be read, or holds bars that cannot be."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder of histories. Reading raises DamagedHistory, writing OSError when the disk refuses."""

    folder: Path

    def symbols(self, interval: str) -> list[str]:
        """Symbols with bars of this interval."""
        return sorted(path.name.removesuffix(f"-{interval}.parquet") for path in self._files(interval))

    def intervals(self) -> list[str]:
        """Intervals that there are bars of."""
        return [interval for interval in INTERVAL_S if any(self._files(interval))]

    def path(self, symbol: str, interval: str) -> Path:
        """The file of a symbol's bars; `interval` may be `funding`."""
        if not SYMBOL.fullmatch(symbol):
            raise ValueError(f"{symbol!r} is no symbol; symbols look like BTCUSDT")
        return self.folder / f"{symbol}-{interval}.parquet"

    def read(self, symbol: str, interval: str) -> History:
        """Bars and settlements of a symbol; empty when there are none."""
        path = self.path(symbol, interval)
        history = read_bars(path) if path.exists() else no_history()
        flaws = flaws_of(history, INTERVAL_S[interval])
        if flaws.broken:
            raise DamagedHistory(f"{path} holds bars that cannot be: {told(flaws)}; set it aside and fetch it anew")
        funding = self.path(symbol, "funding")
        return with_funding(history, *read_funding(funding)) if funding.exists() else history

    def read_all(self, interval: str, symbols: Iterable[str] | None = None, *, newest: int = 0) -> dict[str, History]:
        """Histories by symbol, of all or of these; the `newest` bars only when it is above zero."""
        chosen = self.symbols(interval) if symbols is None else list(symbols)
        found = {symbol: self.read(symbol, interval) for symbol in chosen}
        return {symbol: tail(history, newest) if newest else history for symbol, history in found.items()}

    def write(self, symbol: str, interval: str, history: History) -> None:
        """Replace a symbol's bars, and its settlements where there are any."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        bars: dict[str, Ints | Floats] = {"ts": history.opened_ms, **{name: history.columns[name] for name in COLUMNS}}
        _replace(self.path(symbol, interval), bars)
        if len(history.funding_ms):
            _replace(self.path(symbol, "funding"), {"ts": history.funding_ms, "rate": history.funding_rate})

    def set_aside(self, symbol: str, interval: str) -> Path:
        """Rename a file that cannot be used, so that it can be looked at and is out of the way."""
        path = self.path(symbol, interval)
        number = 1
        while (aside := path.with_suffix(f".damaged{number}")).exists():
            number += 1
        return path.replace(aside)

    def _files(self, interval: str) -> Iterable[Path]:
        return self.folder.glob(f"*-{interval}.parquet")


def no_history() -> History:
    """A symbol that nothing is known of."""
    return History(NO_MS, dict.fromkeys(COLUMNS, NO_FIGURES), NO_MS, NO_FIGURES)


def read_bars(path: Path) -> History:
    """Bars of a Parquet file with the columns ts, open, high, low, close, volume. Raises DamagedHistory."""
    table = _table(path, ("ts", *COLUMNS))
    columns = {name: table[name].to_numpy().astype(np.float64) for name in COLUMNS}
    return History(table["ts"].to_numpy().astype(np.int64), columns, NO_MS, NO_FIGURES)


def read_funding(path: Path) -> tuple[Ints, Floats]:
    """Settlements of a Parquet file with the columns ts and rate, times floored to the hour. Raises DamagedHistory."""
    table = _table(path, ("ts", "rate"))
    at = table["ts"].to_numpy().astype(np.int64)
    return at // HOUR_MS * HOUR_MS, table["rate"].to_numpy().astype(np.float64)


def with_funding(history: History, settled_ms: Ints, rate: Floats) -> History:
    """The same bars with these settlements, one per time, oldest first."""
    at, place = np.unique(settled_ms, return_index=True)
    return History(history.opened_ms, history.columns, at.astype(np.int64), rate[place])


def joined(old: History, new: History) -> tuple[History, int]:
    """Both together, in order; where both have a bar the old one stays. Also how many of those differ by price."""
    opened = np.concatenate([old.opened_ms, new.opened_ms])
    kept, place = np.unique(opened, return_index=True)  # the first of equal ones: old before new
    columns = {name: np.concatenate([old.columns[name], new.columns[name]])[place] for name in COLUMNS}
    _, mine, theirs = np.intersect1d(old.opened_ms, new.opened_ms, return_indices=True)
    differ = ~np.isclose(old.columns["close"][mine], new.columns["close"][theirs], rtol=1e-9, atol=0.0)
    whole = History(kept.astype(np.int64), columns, NO_MS, NO_FIGURES)
    settled = np.concatenate([old.funding_ms, new.funding_ms])
    return with_funding(whole, settled, np.concatenate([old.funding_rate, new.funding_rate])), int(differ.sum())


def tail(history: History, bars: int) -> History:
    """The newest `bars` bars."""
    columns = {name: series[-bars:] for name, series in history.columns.items()}
    return History(history.opened_ms[-bars:], columns, history.funding_ms, history.funding_rate)


def told(flaws: Flaws) -> str:
    """The flaws that make bars unusable, in words."""
    counts = {
        "repeated": flaws.repeated,
        "out of order": flaws.disordered,
        "off the grid": flaws.off_grid,
        "with impossible prices or volume": flaws.impossible,
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _table(path: Path, columns: tuple[str, ...]) -> pa.Table:
    try:
        table = pq.read_table(path, columns=list(columns), page_checksum_verification=True)
    except (OSError, pa.ArrowException) as error:
        raise DamagedHistory(f"{path} cannot be read: {error}; set it aside and fetch it anew") from error
    if table.num_columns != len(columns):
        lacking = ", ".join(sorted(set(columns) - set(table.column_names)))
        raise DamagedHistory(f"{path} has no column {lacking}; it needs {', '.join(columns)}")
    return table


def _replace(path: Path, columns: Mapping[str, Ints | Floats]) -> None:
    """Write beside and rename, so that a crash leaves the old file or the new one."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        pq.write_table(pa.table(columns), file, compression="zstd", write_page_checksum=True)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
