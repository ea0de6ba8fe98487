"""Brings what was written to the disk, beside the loop.

A commit of the ledger is only a write into the operating system's cache (SQLite's `synchronous = NORMAL` in WAL mode):
that survives the death of the process, and takes microseconds. What must also survive a power cut is synced here, in
a thread, before it is told; one sync serves everybody who was waiting when it began. Checkpoints, which sync too, are
made here as well.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WRITES_A_CHECKPOINT = 256
"""Transactions after which the write-ahead log is copied into the database, so that it does not grow for ever."""


class Disk:
    """One thread that syncs the write-ahead log of a ledger."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="venue ledger sync")
        self._log: int | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._busy = False
        self._writes = 0
        self._checkpointing = False
        self.trouble: Exception | None = None
        """Why the last checkpoint failed, until one succeeds."""

    async def settled(self) -> None:
        """Return when everything written before this call is on the disk. Raises OSError."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_future()
        mine = self._waiting
        if not self._busy:
            self._begin()
        await asyncio.shield(mine)  # a waiter that is cancelled must not end the wait of the others

    def tend(self) -> None:
        """Count a write; now and then this makes a checkpoint, beside the loop."""
        self._writes += 1
        if self._checkpointing or (self._writes < WRITES_A_CHECKPOINT and self.trouble is None):
            return
        self._writes, self._checkpointing = 0, True
        job = asyncio.get_running_loop().run_in_executor(self._thread, self._checkpoint)
        job.add_done_callback(self._checkpointed)

    def close(self) -> None:
        self._thread.shutdown()
        if self._log is not None:
            os.close(self._log)

    def _begin(self) -> None:
        served, self._waiting, self._busy = self._waiting, None, True
        job = asyncio.get_running_loop().run_in_executor(self._thread, self._sync)
        job.add_done_callback(lambda done: self._synced(done, served))

    def _synced(self, job: asyncio.Future[None], served: asyncio.Future[None] | None) -> None:
        self._busy = False
        error = job.exception()
        if served is not None and not served.done():
            served.set_result(None) if error is None else served.set_exception(error)
        if self._waiting is not None:
            self._begin()

    def _checkpointed(self, job: asyncio.Future[None]) -> None:
        self._checkpointing = False
        error = job.exception()
        self.trouble = error if isinstance(error, Exception) else None

    def _sync(self) -> None:
        if self._log is None:
            self._log = os.open(f"{self._path}-wal", os.O_RDONLY | os.O_CLOEXEC)
        os.fdatasync(self._log)

    def _checkpoint(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        finally:
            connection.close()
