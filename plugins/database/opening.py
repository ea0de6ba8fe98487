"""The history at start: checked, set aside when damaged, put back or begun anew when lost, migrated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread

from plugins.database import kinds
from plugins.database.findings import elsewhere_finding, rebuilt_finding
from plugins.database.place import elsewhere, has_been, remember
from plugins.database.settings import DatabaseSettings
from plugins.store import (
    STORE_ERRORS,
    Store,
    StoreUnusable,
    Trouble,
    database_url,
    open_store,
    sentence_of,
    trouble_of,
)
from plugins.store.address import sqlite_file
from plugins.store.backups import FOLDER, newest_sound
from plugins.store.files import BackupFailed
from plugins.store.integrity import damage_of, is_blank, move_aside
from plugins.store.restoring import place
from plugins.store.schema import upgrade
from plugins.store.unbroken import carried_through
from qtcore import Context, NeedsOperator, NotReady

REBUILT = "rebuilt"


@dataclass(frozen=True, slots=True)
class Loss:
    """What had become of the history's file, and what was done about it."""

    damage: str
    kept: str
    from_backup: str


@asynccontextmanager
async def open_history(ctx: Context[DatabaseSettings]) -> AsyncIterator[Store]:
    """The migrated history until the block ends.

    Raises NeedsOperator for what only a person can mend, NotReady while the database cannot be reached.
    """
    try:
        url = database_url(ctx.home, ctx.settings.url)
        file = sqlite_file(url)
        before = elsewhere(ctx.data_dir, ctx.home, file) if file is not None else None
        loss = await to_thread.run_sync(_mended, ctx, file, before) if file is not None else None
        async with open_store(url) as store:
            migrated = upgrade(store.engine, backups=ctx.home / FOLDER, now=ctx.wall())
            done = await carried_through(store.engine, migrated, "migrate the history")
            ctx.log.info("history opened", schema=done)
            if loss is not None:
                said = f"{loss.damage}; kept: {loss.kept}; from backup: {loss.from_backup}"
                await store.notes.set(REBUILT, said, at=ctx.wall())
            if before is None:  # else a person decides which of the two counts, and is asked at each start
                remember(ctx.data_dir, ctx.home, file)
                ctx.resolve_finding(kinds.ELSEWHERE.code)
            yield store
    except (StoreUnusable, BackupFailed) as error:
        raise NeedsOperator(str(error)) from error
    except STORE_ERRORS as error:
        trouble = trouble_of(error)
        if trouble is Trouble.REFUSED:
            # A history that is not there is never replaced by an empty one.
            raise NeedsOperator(
                f"the database lets nobody in: {sentence_of(error)}; correct QUANTUM_TRADER_DATABASE_URL, "
                "or make the database and its user"
            ) from error
        if not trouble.passes:
            raise
        raise NotReady(f"the database cannot be used now: {sentence_of(error)}", retry_after_s=2.0) from error


def _mended(ctx: Context[DatabaseSettings], file: Path, before: Path | None) -> Loss | None:
    """Put a damaged file aside and the newest whole backup in the place of what is lost; says what was lost.

    What the backup does not have of fills, trades and funding comes back from the exchange. `before` is where the
    history was until now, if it still is there.
    """
    damage = damage_of(file)
    lost = damage is None and is_blank(file) and has_been(ctx.data_dir)
    aside = move_aside(file, now=ctx.wall()) if damage is not None else None
    backup = newest_sound(ctx.home / FOLDER) if damage is not None or lost else None
    if backup is not None:
        place(backup.path, file, ctx.wall())
    from_backup = backup.path.name if backup is not None else "none"
    if before is not None:
        ctx.raise_finding(elsewhere_finding(before, file, from_backup))
    if damage is None and not lost:
        return None
    missing = f"it was at {before} until now" if before is not None else "the file was gone"
    loss = Loss(damage or missing, str(aside) if aside is not None else "nothing", from_backup)
    if damage is not None or before is None:
        ctx.raise_finding(rebuilt_finding(loss.damage, loss.kept, loss.from_backup))
    return loss
