"""An append-only file of lines with one writer: rotated, capped, and never a reason to fail."""

from __future__ import annotations

import os
import threading
from pathlib import Path


class LineFile:
    """`name.jsonl`, older parts as `name.1.jsonl`, `name.2.jsonl`, …; together about `max_bytes * (keep + 1)`.

    A line is on its way to the disk when `write` returns, so it survives the death of this
    process. A line that the disk refuses is counted in `dropped` and leaves no half behind.
    """

    def __init__(self, path: Path, *, max_bytes: int = 8 * 1024 * 1024, keep: int = 3) -> None:
        self.path = path
        self.dropped = 0
        self._max_bytes = max_bytes
        self._keep = keep
        self._lock = threading.Lock()
        self._descriptor, self._size = -1, 0
        self._open()

    def write(self, line: bytes) -> bool:
        """Append one line (with its newline); False when it had to be dropped."""
        with self._lock:
            try:
                if self._size + len(line) > self._max_bytes and self._size:
                    self._rotate()
                written = os.write(self._descriptor, line)
                if written < len(line):
                    os.ftruncate(self._descriptor, self._size)
                    written = 0
            except OSError:
                written = 0
            self._size += written
            self.dropped += not written
            return written > 0

    def mend(self) -> bool:
        """Begin the file anew when it was removed or moved away; True when that was done.

        What was written since into a file that nobody finds is lost. False, too, while the disk refuses.
        """
        with self._lock:
            if self._descriptor < 0 or self._in_place():
                return False
            lost = self._descriptor
            try:
                self.path.parent.mkdir(mode=0o700, exist_ok=True)
                self._open()
            except OSError:
                return False
            os.close(lost)
            return True

    def close(self) -> None:
        """Let go of the file; later lines are dropped. Harmless when done twice."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _in_place(self) -> bool:
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._descriptor))
        except OSError:
            return False

    def _open(self) -> None:
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def _rotate(self) -> None:
        for number in range(self._keep, 0, -1):
            newer = part(self.path, number - 1)
            if newer.exists():
                newer.rename(part(self.path, number))
        if not self._keep:
            self.path.unlink()
        full = self._descriptor
        self._open()  # the old descriptor stays in use if this fails
        os.close(full)


def part(path: Path, number: int) -> Path:
    """The name of a file's older part; number 0 is the file that is written now."""
    return path.with_name(f"{path.stem}.{number}{path.suffix}") if number else path


def parts(path: Path) -> list[Path]:
    """The file and its older parts, oldest first."""
    older = sorted(
        (found for found in path.parent.glob(f"{path.stem}.*{path.suffix}") if _number(found, path) > 0),
        key=lambda found: -_number(found, path),
    )
    return [*older, path] if path.exists() else older


def writer_of(path: Path) -> str:
    """The name, without number and suffix, that a file shares with its other parts."""
    stem, dot, number = path.stem.rpartition(".")
    return stem if dot and number.isdecimal() else path.stem


def _number(found: Path, path: Path) -> int:
    middle = found.stem.removeprefix(path.stem).lstrip(".")
    return int(middle) if middle.isdecimal() else 0
