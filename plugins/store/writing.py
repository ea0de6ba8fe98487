"""The few things that every repository does the same way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import DeclarativeBase

READ_ONLY = "qt_read_only"
"""Execution option: this transaction will not write, so it need not wait for writers."""

SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""What makes PostgreSQL show one state to all statements of a transaction, as SQLite does anyway."""

CHUNK = 500
"""Rows per statement: SQLite allows 32,766 variables in one."""


def table_of(model: type[DeclarativeBase]) -> Table:
    """The Table of a declarative class."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is not mapped to a plain table")
    return table


@asynccontextmanager
async def reading(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that only reads: one consistent view, blocking nobody."""
    async with engine.connect() as connection:
        options = SNAPSHOT if engine.dialect.name == "postgresql" else {READ_ONLY: True}
        await connection.execution_options(**options)
        async with connection.begin():
            yield connection


async def insert_once(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose primary key is not there yet; says how many were new."""
    return await connection.run_sync(inserted_once, table, rows)


def inserted_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """The same on a plain connection."""
    if not rows:
        return 0
    if connection.dialect.name == "sqlite":
        # One statement for all rows stays compiled: a statement per batch size costs five times as much.
        done = connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows))
        return max(done.rowcount, 0)
    new = 0
    for start in range(0, len(rows), CHUNK):
        statement = _insert(connection, table).values(list(rows[start : start + CHUNK])).on_conflict_do_nothing()
        new += max(connection.execute(statement).rowcount, 0)
    return new


async def upsert(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows, or replace the columns given of those whose primary key is there."""
    keys = [column.name for column in table.primary_key]
    for start in range(0, len(rows), CHUNK):
        chunk = list(rows[start : start + CHUNK])
        statement = _insert(connection, table).values(chunk)
        changed = {name: statement.excluded[name] for name in chunk[0] if name not in keys}
        await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))


def _insert(connection: AsyncConnection | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
