"""Archives, imports and checks: files in, files out."""

from __future__ import annotations

import dataclasses
import stat
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.history import HistoryKeeper
from plugins.history.importing import Unimportable
from plugins.learning.archive import Archive, DamagedHistory, joined
from plugins.learning.features import History
from plugins.learning.flaws import flaws_of
from tests.conftest import Paths
from tests.plugins.learning.conftest import START_MS, history


def same(one: History, other: History) -> bool:
    """Whether both hold the same bars and settlements."""
    return (
        np.array_equal(one.opened_ms, other.opened_ms)
        and all(np.array_equal(one.columns[name], other.columns[name]) for name in one.columns)
        and np.array_equal(one.funding_ms, other.funding_ms)
        and np.array_equal(one.funding_rate, other.funding_rate)
    )


def part(whole: History, begin: int, end: int) -> History:
    """Some of the bars, all settlements."""
    columns = {name: series[begin:end].copy() for name, series in whole.columns.items()}
    return dataclasses.replace(whole, opened_ms=whole.opened_ms[begin:end], columns=columns)


def test_what_is_written_is_read_back_and_private(tmp_path: Path) -> None:
    """Bars, settlements, and modes 0600 and 0700."""
    archive, mine = Archive(tmp_path / "history" / "m"), history(100, seed=1)
    archive.write("AUSDT", "1m", mine)
    assert same(archive.read("AUSDT", "1m"), mine)
    assert archive.symbols("1m") == ["AUSDT"]
    assert archive.intervals() == ["1m"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in archive.folder.iterdir()} == {0o600}
    assert stat.S_IMODE(archive.folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "impossible"])
def test_a_damaged_file_is_never_taken_for_history(tmp_path: Path, damage: str) -> None:
    """A flipped bit, a cut end, an empty file, a high below its low."""
    archive = Archive(tmp_path)
    archive.write("AUSDT", "1m", history(2000, seed=1))
    path = archive.path("AUSDT", "1m")
    content = bytearray(path.read_bytes())
    match damage:
        case "flip":
            content[len(content) // 3] ^= 0x10
        case "cut":
            del content[-100:]
        case "empty":
            content.clear()
        case _:
            bad = history(2000, seed=1)
            bad.columns["high"][7] = bad.columns["low"][7] * 0.9
            archive.write("AUSDT", "1m", bad)
            content = bytearray(path.read_bytes())
    path.write_bytes(content)
    with pytest.raises(DamagedHistory):
        archive.read("AUSDT", "1m")


@given(st.data())
def test_parts_join_to_the_whole_in_any_order(data: st.DataObject) -> None:
    """Overlapping pieces, whichever comes first."""
    whole = history(60, seed=2)
    cuts = data.draw(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 60)), min_size=1, max_size=5))
    pieces = [part(whole, begin, min(60, begin + length)) for begin, length in cuts] + [part(whole, 0, 60)]
    result = pieces[0]
    for piece in data.draw(st.permutations(pieces)):
        result, differing = joined(result, piece)
        assert differing == 0
    assert same(result, whole)


def test_every_flaw_is_counted() -> None:
    """Gaps, repeats, disorder, odd times, impossible bars and silence, each where it is."""
    mine = history(100, seed=3)
    keep = np.r_[0:20, 23:100]
    holed = part(mine, 0, 100)
    holed = dataclasses.replace(
        holed, opened_ms=mine.opened_ms[keep], columns={n: s[keep] for n, s in mine.columns.items()}
    )
    holed.columns["volume"][40:45] = 0.0
    found = flaws_of(holed, 60)
    assert found.gaps == ((START_MS + 20 * 60_000, 3),)
    assert found.missing == 3
    assert found.silences == ((START_MS + 43 * 60_000, 5),)
    assert not found.broken
    twisted = part(mine, 0, 100)
    twisted.opened_ms[50] = twisted.opened_ms[49]
    twisted.opened_ms[60], twisted.opened_ms[61] = twisted.opened_ms[61], twisted.opened_ms[60] + 1
    twisted.columns["low"][70] = -1.0
    found = flaws_of(twisted, 60)
    assert (found.repeated, found.disordered, found.off_grid, found.impossible) == (1, 1, 1, 1)
    assert found.broken


