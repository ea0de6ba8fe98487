"""The kill switch's file."""

from __future__ import annotations

import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.store import read_kill_switch, write_kill_switch
from qtcore.errors import EnvironmentRefused

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def test_without_a_file_it_is_off(tmp_path: Path) -> None:
    """A home in which nobody pulled the switch trades."""
    assert not read_kill_switch(tmp_path).on


def test_it_says_who_when_and_why(tmp_path: Path) -> None:
    """What was written is read back, and only the owner can read it."""
    written = write_kill_switch(tmp_path, on=True, who="ada", when=NOW, why="storm")
    assert read_kill_switch(tmp_path) == written
    assert stat.S_IMODE((tmp_path / "kill.json").stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["kill.json"]


def test_it_can_be_released(tmp_path: Path) -> None:
    """The last word counts."""
    write_kill_switch(tmp_path, on=True, who="ada", when=NOW, why="storm")
    write_kill_switch(tmp_path, on=False, who="ada", when=NOW, why="calm")
    assert not read_kill_switch(tmp_path).on


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"on": "perhaps"}', b'{"on": false, "extra": 1}', b"\xff\xfe"])
def test_what_cannot_be_understood_kills(tmp_path: Path, content: bytes) -> None:
    """A damaged file stops entries and says so."""
    (tmp_path / "kill.json").write_bytes(content)
    switch = read_kill_switch(tmp_path)
    assert switch.on
    assert "cannot be read" in switch.why


def test_what_cannot_be_opened_kills(tmp_path: Path) -> None:
    """A folder in the file's place stops entries."""
    (tmp_path / "kill.json").mkdir()
    assert read_kill_switch(tmp_path).on


@contextmanager
def full_disk() -> Iterator[None]:
    """A limit of no bytes a file stands in for a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_can_still_be_killed(tmp_path: Path) -> None:
    """Where no byte fits, an empty file stops entries; nothing else is left lying about."""
    write_kill_switch(tmp_path, on=False, who="ada", when=NOW, why="calm")
    with full_disk():
        written = write_kill_switch(tmp_path, on=True, who="ada", when=NOW, why="storm")
    assert written.on
    assert read_kill_switch(tmp_path).on
    assert [entry.name for entry in tmp_path.iterdir()] == ["kill.json"]


def test_a_full_disk_releases_nothing(tmp_path: Path) -> None:
    """What cannot be written leaves the switch on, and says so."""
    write_kill_switch(tmp_path, on=True, who="ada", when=NOW, why="storm")
    with full_disk(), pytest.raises(EnvironmentRefused, match=r"kill\.json cannot be written .* as it was"):
        write_kill_switch(tmp_path, on=False, who="ada", when=NOW, why="calm")
    assert read_kill_switch(tmp_path).why == "storm"


def test_a_switch_that_cannot_be_set_says_so_loudly() -> None:
    """Nobody may believe that entries are stopped when they are not."""
    with pytest.raises(EnvironmentRefused, match="ENTRIES ARE NOT STOPPED"):
        write_kill_switch(Path("/proc"), on=True, who="ada", when=NOW, why="storm")
