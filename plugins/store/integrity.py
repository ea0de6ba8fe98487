"""Is the SQLite file sound; and putting a damaged one out of the way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

CHECK_TIMEOUT_S = 5.0
BESIDE = ("-wal", "-shm")
"""What SQLite keeps beside a file; without it the newest rows are missing."""


def damage_of(file: Path, *, thorough: bool = False) -> str | None:
    """What is wrong with the SQLite file, None when it is sound, new or empty; `thorough` reads the indexes too."""
    if not file.exists() or file.stat().st_size == 0:
        return None
    check = "integrity_check" if thorough else "quick_check"
    try:
        with closing(sqlite3.connect(file, timeout=CHECK_TIMEOUT_S)) as connection:
            lines = [row[0] for row in connection.execute(f"PRAGMA {check}(3)")]
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            return None  # somebody is writing to it, which a damaged file would not allow
        return str(error)
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if lines == ["ok"] else "; ".join(lines)


def is_blank(file: Path) -> bool:
    """Whether there is no table in it, as in one that a connection made in the place of a removed file.

    One that cannot be asked is not: what looks blank is put aside.
    """
    if not file.exists() or file.stat().st_size == 0:
        return True
    try:
        with closing(sqlite3.connect(file, timeout=CHECK_TIMEOUT_S)) as connection:
            return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
    except sqlite3.Error:
        return False


def move_aside(file: Path, *, now: datetime, why: str = "damaged") -> Path:
    """Rename a file, with what SQLite keeps beside it, and return its new place."""
    aside = file.with_name(f"{file.name}.{why}-{now:%Y%m%dT%H%M%S%f}")
    file.rename(aside)
    for suffix in BESIDE:
        beside = file.with_name(file.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside
