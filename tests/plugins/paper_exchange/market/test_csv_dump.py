"""The venue's public CSV dumps, as downloaded."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from plugins.paper_exchange.market.opening import open_market
from plugins.paper_exchange.market.source import MarketDataError

from .conftest import MINUTE_MS, START_MS, bars

Dump = Callable[..., Path]


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("scale", [1, 1000])
def test_header_and_microseconds_are_optional(dump: Dump, header: bool, scale: int) -> None:
    """A dump reads the same with or without a header row, in milliseconds or microseconds."""
    folder = dump("ETHUSDT-1m-2025-05.csv", bars(), header=header, scale=scale)
    market = open_market(f"csv:{folder}")
    bar = market.history("ETHUSDT", START_MS + MINUTE_MS, 1)[0]
    assert (bar.open_ms, bar.high, bar.volume) == (START_MS, Decimal("100.03"), Decimal("1.5"))


def test_months_and_zips_are_joined(dump: Dump) -> None:
    """Several files of a symbol, zipped or not, make one market."""
    dump("ETHUSDT-1m-2025-04.csv", bars(300))
    folder = dump("ETHUSDT-1m-2025-05.csv", bars(300, start_ms=START_MS + 300 * MINUTE_MS))
    with zipfile.ZipFile(folder / "ETHUSDT-1m-2025-05.zip", "w") as archive:
        archive.write(folder / "ETHUSDT-1m-2025-05.csv", "ETHUSDT-1m-2025-05.csv")
    (folder / "ETHUSDT-1m-2025-05.csv").unlink()
    market = open_market(f"csv:{folder}")
    assert len(market.history("ETHUSDT", START_MS + 10**9, 1000)) == 600


def test_gap_between_files_names_the_file(dump: Dump) -> None:
    """A missing stretch is reported with the file and row after which it begins."""
    dump("ETHUSDT-1m-2025-04.csv", bars(300))
    folder = dump("ETHUSDT-1m-2025-05.csv", bars(300, start_ms=START_MS + 400 * MINUTE_MS))
    with pytest.raises(MarketDataError, match=r"ETHUSDT-1m-2025-04\.csv, row 300 .*: 100 bars are missing"):
        open_market(f"csv:{folder}")


def test_funding_dump_adds_settlements(dump: Dump) -> None:
    """Funding files beside the klines are served as settlements."""
    folder = dump("ETHUSDT-1m-2025-05.csv", bars())
    (folder / "ETHUSDT-fundingRate-2025-05.csv").write_text(
        f"calc_time,funding_interval_hours,last_funding_rate\n{START_MS + 3},8,0.00010000\n"
    )
    market = open_market(f"csv:{folder}")
    assert market.funding("ETHUSDT", START_MS - 1, START_MS + 1) == [(START_MS, Decimal("0.0001"))]


def test_funding_dump_with_a_strange_rate_is_refused(dump: Dump) -> None:
    """A rate that is no number is refused with the file's name."""
    folder = dump("ETHUSDT-1m-2025-05.csv", bars())
    (folder / "ETHUSDT-fundingRate-2025-05.csv").write_text(f"{START_MS},8,high\n")
    with pytest.raises(MarketDataError, match=r"ETHUSDT-fundingRate-2025-05\.csv .*invalid value 'high'"):
        open_market(f"csv:{folder}")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,2,3\n", "is not a dump of 12 columns"),
        ("1746000000000,x,1,1,1,1,1,1,1,1,1,1\n", "invalid value 'x'"),
        ("1746000000000,,1,1,1,1,1,1,1,1,1,1\n", "is not a dump of 12 columns"),
        ("", "is not a dump"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, told: str) -> None:
    """A file that is no kline dump is refused with its name."""
    (tmp_path / "ETHUSDT-1m-2025-05.csv").write_text(text)
    with pytest.raises(MarketDataError) as refusal:
        open_market(f"csv:{tmp_path}")
    assert told in str(refusal.value)
    assert "ETHUSDT-1m-2025-05.csv" in str(refusal.value)


def test_folder_without_dumps_is_refused(tmp_path: Path) -> None:
    """An empty folder gets the names that were expected."""
    with pytest.raises(MarketDataError, match="expected names like"):
        open_market(f"csv:{tmp_path}")


def test_damaged_zip_is_refused(tmp_path: Path) -> None:
    """A zip that is none is refused with its name."""
    (tmp_path / "ETHUSDT-1m-2025-05.zip").write_bytes(b"no zip")
    with pytest.raises(MarketDataError, match="cannot be read"):
        open_market(f"csv:{tmp_path}")
