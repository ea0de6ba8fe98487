"""Files of lines: rotated, capped, never a reason to fail."""

from __future__ import annotations

import resource
import signal
import stat
from pathlib import Path

import pytest

from qtcore.telemetry.line_file import LineFile, parts, writer_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the lines go."""
    return tmp_path / "host-main-3.jsonl"


def test_a_line_is_in_the_file_when_write_returns(path: Path) -> None:
    """Nothing waits in the process; the file is private."""
    lines = LineFile(path)
    assert lines.write(b"one\n")

    assert path.read_bytes() == b"one\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines.close()


def test_old_parts_are_numbered_and_limited(path: Path) -> None:
    """The newest lines stay, in order, within the size."""
    lines = LineFile(path, max_bytes=40, keep=2)
    for number in range(50):
        lines.write(f"line {number:03}\n".encode())
    lines.close()

    assert [part.name for part in parts(path)] == ["host-main-3.2.jsonl", "host-main-3.1.jsonl", "host-main-3.jsonl"]
    kept = b"".join(part.read_bytes() for part in parts(path)).split(b"\n")[:-1]
    assert kept[-1] == b"line 049"
    assert kept == sorted(kept)
    assert all(part.stat().st_size <= 40 for part in parts(path))
    assert {writer_of(part) for part in parts(path)} == {"host-main-3"}


def test_a_later_run_goes_on_in_the_same_file(path: Path) -> None:
    """Logs of one component follow each other."""
    for text in (b"first\n", b"second\n"):
        lines = LineFile(path)
        lines.write(text)
        lines.close()

    assert path.read_bytes() == b"first\nsecond\n"


def test_a_removed_file_is_begun_anew(path: Path) -> None:
    """Deleting a log or its whole folder under its writer costs what is written until the next look."""
    lines = LineFile(path)
    assert not lines.mend()
    lines.write(b"lost\n")
    path.unlink()
    assert lines.mend()
    lines.write(b"found\n")
    assert path.read_bytes() == b"found\n"
    assert not lines.mend()
    lines.close()
    assert not lines.mend()


def test_a_full_disk_drops_whole_lines_and_counts_them(path: Path) -> None:
    """No half line stays behind, and writing goes on once there is room; a limit stands in for the full disk."""
    assert signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    lines = LineFile(path)
    lines.write(b"before\n")
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        assert not lines.write(b"does not fit\n")
        assert not lines.write(b"nor does this\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert lines.write(b"after\n")
    lines.close()

    assert lines.dropped == 2
    assert path.read_bytes() == b"before\nafter\n"


def test_lines_after_the_end_are_dropped(path: Path) -> None:
    """Whoever still logs while the process ends is no trouble."""
    lines = LineFile(path)
    lines.close()

    assert not lines.write(b"too late\n")
    assert lines.dropped == 1
