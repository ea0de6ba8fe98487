"""Puts a backup in the history's place. Nobody may be using the history meanwhile."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import datetime
from pathlib import Path

from anyio import to_thread

from plugins.store.address import sqlite_file
from plugins.store.backups import Backup
from plugins.store.copying import copy_in
from plugins.store.engine import make_engine
from plugins.store.files import BackupFailed
from plugins.store.integrity import damage_of, move_aside
from plugins.store.schema import upgrade
from qtcore.records.atomic import sync

COMING = ".restoring"


async def restore(url: str, backup: Backup, *, now: datetime) -> Path | None:
    """Replace the history at `url`; a SQLite file that was there is kept beside, and its new place returned.

    Raises BackupFailed for a backup that is not whole, with the history as it was.
    """
    if damage := await to_thread.run_sync(damage_of, backup.path):
        raise BackupFailed(f"{backup.path.name} is not whole ({damage}); choose another of `qt db backups`")
    if file := sqlite_file(url):
        return await to_thread.run_sync(place, backup.path, file, now)
    with tempfile.TemporaryDirectory(prefix="qt-restore-") as folder:
        copy = Path(shutil.copy(backup.path, folder))  # an older schema is brought up in the copy
        engine = make_engine(url)
        try:
            await upgrade(engine, backups=Path(folder), now=now)
            await copy_in(copy, engine)
        finally:
            await engine.dispose()
    return None


def place(source: Path, file: Path, now: datetime) -> Path | None:
    """Put a copy of `source` where `file` is, in one step; returns where the old file went, if there was one."""
    coming = file.with_name(file.name + COMING)
    try:
        shutil.copyfile(source, coming)
        coming.chmod(0o600)
        with coming.open("rb") as written:
            os.fsync(written.fileno())
        aside = move_aside(file, now=now, why="replaced") if file.exists() else None
        coming.rename(file)
        sync(file.parent)
    except OSError as error:
        coming.unlink(missing_ok=True)
        raise BackupFailed(f"{source.name} cannot be put in place: {error.strerror}; mend the disk first") from error
    return aside
