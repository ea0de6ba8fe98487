"""What can be done with a SQLite file of the history from outside, while others use it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from qtcore import QtError

ROWS = ("signals", "fills", "trades", "equity")


class BackupFailed(QtError):
    """No backup was made or used; what was there before is as it was."""


def copy_file(source: Path, target: Path) -> None:
    """SQLite's online copy of a file into one that stands alone. Raises BackupFailed."""
    target.touch(0o600)
    try:
        with closing(sqlite3.connect(source)) as of, closing(sqlite3.connect(target)) as to:
            of.backup(to)
        stand_alone(target)
    except sqlite3.Error as error:
        raise BackupFailed(f"{source} cannot be copied: {error}; free space, or see `qt db check`") from error


def stand_alone(file: Path) -> None:
    """Let a copy that nobody uses need no other file beside it. Raises sqlite3.Error."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def schema_of(file: Path) -> str | None:
    """Which schema a SQLite history has, None for a file without one."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None


def row_counts(file: Path) -> dict[str, int]:
    """How many rows the tables have that people ask about. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ROWS}  # noqa: S608 - fixed names
