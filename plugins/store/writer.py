"""Short transactions that somebody waits for, each done in one visit to a thread.

An async engine visits SQLite's thread for every step, begin and commit included. For one signal that takes
two to three times as long as the signal itself, and the write lock is held meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncEngine

T = TypeVar("T")


class Writer:
    """Carries out work in transactions: in a thread of its own where `plain` is given, else on the async engine."""

    def __init__(self, engine: AsyncEngine, plain: Engine | None) -> None:
        self._engine = engine
        self._plain = plain
        self._thread: ThreadPoolExecutor | None = None

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, once it is committed; begun in the thread it goes on when its caller is cancelled."""
        if self._plain is None:
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="qt-store")
        return await asyncio.get_running_loop().run_in_executor(self._thread, _committed, self._plain, work)

    def close(self) -> None:
        """Close the connection and end the thread, after the transaction that it is at."""
        if self._plain is not None:
            if self._thread is not None:
                self._thread.shutdown()
            self._plain.dispose()


def _committed(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)
