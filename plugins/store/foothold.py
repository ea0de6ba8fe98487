"""Keeps a SQLite file within reach after its name is gone or taken by another."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from plugins.store.files import BackupFailed, stand_alone


class Foothold:
    """One connection to a file as it was when this was made.

    A pool cannot promise that: it dials by name, so a connection made after the file was removed begins an empty
    one, and finds that worth keeping.
    """

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        # What SQLite keeps beside the file is opened by the first reading, and holds the newest rows.
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()

    def copy_to(self, target: Path) -> None:
        """Write everything in it into a file that stands alone. Raises BackupFailed."""
        target.touch(0o600)
        try:
            with closing(sqlite3.connect(target)) as copy:
                self._connection.backup(copy)
            stand_alone(target)
        except sqlite3.Error as error:
            raise BackupFailed(f"the lost file cannot be copied: {error}; free space on the disk") from error

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
