"""Copies of the history: whole, proven, one file each, a limited number of them.

A backup is a SQLite file whatever the history is kept in, so that it can be looked at and carried anywhere:
of a file SQLite's own online copy, which holds up no writer; of a server one consistent view, row by row.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from anyio import to_thread
from sqlalchemy.ext.asyncio import AsyncEngine

from plugins.store.address import sqlite_file
from plugins.store.copying import copy_out
from plugins.store.files import BackupFailed, copy_file, schema_of
from plugins.store.foothold import Foothold
from plugins.store.integrity import damage_of
from qtcore.records.atomic import sync

FOLDER = "backups"
_NAME = re.compile(r"quantum-(?P<schema>\w+)-(?P<at>\d{8}T\d{6}(?:\d{6})?)\.db")
TIME = "%Y%m%dT%H%M%S%f"
PART = ".part"


@dataclass(frozen=True, slots=True)
class Backup:
    """One copy of the history."""

    path: Path
    schema: str
    made_at: datetime
    bytes: int


def backups_in(folder: Path) -> list[Backup]:
    """The finished copies in a folder, newest first."""
    return sorted(
        (backup for path in folder.glob("quantum-*.db") if (backup := _described(path))),
        key=lambda backup: backup.made_at,
        reverse=True,
    )


def newest_sound(folder: Path) -> Backup | None:
    """The newest copy that is whole, None when there is none."""
    return next((backup for backup in backups_in(folder) if damage_of(backup.path) is None), None)


async def make_backup(
    engine: AsyncEngine, folder: Path, *, now: datetime, keep: int, lost: Foothold | None = None
) -> Backup:
    """Copy the history while it is in use, prove the copy, and let go of the oldest beyond `keep`.

    A SQLite file whose name is gone or taken is copied through the foothold that is left in it (`lost`).
    Raises BackupFailed; STORE_ERRORS of the history itself.
    """
    await to_thread.run_sync(_prepare, folder)
    part = folder / f"quantum-{now.astimezone(UTC):{TIME}}{PART}"
    try:
        if lost is not None:
            await to_thread.run_sync(lost.copy_to, part)
        elif file := sqlite_file(engine.url.render_as_string(hide_password=False)):
            await to_thread.run_sync(copy_file, file, part)
        else:
            await copy_out(engine, part)
        backup = await to_thread.run_sync(_finished, part, folder, now)
    finally:
        await to_thread.run_sync(_remove, part)
    await to_thread.run_sync(rotate, folder, keep)
    return backup


def rotate(folder: Path, keep: int) -> list[Path]:
    """Remove the oldest copies beyond `keep`, and what an interrupted copy left."""
    gone = [backup.path for backup in backups_in(folder)[keep:]]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.glob(f"quantum-*{PART}*"):
            left.unlink()
    except OSError as error:
        raise BackupFailed(f"{folder} takes no backup: {error.strerror}; mend its permissions or its disk") from error


def _finished(part: Path, folder: Path, now: datetime) -> Backup:
    """Only a copy that was read through again gets a name that counts."""
    damage, schema = damage_of(part), schema_of(part)
    if damage is not None or schema is None:
        raise BackupFailed(f"the copy is not whole ({damage or 'it has no schema'}); look at the disk, then try again")
    with part.open("rb") as written:
        os.fsync(written.fileno())
    final = folder / f"quantum-{schema}-{now.astimezone(UTC):{TIME}}.db"
    part.rename(final)
    sync(folder)
    return Backup(final, schema, now, final.stat().st_size)


def _remove(part: Path) -> None:
    for left in part.parent.glob(f"{part.name}*"):
        left.unlink(missing_ok=True)


def _described(path: Path) -> Backup | None:
    named = _NAME.fullmatch(path.name)
    if named is None:
        return None
    at = named["at"] if len(named["at"]) > len("20260105T120000") else named["at"] + "000000"
    return Backup(path, named["schema"], datetime.strptime(at, TIME).replace(tzinfo=UTC), path.stat().st_size)
