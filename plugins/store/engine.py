"""Opening the history: one engine per process, SQLite in WAL unless a URL says otherwise."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from plugins.store.address import StoreUnusable, sqlite_file
from plugins.store.census import Census
from plugins.store.equity import EquityHistory
from plugins.store.fills import Fills
from plugins.store.notes import Notes
from plugins.store.positions import Positions
from plugins.store.signals import Signals
from plugins.store.trades import Trades
from plugins.store.unbroken import ended
from plugins.store.writer import Writer
from plugins.store.writing import READ_ONLY

BUSY_TIMEOUT_MS = 5000
"""How long one process waits for another's transaction."""

CONNECT_S = 5.0
COMMAND_S = 30.0
"""How long a database server may take to answer a dial and a statement."""


@dataclass(frozen=True, slots=True)
class Store:
    """The repositories over one engine."""

    engine: AsyncEngine
    signals: Signals
    fills: Fills
    positions: Positions
    trades: Trades
    equity: EquityHistory
    notes: Notes
    census: Census


@asynccontextmanager
async def open_store(url: str) -> AsyncIterator[Store]:
    """The history at `url` (of `database_url`) until the block ends. Raises StoreUnusable."""
    engine = make_engine(url)
    writer = Writer(engine, partial(_plain_engine, url) if sqlite_file(url) else None)
    try:
        yield Store(
            engine,
            signals=Signals(engine, writer),
            fills=Fills(engine),
            positions=Positions(engine),
            trades=Trades(engine),
            equity=EquityHistory(engine),
            notes=Notes(engine),
            census=Census(engine),
        )
    finally:
        await ended(engine, writer.close)


def make_engine(url: str) -> AsyncEngine:
    """An engine with this application's settings; the SQLite file is made 0600. Raises StoreUnusable."""
    parsed = make_url(url)
    if file := sqlite_file(url):
        _make_private(file)
        engine = create_async_engine(parsed, pool_size=3, max_overflow=2)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    # A server may have been restarted since a connection was last used; asking it costs a fraction of a millisecond.
    limits = {"timeout": CONNECT_S, "command_timeout": COMMAND_S}
    return create_async_engine(parsed, pool_size=3, max_overflow=2, pool_pre_ping=True, connect_args=limits)


def _plain_engine(url: str) -> Engine:
    """Another engine on the same SQLite file, for a Writer."""
    engine = create_engine(make_url(url).set(drivername="sqlite"), pool_size=1, max_overflow=0)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "connect", _leave_checkpoints)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _leave_checkpoints(connection: Any, _record: object) -> None:
    # A checkpoint waits for the disk; it is left to connections that nobody waits for, like those of `database`.
    connection.execute("PRAGMA wal_autocheckpoint=0")


def _make_private(file: Path) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreUnusable(
            f"{file} cannot be opened: {error.strerror}; check owner and space of the folder"
        ) from error


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says, not where the driver guesses
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        # Power loss may cost the last rows, never the file; what matters is in exchange.db, which syncs each commit.
        "synchronous=NORMAL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that starts by reading and then writes can be refused at once, whatever the busy timeout.
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")
