"""Signals while somebody else writes to the same file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from plugins.domain import Signal, Source, View
from plugins.store import Store, database_url, open_store
from plugins.store.address import FILE_NAME

pytestmark = pytest.mark.anyio


AT = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


@pytest.fixture
def signal() -> Signal:
    return Signal(
        id="a",
        symbol="BTCUSDT",
        view=View.LONG,
        confidence=Decimal("0.61"),
        source=Source.RSI_RULE,
        price=Decimal("95123.10"),
        made_at=AT,
        market_at=AT,
        expires_at=AT,
        features={"rsi": 27.5},
        trace_id=None,
    )


@pytest.fixture
def other(file_store: Store, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection like that of another process."""
    connection = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    yield connection
    connection.close()


async def test_a_signal_waits_for_another_writer_without_holding_up_the_loop(
    file_store: Store, other: sqlite3.Connection, signal: Signal
) -> None:
    """While another process writes, storing waits in a thread; the loop goes on, and nothing is lost."""
    other.execute("BEGIN IMMEDIATE")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(file_store.signals.insert_many, [signal])
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        assert await file_store.signals.count() == 0
        other.execute("COMMIT")
    assert await file_store.signals.count() == 1


async def test_a_stored_signal_is_there_for_other_processes_at_once(
    file_store: Store, other: sqlite3.Connection, signal: Signal
) -> None:
    """What insert_many returned from is committed: any other connection sees it."""
    assert await file_store.signals.insert_many([signal]) == 1
    assert other.execute("SELECT id FROM signals").fetchall() == [(signal.id,)]


async def test_work_under_way_is_ended_before_the_file_is_let_go(
    file_store: Store, other: sqlite3.Connection, signal: Signal, tmp_path: Path
) -> None:
    """A caller that is cancelled while it waits for another writer leaves no half: the signal is stored."""
    other.execute("BEGIN IMMEDIATE")
    async with open_store(database_url(tmp_path)) as second:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(second.signals.insert_many, [signal])
            for _ in range(20):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        other.execute("COMMIT")
    assert await file_store.signals.count() == 1
