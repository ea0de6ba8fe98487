"""Reads the venue's public kline dumps: `BTCUSDT-1m-2025-05.csv` or `.zip`, monthly or daily, as downloaded.

Twelve columns: open_time, open, high, low, close, volume, close_time, quote_volume, count, taker_buy_volume,
taker_buy_quote_volume, ignore; with or without a header row; times in ms (USDⓈ-M) or µs (spot since 2025).
`BTCUSDT-fundingRate-2025-05.csv` (calc_time, funding_interval_hours, last_funding_rate) adds settlements.
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from plugins.paper_exchange.market.checks import RawBars, checked_series
from plugins.paper_exchange.market.funding import Settlements, settlements
from plugins.paper_exchange.market.recorded import BASE_INTERVALS_MS, RecordedMarket, base_interval, wanted
from plugins.paper_exchange.market.series import PRICE_COLUMNS
from plugins.paper_exchange.market.source import MarketDataError

if TYPE_CHECKING:
    import pyarrow as pa

_FILE_NAME: Final = re.compile(
    r"(?P<symbol>[A-Z0-9]+)-(?P<interval>\d+[mhdw]|fundingRate)-(?P<period>\d{4}-\d{2}(-\d{2})?)\.(csv|zip)"
)
_KLINE_COLUMNS: Final = (
    *("open_time", *PRICE_COLUMNS, "volume", "close_time", "quote_volume", "count"),
    *("taker_buy_volume", "taker_buy_quote_volume", "ignore"),
)
_KLINE_TYPES: Final = {"open_time": "int64", **dict.fromkeys((*PRICE_COLUMNS, "volume"), "float64")}
_FUNDING_COLUMNS: Final = ("calc_time", "funding_interval_hours", "last_funding_rate")
_FUNDING_TYPES: Final = {"calc_time": "int64", "last_funding_rate": "float64"}
_FIRST_MICROSECOND: Final = 10**14
"""As milliseconds this would be the year 5138."""


def open_csv_dump(
    folder: Path,
    symbols: Sequence[str] | None = None,
    *,
    interval: str | None = None,
    window: str | None = None,
) -> RecordedMarket:
    """Open the dumps in `folder`; raises MarketDataError.

    `window` keeps the files whose period begins with it (`2025-05`).
    """
    files = _listed(folder, window)
    where = f"csv {folder}"
    chosen = base_interval([kind for kind, _ in files if kind != "fundingRate"], interval, where)
    available = sorted(symbol for kind, symbol in files if kind == chosen)
    playing = wanted(available, symbols, f"{where} at {chosen}")
    others = sorted({symbol for kind, symbol in files if kind != "fundingRate"} - set(available))
    left_out = [f"{', '.join(others)}: other intervals only"] if others and symbols is None else []
    checked = {
        symbol: checked_series(symbol, BASE_INTERVALS_MS[chosen], _read_bars(files[chosen, symbol]))
        for symbol in playing
    }
    return RecordedMarket(
        f"csv {folder.resolve().name}",
        {symbol: series for symbol, (series, _) in checked.items()},
        {symbol: rules for symbol, (_, rules) in checked.items()},
        {symbol: _read_funding(files.get(("fundingRate", symbol), ())) for symbol in playing},
        left_out,
    )


def _listed(folder: Path, window: str | None) -> Mapping[tuple[str, str], list[Path]]:
    """Files by (interval or fundingRate, symbol), oldest period first."""
    if not folder.is_dir():
        raise MarketDataError(f"csv {folder} is not a folder; name one that holds BTCUSDT-1m-2025-05.csv or .zip")
    files: defaultdict[tuple[str, str], list[Path]] = defaultdict(list)
    for path in sorted(folder.iterdir()):
        match = _FILE_NAME.fullmatch(path.name)
        if match is not None and match["period"].startswith(window or ""):
            files[match["interval"], match["symbol"]].append(path)
    if not files:
        asked = f" of {window}" if window else ""
        raise MarketDataError(f"csv {folder} has no kline dump{asked}: expected names like BTCUSDT-1m-2025-05.csv")
    return files


def _read_bars(paths: Sequence[Path]) -> RawBars:
    tables = [_read(path, _KLINE_COLUMNS, _KLINE_TYPES) for path in paths]

    def joined(column: str) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
        return np.concatenate([table[column].to_numpy() for table in tables])

    times = joined("open_time").astype(np.int64)
    return RawBars(
        files=tuple((path.name, table.num_rows) for path, table in zip(paths, tables, strict=True)),
        open_ms=np.where(times >= _FIRST_MICROSECOND, times // 1000, times),
        prices=np.column_stack([joined(name) for name in PRICE_COLUMNS]).astype(np.float64),
        volumes=joined("volume").astype(np.float64),
    )


def _read_funding(paths: Sequence[Path]) -> Settlements:
    tables = [_read(path, _FUNDING_COLUMNS, _FUNDING_TYPES) for path in paths]
    if not tables:
        return ()
    times = [at for table in tables for at in table["calc_time"].to_pylist()]
    rates = [Decimal(repr(rate)) for table in tables for rate in table["last_funding_rate"].to_pylist()]
    return settlements(", ".join(path.name for path in paths), times, rates)


def _read(path: Path, columns: Sequence[str], types: Mapping[str, str]) -> pa.Table:
    import pyarrow as pa
    from pyarrow import csv

    pa.enable_signal_handlers(False)  # the host owns its signals, and would be left with a pipe
    data = _bytes(path)
    has_header = not data[:1].isdigit()
    try:
        table = csv.read_csv(
            BytesIO(data),
            csv.ReadOptions(use_threads=False, column_names=list(columns), skip_rows=int(has_header)),
            convert_options=csv.ConvertOptions(include_columns=list(types), column_types=dict(types), null_values=[]),
        )
    except pa.ArrowException as error:
        raise MarketDataError(
            f"{path.name} is not a dump of {len(columns)} columns ({', '.join(columns[:3])}, …): {error}; "
            "download it again"
        ) from error
    if not table.num_rows:
        raise MarketDataError(f"{path.name} has no rows; download it again or remove it")
    return table


def _bytes(path: Path) -> bytes:
    """The CSV text; a zip holds exactly one."""
    try:
        if path.suffix == ".csv":
            return path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(names) != 1:
                raise MarketDataError(f"{path.name} holds {len(names)} csv files, expected one; download it again")
            return archive.read(names[0])
    except (OSError, zipfile.BadZipFile) as error:
        raise MarketDataError(f"{path.name} cannot be read: {error}; download it again") from error
