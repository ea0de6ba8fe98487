"""The journal's side of the disk: writes in order, keeps what could not be written, never raises for it."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime
from pathlib import Path

from qtcore.records import journal_schema
from qtcore.records.atomic import sync
from qtcore.records.backlog import Backlog
from qtcore.records.generations import Generations, SettledMark, durably, lower_to_last, save
from qtcore.records.journal_event import JournalEvent
from qtcore.records.journal_reader import JournalReader
from qtcore.records.journal_retention import Retention, drop_oldest
from qtcore.records.journal_row import INSERT, to_row

_FOLD_BYTES = 4 * 1024 * 1024
_WRITE_AT_ONCE = 256


class JournalDisk:
    """The open database.

    Not for two threads at once, but for `sync_log` and `fold`: `Journal` holds its lock around the rest.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, generations: Generations, settled: SettledMark
    ) -> None:
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # `fold` does it, so that no append has to
        connection.execute(f"PRAGMA journal_size_limit = {_FOLD_BYTES // 4}")
        connection.execute("PRAGMA synchronous = NORMAL")  # `sync_log` does it, for many appends at once
        self.reader = JournalReader(connection)
        self.problem: str | None = None
        self.backlog = Backlog()
        self._path = path
        self._connection = connection
        self._folding = journal_schema.connect(path)
        self._generations = generations
        self._settled = settled
        self._unsaved: set[str] = set()
        self._log = os.open(journal_schema.sidecars(path)[1], os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        sync(path.parent)

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be written."""
        return not self.backlog and not self._unsaved

    def store(self, event: JournalEvent) -> None:
        """Write the event and all that waits before it, or keep it."""
        self.backlog.add(event)
        self.write_waiting()

    def write_waiting(self) -> None:
        """Try to write what waits."""
        try:
            while not self.idle:
                batch = self.backlog.first(_WRITE_AT_ONCE)
                self._write(batch)
                self.backlog.written(len(batch))
                if self._unsaved:
                    self._unsaved.clear()
                    self.sync()
                    self._settled.put_back()
            self.problem = None
        except (sqlite3.Error, OSError) as error:
            self.note_problem(error)

    def reserve(self, plugin: str, generation: int) -> None:
        """Write the reservation; wait for the disk only when it is above what is durable. Raises JournalUnwritable."""
        book = self._generations
        ceiling = book.ceiling_for(plugin, generation)
        try:
            save(self._connection, [(plugin, generation, ceiling)])
            if ceiling != book.ceilings.get(plugin):
                book.raised[plugin] = ceiling
            if book.must_wait(plugin, generation):
                self.sync()
        except (sqlite3.Error, OSError) as error:
            self.note_problem(error)
            self._settled.remove(error)
            self._unsaved.add(plugin)
        book.last[plugin] = generation

    def make_room(self, plugins: set[str]) -> None:
        """Give plugins that have none a durable ceiling."""
        self._unsaved |= {plugin for plugin in plugins if plugin not in self._generations.ceilings}
        self.write_waiting()

    def sync(self) -> None:
        """Make all that is written durable. Raises OSError."""
        raised = dict(self._generations.raised)
        self.sync_log()
        self._generations.synced(raised)

    def sync_log(self) -> None:
        """The wait for the disk itself; safe beside the other methods. Raises OSError."""
        os.fdatasync(self._log)

    def fold(self) -> None:
        """Move a long log into the database; safe beside the other methods. Raises OSError, sqlite3.Error."""
        if os.fstat(self._log).st_size > _FOLD_BYTES:
            self._folding.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def drop_oldest(self, limits: Retention, now: datetime) -> int:
        """One step of retention; how many events went. Raises sqlite3.Error."""
        return drop_oldest(self._connection, limits, now)

    def note_problem(self, error: Exception) -> None:
        """The disk refused."""
        self.problem = (
            f"the journal {self._path} takes no writes ({error}); {len(self.backlog)} events wait in memory; "
            "free space on its disk"
        )

    def close(self) -> None:
        """Write and sync what is left, and let go."""
        self.write_waiting()
        try:
            if self._settled.present():
                with durably(self._connection):
                    lower_to_last(self._connection)
            self.sync()
        except (sqlite3.Error, OSError) as error:
            self.note_problem(error)
        os.close(self._log)
        self._folding.close()
        self._connection.close()

    def _write(self, batch: list[JournalEvent]) -> None:
        if len(batch) == 1 and not self._unsaved:
            self._connection.execute(INSERT, to_row(batch[0]))
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(INSERT, map(to_row, batch))
            save(self._connection, self._rows_of_unsaved())
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _rows_of_unsaved(self) -> list[tuple[str, int, int]]:
        book = self._generations
        for plugin in self._unsaved:
            book.raised[plugin] = book.ceiling_for(plugin, book.of(plugin))
        return [(plugin, book.of(plugin), book.raised[plugin]) for plugin in self._unsaved]
