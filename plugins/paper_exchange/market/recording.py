"""Reads a recording: a folder with `ohlcv/BTCUSDT_1m.parquet` and perhaps `funding/BTCUSDT.parquet` and
`meta/leverage_brackets*.json`.

`ohlcv` files hold ts (bar open, UTC ms, int64), open, high, low, close, volume (base asset); `funding` files
hold ts (ms, with some jitter) and rate. A name may carry a suffix: `BTCUSDT-crash202510_5m` is a window of
its own, played only when asked for; `-SPOT-` is another market and is never played as a perpetual.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from plugins.paper_exchange.market.bracket_file import read_brackets
from plugins.paper_exchange.market.brackets import Brackets
from plugins.paper_exchange.market.checks import RawBars, checked_series
from plugins.paper_exchange.market.funding import Settlements, settlements
from plugins.paper_exchange.market.recorded import (
    BASE_INTERVALS_MS,
    RecordedMarket,
    base_interval,
    wanted,
)
from plugins.paper_exchange.market.series import PRICE_COLUMNS
from plugins.paper_exchange.market.source import MarketDataError, SymbolRules

if TYPE_CHECKING:
    import pyarrow as pa

_FILE_NAME: Final = re.compile(r"(?P<symbol>[A-Z0-9]+)(?:-(?P<window>[\w-]+))?_(?P<interval>\d+[mhdw])\.parquet")


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    symbol: str
    window: str | None
    interval: str

    @property
    def is_spot(self) -> bool:
        return self.window is not None and "SPOT" in self.window.split("-")


def open_recording(
    folder: Path,
    symbols: Sequence[str] | None = None,
    *,
    interval: str | None = None,
    window: str | None = None,
) -> RecordedMarket:
    """Open the recording in `folder`; raises MarketDataError.

    `interval` defaults to the finest of 1m and 5m that any symbol has; `window` is the suffix of the files to
    play, by default those without one. What is left out is named in the description.
    """
    files, left_out = _listed(folder)
    perpetual = [file for file in files if file.window == window and not file.is_spot]
    if not perpetual:
        raise MarketDataError(_nothing_to_play(folder, files, window))
    where = f"recording {folder}"
    chosen = base_interval([file.interval for file in perpetual], interval, where)
    by_symbol = {file.symbol: file for file in perpetual if file.interval == chosen}
    playing = wanted(list(by_symbol), symbols, f"{where} at {chosen}")
    if symbols is None and window is None:
        left_out += _left_out(files, perpetual, playing)
    checked = {
        symbol: checked_series(symbol, BASE_INTERVALS_MS[chosen], _read_bars(by_symbol[symbol].path))
        for symbol in playing
    }
    brackets = read_brackets(folder)
    return RecordedMarket(
        f"recording {folder.resolve().name}",
        {symbol: series for symbol, (series, _) in checked.items()},
        {symbol: _with_brackets(rules, brackets.get(symbol, ())) for symbol, (_, rules) in checked.items()},
        {symbol: _read_funding(folder / "funding" / f"{symbol}.parquet") for symbol in playing},
        left_out,
    )


def _with_brackets(rules: SymbolRules, brackets: Brackets) -> SymbolRules:
    if not brackets:
        return rules
    first = brackets[0]
    return replace(rules, brackets=brackets, max_leverage=first.leverage, maintenance_margin_rate=first.rate)


def _listed(folder: Path) -> tuple[list[_File], list[str]]:
    if not folder.is_dir():
        raise MarketDataError(f"recording {folder} is not a folder; name one that holds ohlcv/BTCUSDT_1m.parquet")
    files: list[_File] = []
    strange: list[str] = []
    for path in sorted((folder / "ohlcv").glob("*.parquet")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            strange.append(f"{path.name}: not named like BTCUSDT_1m.parquet")
        else:
            files.append(_File(path, match["symbol"], match["window"], match["interval"]))
    return files, strange


def _nothing_to_play(folder: Path, files: Sequence[_File], window: str | None) -> str:
    if not files:
        return f"recording {folder} has no bars: expected files like {folder / 'ohlcv' / 'BTCUSDT_1m.parquet'}"
    windows = sorted({file.window for file in files if file.window and not file.is_spot})
    asked = f"window {window!r}" if window else "files without a window suffix"
    return f"recording {folder} has no {asked} of a perpetual; its windows are: {', '.join(windows) or 'none'}"


def _left_out(files: Sequence[_File], perpetual: Sequence[_File], playing: Sequence[str]) -> list[str]:
    coarser = sorted({file.symbol for file in perpetual} - set(playing))
    notes = [f"{', '.join(coarser)}: other intervals only"] if coarser else []
    return notes + [
        f"{file.path.stem}: {'spot' if file.is_spot else 'a window of its own'}"
        for file in files
        if file not in perpetual
    ]


def _read_bars(path: Path) -> RawBars:
    table = _read(path, {"ts": "int64", **dict.fromkeys((*PRICE_COLUMNS, "volume"), "double")})
    return RawBars(
        files=((path.name, table.num_rows),),
        open_ms=table["ts"].to_numpy(),
        prices=np.column_stack([table[name].to_numpy() for name in PRICE_COLUMNS]),
        volumes=table["volume"].to_numpy(),
    )


def _read_funding(path: Path) -> Settlements:
    if not path.exists():
        return ()
    table = _read(path, {"ts": "int64", "rate": "double"})
    return settlements(path.name, table["ts"].to_pylist(), [Decimal(repr(rate)) for rate in table["rate"].to_pylist()])


def _read(path: Path, columns: dict[str, str]) -> pa.Table:
    """The named columns, single-threaded: some megabytes are not worth a thread pool in the venue."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            _check_columns(path, file.schema_arrow, columns)
            table = file.read(list(columns), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise MarketDataError(f"{path.name} cannot be read as Parquet: {error}; fetch the file again") from error
    for name in columns:
        if table[name].null_count:
            raise MarketDataError(
                f"{path.name}: column {name} has {table[name].null_count} empty cells; fill or drop them"
            )
    if not table.num_rows:
        raise MarketDataError(f"{path.name} has no rows; fetch the file again or remove it")
    return table


def _check_columns(path: Path, schema: pa.Schema, columns: dict[str, str]) -> None:
    for name, kind in columns.items():
        if name not in schema.names:
            raise MarketDataError(
                f"{path.name} has no column {name!r} (it has {', '.join(schema.names)}); "
                f"write the columns {', '.join(columns)}"
            )
        found = str(schema.field(name).type)
        if found != kind:
            raise MarketDataError(f"{path.name}: column {name} is {found}, expected {kind}; convert it")
