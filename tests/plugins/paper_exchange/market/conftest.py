"""Small recordings and dumps, written where a test asks for them."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

START_MS = 1_746_000_000_000
MINUTE_MS = 60_000

Columns = dict[str, Sequence[float]]


def bars(count: int = 520, *, start_ms: int = START_MS, interval_ms: int = MINUTE_MS) -> Columns:
    """A price that goes up and down by a few ticks of 0.01 around 100."""
    opens = [100 + (i % 7) / 100 for i in range(count)]
    closes = [100 + ((i + 1) % 7) / 100 for i in range(count)]
    return {
        "ts": [start_ms + i * interval_ms for i in range(count)],
        "open": opens,
        "high": [max(o, c) + 0.02 for o, c in zip(opens, closes, strict=True)],
        "low": [min(o, c) - 0.01 for o, c in zip(opens, closes, strict=True)],
        "close": closes,
        "volume": [1.5 + i % 3 for i in range(count)],
    }


@pytest.fixture
def recording(tmp_path: Path) -> Callable[..., Path]:
    """Writes a recording folder of Parquet files and returns it."""

    def write(ohlcv: Mapping[str, Columns], funding: Mapping[str, Columns] | None = None) -> Path:
        for folder, tables in (("ohlcv", ohlcv), ("funding", funding or {})):
            (tmp_path / folder).mkdir(exist_ok=True)
            for name, columns in tables.items():
                parquet.write_table(pa.table(dict(columns)), tmp_path / folder / f"{name}.parquet")
        return tmp_path

    return write


@pytest.fixture
def dump(tmp_path: Path) -> Callable[..., Path]:
    """Writes one CSV file as the venue publishes it and returns its folder."""

    def write(name: str, columns: Columns, *, header: bool = False, scale: int = 1) -> Path:
        with (tmp_path / name).open("w", newline="") as file:
            writer = csv.writer(file)
            if header:
                writer.writerow(
                    [
                        "open_time",
                        *list(columns)[1:],
                        "close_time",
                        "quote_volume",
                        "count",
                        "a",
                        "b",
                        "ignore",
                    ]
                )
            for at, *values in zip(*columns.values(), strict=True):
                writer.writerow([int(at) * scale, *values, int(at) + 59_999, 0, 1, 0, 0, 0])
        return tmp_path

    return write
