"""Whether a database file has been written to since the last look, by what its folder says of it."""

from __future__ import annotations

from pathlib import Path


class Stamp:
    """Of one SQLite file in WAL: each commit changes the log beside it. Without a file everything counts as changed."""

    def __init__(self, file: Path | None) -> None:
        self._files = () if file is None else (file, file.with_name(f"{file.name}-wal"))
        self._found: tuple[tuple[int, int, int] | None, ...] = ()
        self._read: tuple[tuple[int, int, int] | None, ...] | None = None

    def changed(self) -> bool:
        """Whether anybody wrote since what was last read whole."""
        self._found = tuple(_stamp(file) for file in self._files)
        return not self._files or self._found != self._read

    def read(self) -> None:
        """What was found changed has been read; what is written meanwhile counts as new."""
        self._read = self._found


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
