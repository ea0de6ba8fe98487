"""Whether the configuration file still is what a run was started from."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path


class ChangedFile:
    """Looks at size and times first, and reads the file only when these have changed."""

    def __init__(self, path: Path, digest: str) -> None:
        """`digest` is the SHA-256 of what runs."""
        self._path = path
        self._digest = digest
        self._mark: tuple[int, int, int] | None = None
        self._problem: str | None = None

    def __call__(self) -> str | None:
        """What is different, as a sentence; None while the file holds what runs."""
        try:
            found = self._path.stat()
            mark = (found.st_mtime_ns, found.st_size, found.st_ino)
            if mark != self._mark:
                self._problem = self._compared(self._path.read_text(encoding="utf-8"))
                self._mark = mark
        except OSError as error:
            self._mark = None
            return f"{self._path} cannot be read any more: {error.strerror}"
        except UnicodeDecodeError:
            self._problem = f"{self._path} is not text any more"
        return self._problem

    def _compared(self, text: str) -> str | None:
        if sha256(text.encode()).hexdigest() == self._digest:
            return None
        return f"{self._path} has been changed since the start; what runs still follows the old one"
