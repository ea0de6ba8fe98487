"""Short transactions that somebody waits for, without a visit to another thread where that can be helped.

An async engine visits SQLite's thread for every step, begin and commit included, and each time its thread has to
get the interpreter back from a loop that is busy: for one signal that took ten times as long as the signal itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from plugins.store.unbroken import unbroken

T = TypeVar("T")


class Writer:
    """Carries out work in transactions of SQLite's file, or on the async engine where there is no `plain` one.

    It is done at once on the loop's thread, as no step of it waits for the disk; only while another process
    writes does it wait, and then in a thread of its own.
    """

    def __init__(self, engine: AsyncEngine, plain: Callable[[], Engine] | None) -> None:
        self._engine = engine
        self._at_once = plain() if plain else None
        self._patient = plain() if plain else None
        self._thread: ThreadPoolExecutor | None = None
        if self._at_once is not None:
            event.listen(self._at_once, "connect", _wait_for_nobody)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns, once it is committed; begun in the thread it goes on when its caller is cancelled."""
        if self._at_once is None or self._patient is None:
            return await self._on_engine(work)
        try:
            return _committed(self._at_once, work)
        except OperationalError as error:
            if "locked" not in str(error.orig):
                raise
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="qt-store")
        return await asyncio.get_running_loop().run_in_executor(self._thread, _committed, self._patient, work)

    @unbroken
    async def _on_engine(self, work: Callable[[Connection], T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    def close(self) -> None:
        """Close the connections and end the thread, after the transaction that it is at."""
        if self._thread is not None:
            self._thread.shutdown()
        for engine in (self._at_once, self._patient):
            if engine is not None:
                engine.dispose()


def _wait_for_nobody(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA busy_timeout=0")


def _committed(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)
