"""The journal's tables, and how a database is recognised as a journal of this version."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from qtcore.errors import EnvironmentRefused, RecordsDamaged
from qtcore.records.atomic import sync

SCHEMA_VERSION = 1
APPLICATION_ID = 0x51544A4E  # "QTJN", so that another program's database is never written to

UPGRADES: Mapping[int, str] = {}
"""From version n to n + 1, as SQL."""

_DDL = f"""
PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    wall_us INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    monotonic_s REAL NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    plugin TEXT,
    host TEXT,
    generation INTEGER,
    cause TEXT,
    details BLOB,
    trace_id TEXT
) STRICT;
CREATE TABLE generations (
    plugin TEXT PRIMARY KEY, last INTEGER NOT NULL, ceiling INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE bases (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""


class JournalDamaged(RecordsDamaged):
    """The journal cannot be used as it is.

    `foreign` tells what is not ours (or too new) from what is ours and damaged; `recovery` moves
    the latter aside and goes on. `what` is the finding without the cure.
    """

    def __init__(self, path: Path, what: str, *, foreign: bool = False) -> None:
        cure = (
            "move that file elsewhere, or choose another folder with --home"
            if foreign
            else "`qt up` moves it aside, deletes nothing, and goes on with a new one"
        )
        self.what = f"the journal {path} {what}"
        self.foreign = foreign
        super().__init__(f"{self.what}; {cure}")


def create(path: Path, *, first_seq: int = 1, generation_floor: int = 0) -> None:
    """Make an empty journal whose events start at `first_seq`; it appears whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    for leftover in sidecars(fresh):
        leftover.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.executescript(_DDL)
        connection.executemany(
            "INSERT INTO bases VALUES (?, ?)",
            [("first_seq", first_seq), ("generation_floor", generation_floor)],
        )
    fresh.rename(path)
    sync(path.parent)


def connect(path: Path, *, read_only: bool = False, patience_s: float = 1.0) -> sqlite3.Connection:
    """Open an existing journal; statements commit by themselves. Raises sqlite3.OperationalError if absent."""
    query = "mode=rw"
    if read_only:
        query = "mode=ro&immutable=1" if _at_rest_for_good(path) else "mode=ro"
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=patience_s,
    )


def _at_rest_for_good(path: Path) -> bool:
    """True on a read-only disk, where SQLite cannot make the index of a log that is not there anyway."""
    return not os.access(path.parent, os.W_OK) and not sidecars(path)[1].exists()


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """What SQLite or the disk finds wrong inside becomes JournalDamaged or EnvironmentRefused, as a sentence."""
    try:
        yield
    except OSError as error:
        raise _refused(path, error) from error
    except sqlite3.DatabaseError as error:
        match error.sqlite_errorcode & 0xFF:
            case sqlite3.SQLITE_NOTADB:
                raise JournalDamaged(path, "is no database (its first bytes are not one's)", foreign=True) from error
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_ERROR:
                raise JournalDamaged(path, f"cannot be read ({error})") from error
            case _:
                raise _refused(path, error) from error


def verify(connection: sqlite3.Connection, path: Path) -> int:
    """The version of a journal that is ours and not too new. Raises JournalDamaged."""
    if not pragma(connection, "page_count"):
        raise JournalDamaged(path, "is empty")
    application = pragma(connection, "application_id")
    version = pragma(connection, "user_version")
    if application != APPLICATION_ID:
        raise JournalDamaged(path, "is some other program's database", foreign=True)
    if version > SCHEMA_VERSION:
        newer = f"was written by a newer qtcore (format {version}, this one knows {SCHEMA_VERSION})"
        raise JournalDamaged(path, newer, foreign=True)
    return version


def check_whole(connection: sqlite3.Connection, path: Path) -> None:
    """Walk all pages and look for missing events. Raises JournalDamaged."""
    faults = [row[0] for row in connection.execute("PRAGMA quick_check(3)")]
    if faults != ["ok"]:
        raise JournalDamaged(path, f"is damaged ({'; '.join(faults)})")
    first, last, count = connection.execute("SELECT min(seq), max(seq), count(*) FROM events").fetchone()
    if count and count != last - first + 1:
        raise JournalDamaged(path, f"lacks {last - first + 1 - count} of the events {first} to {last}")


def upgrade(
    connection: sqlite3.Connection,
    path: Path,
    version: int,
    *,
    target: int = SCHEMA_VERSION,
    upgrades: Mapping[int, str] = UPGRADES,
) -> Path | None:
    """Bring an older journal to `target`, after copying it whole beside itself; returns the copy."""
    if version == target:
        return None
    copy = path.with_name(f"{path.name}.v{version}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    with closing(sqlite3.connect(copy)) as backup:
        connection.backup(backup)
    for step in range(version, target):
        connection.executescript(f"BEGIN; {upgrades[step]}; PRAGMA user_version = {step + 1}; COMMIT;")
    return copy


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """An integer setting or figure of the database."""
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def sidecars(path: Path) -> tuple[Path, Path, Path]:
    """The database and the two files that SQLite keeps beside it."""
    return path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def _refused(path: Path, error: Exception) -> EnvironmentRefused:
    return EnvironmentRefused(
        f"the journal {path} cannot be used ({error}); free space on its disk, mend its permissions, "
        "or end the program that has it open"
    )
