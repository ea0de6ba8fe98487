"""The history at start: checked, set aside when damaged, migrated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread

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
from plugins.store.integrity import damage_of, move_aside
from plugins.store.schema import upgrade
from qtcore import Context, Finding, NeedsOperator, NotReady, Severity

REBUILT = "rebuilt"


@asynccontextmanager
async def open_history(ctx: Context[DatabaseSettings]) -> AsyncIterator[Store]:
    """The migrated history until the block ends.

    Raises NeedsOperator for what only a person can mend, NotReady while the database cannot be reached.
    """
    try:
        url = database_url(ctx.home, ctx.settings.url)
        aside = await _set_aside_if_damaged(ctx, sqlite_file(url))
        async with open_store(url) as store:
            done = await upgrade(store.engine, backups=ctx.home / "backups", now=ctx.wall())
            ctx.log.info("history opened", schema=done)
            if aside is not None:
                await store.notes.set(REBUILT, f"damaged file kept at {aside}", at=ctx.wall())
            yield store
    except StoreUnusable as error:
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


async def _set_aside_if_damaged(ctx: Context[DatabaseSettings], file: Path | None) -> Path | None:
    damage = await to_thread.run_sync(damage_of, file) if file is not None else None
    if file is None or damage is None:
        return None
    aside = move_aside(file, now=ctx.wall())
    ctx.raise_finding(
        Finding(
            code="QT-DATABASE-REBUILT",
            severity=Severity.HIGH,
            summary="the history was damaged and is rebuilt from the exchange's fills",
            evidence={"damage": damage, "kept": str(aside)},
            cause="the disk or something else wrote into the file",
            consequence="signals and equity of the past are only in the file that was set aside",
            fix=f"look at {aside} and at the disk's health",
            verify="qt trades",
        )
    )
    return aside
