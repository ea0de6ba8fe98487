"""Files from elsewhere into an archive: Parquet recordings, and the venue's public CSV dumps."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv

from plugins.learning.archive import (
    HOUR_MS,
    INTERVAL_S,
    NO_FIGURES,
    NO_MS,
    Archive,
    joined,
    no_history,
    read_bars,
    read_funding,
    told,
    with_funding,
)
from plugins.learning.features import History
from plugins.learning.features.bars import COLUMNS
from plugins.learning.flaws import flaws_of
from qtcore import QtError

RECORDING = re.compile(r"(?P<symbol>[A-Z0-9]+)[_-](?P<interval>\d+[mhd])\.parquet")
FUNDING_RECORDING = re.compile(r"(?P<symbol>[A-Z0-9]+)(-funding)?\.parquet")
DUMP = re.compile(r"(?P<symbol>[A-Z0-9]+)-(?P<kind>\d+[mhd]|fundingRate)-\d{4}-\d{2}(-\d{2})?\.(csv|zip)")
FIRST_MICROSECOND = 10**14
"""As milliseconds this would be the year 5138; newer dumps tell microseconds."""

KLINE_NAMES = ["ts", *COLUMNS, "close_time", "quote", "count", "buy", "buy_quote", "ignore"]
FUNDING_NAMES = ["ts", "hours", "rate"]


class Unimportable(QtError):
    """A path holds nothing that can be imported."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file that can be imported; `kind` is an interval or `funding`."""

    path: Path
    symbol: str
    kind: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of one file: bars or settlements read, those that were new, and why none were."""

    file: str
    symbol: str
    kind: str
    read: int
    added: int
    differing: int
    refused: str = ""


def parts_of(path: Path) -> tuple[list[Part], list[str]]:
    """What can be imported of a file or folder, and the names of what was passed over. Raises Unimportable."""
    if not path.exists():
        raise Unimportable(f"{path} is not there; name a file or a folder of recordings or of the venue's CSV dumps")
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    found = {file: _part(file) for file in files}
    parts = [part for part in found.values() if part is not None]
    if not parts:
        raise Unimportable(
            f"{path} holds nothing that can be imported: it takes BTCUSDT_1m.parquet (ts, open, high, low, close, "
            "volume), funding/BTCUSDT.parquet (ts, rate), BTCUSDT-1m-2025-05.csv or .zip, and "
            "BTCUSDT-fundingRate-2025-05.csv or .zip"
        )
    # bars first, so that settlements find the symbol
    parts.sort(key=lambda part: (part.kind == "funding", part.symbol, part.path.name))
    return parts, [str(file.name) for file, part in found.items() if part is None]


def import_part(archive: Archive, part: Part) -> Imported:
    """Add one file to the archive; stored bars stay as they are. What cannot be used is refused with the reason."""
    try:
        history = _read(part)
    except (QtError, pa.ArrowException, OSError, zipfile.BadZipFile) as error:
        return Imported(part.path.name, part.symbol, part.kind, 0, 0, 0, str(error))
    if part.kind == "funding":
        return _import_funding(archive, part, history)
    flaws = flaws_of(history, INTERVAL_S[part.kind])
    if flaws.broken:
        return Imported(part.path.name, part.symbol, part.kind, flaws.bars, 0, 0, told(flaws))
    old = archive.read(part.symbol, part.kind)
    whole, differing = joined(old, history)
    archive.write(part.symbol, part.kind, whole)
    added = len(whole.opened_ms) - len(old.opened_ms)
    return Imported(part.path.name, part.symbol, part.kind, flaws.bars, added, differing)


def _import_funding(archive: Archive, part: Part, funding: History) -> Imported:
    interval = next((i for i in archive.intervals() if part.symbol in archive.symbols(i)), None)
    read = len(funding.funding_ms)
    if interval is None:
        return Imported(part.path.name, part.symbol, part.kind, read, 0, 0, "there are no candles of this symbol")
    old = archive.read(part.symbol, interval)
    at, rate = (
        np.concatenate([old.funding_ms, funding.funding_ms]),
        np.concatenate([old.funding_rate, funding.funding_rate]),
    )
    whole = with_funding(old, at, rate)
    archive.write(part.symbol, interval, whole)
    return Imported(part.path.name, part.symbol, part.kind, read, len(whole.funding_ms) - len(old.funding_ms), 0)


def _part(path: Path) -> Part | None:
    """What the file's name says it is. Spot and cut-out windows carry a suffix and are passed over."""
    in_funding = path.parent.name == "funding"
    if path.parent.name == "mark":
        return None
    if not in_funding and (match := RECORDING.fullmatch(path.name)) and match["interval"] in INTERVAL_S:
        return Part(path, match["symbol"], match["interval"])
    if match := FUNDING_RECORDING.fullmatch(path.name):
        return Part(path, match["symbol"], "funding") if in_funding or "-funding" in path.name else None
    match = DUMP.fullmatch(path.name)
    if match is None or (match["kind"] != "fundingRate" and match["kind"] not in INTERVAL_S):
        return None
    return Part(path, match["symbol"], "funding" if match["kind"] == "fundingRate" else match["kind"])


def _read(part: Part) -> History:
    if part.path.suffix == ".parquet":
        if part.kind == "funding":
            return with_funding(no_history(), *read_funding(part.path))
        return read_bars(part.path)
    table = _csv(part.path, FUNDING_NAMES if part.kind == "funding" else KLINE_NAMES)
    at = table["ts"].to_numpy().astype(np.int64)
    at = np.where(at >= FIRST_MICROSECOND, at // 1000, at)
    if part.kind == "funding":
        return with_funding(no_history(), at // HOUR_MS * HOUR_MS, table["rate"].to_numpy().astype(np.float64))
    columns = {name: table[name].to_numpy().astype(np.float64) for name in COLUMNS}
    return History(at, columns, NO_MS, NO_FIGURES)


def _csv(path: Path, names: list[str]) -> pa.Table:
    """A dump as a table; newer ones begin with a row of names."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            inside = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(inside) != 1:
                raise Unimportable(f"{path.name} holds {len(inside)} CSV files; one is expected")
            content = archive.read(inside[0])
    else:
        content = path.read_bytes()
    pa.enable_signal_handlers(False)  # the process owns its signals, and would be left with a pipe
    headed = not content[:1].isdigit()
    return pcsv.read_csv(
        BytesIO(content), read_options=pcsv.ReadOptions(column_names=names, skip_rows=1 if headed else 0)
    )
