"""Carries a whole history from one database into another, row by row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from anyio import to_thread
from sqlalchemy import RowMapping, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from plugins.store.engine import make_engine
from plugins.store.files import stand_alone
from plugins.store.schema import upgrade
from plugins.store.tables import Base
from plugins.store.writing import reading

AT_ONCE = 1000
"""Rows under way at a time; a server takes at most 32,767 values in one statement, sent here one row each."""


async def copy_out(engine: AsyncEngine, file: Path) -> None:
    """Write the history as it is at one instant into a new SQLite file of the newest schema."""
    async with _opened(file) as copy, reading(engine) as source, copy.begin() as target:
        await _copy(source, target)
    await to_thread.run_sync(stand_alone, file)


async def copy_in(file: Path, engine: AsyncEngine) -> None:
    """Replace everything in the history by what is in the file, in one transaction.

    Both have the newest schema; a backup of an older one is brought up to it before, in a copy.
    """
    async with _opened(file) as copy, reading(copy) as source, engine.begin() as target:
        for table in reversed(Base.metadata.sorted_tables):
            await target.execute(delete(table))
        await _copy(source, target)


async def _copy(source: AsyncConnection, target: AsyncConnection) -> None:
    for table in Base.metadata.sorted_tables:
        rows = await source.stream(select(table).order_by(*table.primary_key))
        async for chunk in rows.mappings().partitions(AT_ONCE):
            await _put(target, table, chunk)


async def _put(target: AsyncConnection, table: Table, rows: Sequence[RowMapping]) -> None:
    await target.execute(insert(table), [{**row} for row in rows])


@asynccontextmanager
async def _opened(file: Path) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(f"sqlite+aiosqlite:///{file}")
    try:
        await upgrade(engine, backups=file.parent, now=datetime.now(UTC))
        yield engine
    finally:
        await engine.dispose()