def dump(folder: Path, name: str, mine: History, *, header: bool, micro: bool, zipped: bool) -> None:
    """A file as the venue's public archive has them."""
    rows = ["open_time,open,high,low,close,volume,close_time,quote,count,a,b,ignore"] if header else []
    for i, at in enumerate(mine.opened_ms):
        figures = ",".join(repr(float(mine.columns[n][i])) for n in ("open", "high", "low", "close", "volume"))
        time = int(at) * 1000 if micro else int(at)
        rows.append(f"{time},{figures},{int(at) + 59_999},1.0,4,1.0,1.0,0")
    text = "\n".join(rows) + "\n"
    if zipped:
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as file:
            file.writestr(f"{name}.csv", text)
    else:
        (folder / f"{name}.csv").write_text(text)


def test_dumps_and_recordings_are_imported_as_one_history(tmp_path: Path) -> None:
    """Months from zip and csv, with and without a header, ms and µs, settlements with jitter; twice adds nothing."""
    mine = history(900, seed=4)
    source = tmp_path / "downloads"
    (source / "funding").mkdir(parents=True)
    dump(source, "AUSDT-1m-2025-01", part(mine, 0, 400), header=True, micro=False, zipped=True)
    dump(source, "AUSDT-1m-2025-02", part(mine, 400, 900), header=False, micro=True, zipped=False)
    pq.write_table(
        pa.table({"ts": mine.funding_ms + 7, "rate": mine.funding_rate}), source / "funding" / "AUSDT.parquet"
    )
    (source / "notes.txt").write_text("not this")
    home = tmp_path / "home"
    answer = HistoryKeeper.import_files(home, source)
    assert (answer["added"], answer["refused"]) == (900 + len(mine.funding_ms), 0)
    assert answer["passed_over"] == ["notes.txt"]
    assert same(Archive(home / "history" / "imported").read("AUSDT", "1m"), mine)
    assert HistoryKeeper.import_files(home, source)["added"] == 0
    checked = HistoryKeeper.check_files(home)
    assert checked["markets"]["imported"]["AUSDT-1m"]["says"] == "usable"


def test_what_cannot_be_used_is_refused_with_the_reason_and_the_rest_is_taken(tmp_path: Path) -> None:
    """One bad file does not stop a folder; a path with nothing in it says what is taken."""
    good, bad = history(50, seed=5), history(50, seed=6)
    bad.columns["close"][3] = bad.columns["high"][3] * 2
    for symbol, mine in (("AUSDT", good), ("BUSDT", bad)):
        pq.write_table(pa.table({"ts": mine.opened_ms, **mine.columns}), tmp_path / f"{symbol}_1m.parquet")
    (tmp_path / "CUSDT_1m.parquet").write_bytes(b"no parquet")
    answer = HistoryKeeper.import_files(tmp_path / "home", tmp_path)
    refused = {row["symbol"]: row["refused"] for row in answer["files"] if "refused" in row}
    assert "1 with impossible prices" in refused["BUSDT"]
    assert "cannot be read" in refused["CUSDT"]
    assert answer["added"] == 50
    (tmp_path / "empty").mkdir()
    with pytest.raises(Unimportable, match=r"BTCUSDT-1m-2025-05\.csv"):
        HistoryKeeper.import_files(tmp_path / "home", tmp_path / "empty")
    with pytest.raises(Unimportable, match="is not there"):
        HistoryKeeper.import_files(tmp_path / "home", tmp_path / "nowhere")


def test_real_recordings_are_imported_whole(tmp_path: Path, paths: Paths) -> None:
    """The recorded five-minute bars and settlements of the real market, with nothing lost and nothing broken."""
    source = paths.shared("data", "demo")
    (tmp_path / "funding").mkdir()
    (tmp_path / "LTCUSDT_5m.parquet").symlink_to(source / "ohlcv" / "LTCUSDT_5m.parquet")
    (tmp_path / "funding" / "LTCUSDT.parquet").symlink_to(source / "funding" / "LTCUSDT.parquet")
    answer = HistoryKeeper.import_files(tmp_path / "home", tmp_path)
    bars = pq.read_metadata(source / "ohlcv" / "LTCUSDT_5m.parquet").num_rows
    settled = pq.read_metadata(source / "funding" / "LTCUSDT.parquet").num_rows
    assert answer["refused"] == 0
    assert answer["added"] == bars + settled
    row = HistoryKeeper.check_files(tmp_path / "home")["markets"]["imported"]["LTCUSDT-5m"]
    assert (row["usable"], row["missing"], row["bars"]) == (True, 0, bars)
