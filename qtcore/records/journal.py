"""The journal: what happened, in order, with one reason each; the truth that everything else is projected from."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Self

from qtcore.documents import Facts, Instant
from qtcore.kernel.words import Cause
from qtcore.records import journal_retention, journal_schema
from qtcore.records.backlog import Backlog
from qtcore.records.clock import instant_now
from qtcore.records.generations import Generations, SettledMark, lower_to_last, recall, save
from qtcore.records.home import Home
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.records.journal_keeper import JournalKeeper
from qtcore.records.journal_reader import JournalReader, PreviousRun
from qtcore.records.journal_retention import Retention, drop_oldest
from qtcore.records.journal_row import INSERT, storable_facts, storable_text, to_row
from qtcore.records.salvage import counters_left, finish_moving

BOOT_LOOP_WINDOW_S = 300.0
_WAL_FOLD_BYTES = 4 * 1024 * 1024
_WRITE_AT_ONCE = 256
_WRITER_PATIENCE_S = 0.005
"""If somebody else locks the file, the event waits in memory rather than the supervisor's loop."""
_TRIM_EVERY = 1_000


class Journal:
    """The one writer. Every method may be called from an event loop: none waits for more than a commit.

    An appended event survives the death of this process at once and the loss of power after at
    most 50 ms. While the disk refuses writes events wait in memory and `problem` says why.
    """

    def __init__(
        self,
        home: Home,
        connection: sqlite3.Connection,
        *,
        generations: Generations,
        settled: SettledMark,
        retention: Retention,
        now: Callable[[], Instant],
    ) -> None:
        reader = JournalReader(connection)
        self._path = home.journal
        self._now = now
        self._retention = retention
        self._connection = connection
        self._folding = journal_schema.connect(self._path)
        self._backlog = Backlog()
        self._lock = threading.Lock()
        self._problem: str | None = None
        self._generations = generations
        self._settled = settled
        self._last_seq = reader.bounds()[1]
        self._durable_seq = self._last_seq
        self._trimmed_at = 0
        self._unsaved: set[str] = set()
        self.previous_run: PreviousRun | None = reader.previous_run()
        self.recent_bad_starts: int = reader.bad_starts(now(), BOOT_LOOP_WINDOW_S)
        self._log = os.open(journal_schema.sidecars(self._path)[1], os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        journal_schema.sync_folder(home.root)
        self._keeper = JournalKeeper(self._keep)

    @classmethod
    def open(
        cls, home: Home, *, retention: Retention = journal_retention.DEFAULT, now: Callable[[], Instant] = instant_now
    ) -> Journal:
        """Open the home's journal, making it if there is none and upgrading an older one.

        Raises JournalDamaged (a RecordsDamaged) when it is damaged, foreign or too new (see
        `recovery.open_or_recover`), and EnvironmentRefused when the disk or another program is in the way.
        """
        path = home.journal
        if not path.exists():
            _create(home)
        with ExitStack() as undo, journal_schema.explaining(path):
            connection = undo.enter_context(closing(journal_schema.connect(path, patience_s=_WRITER_PATIENCE_S)))
            version = journal_schema.verify(connection, path)
            journal_schema.check_whole(connection, path)
            journal_schema.upgrade(connection, path, version)
            connection.execute("PRAGMA wal_autocheckpoint = 0")  # the keeper folds, so that no append has to
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_FOLD_BYTES // 4}")
            connection.execute("PRAGMA synchronous = NORMAL")  # the keeper syncs, in groups
            settled = SettledMark(home.root / "journal.settled")
            generations = recall(connection, home.state, settled, now().boot_id)
            journal = cls(home, connection, generations=generations, settled=settled, retention=retention, now=now)
            undo.pop_all()
            return journal

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def problem(self) -> str | None:
        """Why the disk took the last write not; None while all is well."""
        return self._problem

    @property
    def waiting(self) -> int:
        """How many events are not on disk yet."""
        return len(self._backlog)

    @property
    def last_seq(self) -> int:
        """The newest event's number, written or waiting."""
        return self._last_seq

    @property
    def durable_seq(self) -> int:
        """The newest event that would survive the loss of power."""
        return self._durable_seq

    def durable_generation(self, plugin: str) -> int:
        """Up to which generation of the plugin a loss of power would be remembered."""
        return self._generations.ceilings.get(plugin, 0)

    def append(
        self,
        kind: EventKind,
        reason: str,
        *,
        plugin: str | None = None,
        host: str | None = None,
        generation: int | None = None,
        cause: Cause | None = None,
        details: Facts | None = None,
        trace_id: str | None = None,
        at: Instant | None = None,
    ) -> JournalEvent:
        """Record one fact. Never raises for the disk's sake; see `problem`."""
        with self._lock:
            event = JournalEvent(
                seq=self._last_seq + 1,
                at=at or self._now(),
                kind=kind,
                reason=storable_text(reason),
                plugin=plugin,
                host=host,
                generation=generation,
                cause=cause,
                details=storable_facts(details) if details else {},
                trace_id=trace_id,
            )
            self._last_seq = event.seq
            self._backlog.add(event)
            self._write_waiting()
        self._keeper.wake()
        return event

    def reserve_generation(self, plugin: str, generation: int | None = None) -> int:
        """Reserve the plugin's next generation, or the given later one; never handed out again, whatever happens.

        Raises ValueError when the given one is not later, JournalUnwritable when not even the mark
        can be set that makes the next run skip far ahead.
        """
        with self._lock:
            book = self._generations
            wanted = book.next(plugin, generation)
            ceiling = book.ceiling_for(plugin, wanted)
            try:
                save(self._connection, [(plugin, wanted, ceiling)])
                if ceiling != book.ceilings.get(plugin):
                    book.raised[plugin] = ceiling
                if book.must_wait(plugin, wanted):
                    self._sync()
            except (sqlite3.Error, OSError) as error:
                self._note_problem(error)
                self._settled.remove(error)
                self._unsaved.add(plugin)
            book.last[plugin] = wanted
        self._keeper.wake()
        return wanted

    def last_generations(self, plugins: Iterable[str]) -> dict[str, int]:
        """For each named plugin the last generation ever reserved, 0 for a plugin that never had one.

        The named plugins' first reservations need not wait for the disk afterwards.
        """
        with self._lock:
            found = {plugin: self._generations.of(plugin) for plugin in plugins}
            for plugin, last in found.items():
                self._generations.last[plugin] = last
            self._unsaved.update(plugin for plugin in found if plugin not in self._generations.ceilings)
            self._write_waiting()
        return found

    def read(
        self,
        since_seq: int = 0,
        limit: int | None = None,
        *,
        plugin: str | None = None,
        kinds: Iterable[EventKind] = (),
        trace_id: str | None = None,
        newest: bool = False,
    ) -> list[JournalEvent]:
        """As JournalReader.read; events that still wait for the disk are not seen."""
        with self._lock:
            return JournalReader(self._connection).read(
                since_seq, limit, plugin=plugin, kinds=kinds, trace_id=trace_id, newest=newest
            )

    def sync(self) -> None:
        """Make everything written so far durable now. Raises OSError when the disk refuses."""
        with self._lock:
            self._sync()

    def close(self) -> None:
        """Write, sync and fold what is left, and let go; harmless when done twice."""
        if self._log < 0:
            return
        self._keeper.close()
        with self._lock:
            self._write_waiting()
            try:
                if self._settled.present():
                    lower_to_last(self._connection)
                self._sync()
            except (sqlite3.Error, OSError) as error:
                self._note_problem(error)
            os.close(self._log)
            self._log = -1
            self._folding.close()
            self._connection.close()

    def _keep(self) -> bool:
        """One round of the keeper thread; False when the disk refused."""
        with self._lock:
            self._write_waiting()
            written = self._last_seq - len(self._backlog)
            raised = dict(self._generations.raised)
        try:
            os.fdatasync(self._log)
            self._durable_seq = written
            with self._lock:
                self._generations.synced(raised)
            if os.fstat(self._log).st_size > _WAL_FOLD_BYTES:
                self._folding.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._trim()
        except (sqlite3.Error, OSError) as error:
            self._note_problem(error)
            return False
        return not self._backlog and not self._unsaved

    def _trim(self) -> None:
        if self._last_seq - self._trimmed_at < _TRIM_EVERY and self._trimmed_at:
            return
        self._trimmed_at = self._last_seq
        dropped = 1
        while dropped:
            with self._lock:
                dropped = drop_oldest(self._connection, self._retention, self._now().wall)

    def _write_waiting(self) -> None:
        try:
            while self._backlog or self._unsaved:
                batch = self._backlog.first(_WRITE_AT_ONCE)
                self._write(batch)
                self._backlog.written(len(batch))
                if self._unsaved:
                    self._unsaved.clear()
                    self._sync()
                    self._settled.put_back()
            self._problem = None
        except (sqlite3.Error, OSError) as error:
            self._note_problem(error)

    def _write(self, batch: list[JournalEvent]) -> None:
        if len(batch) == 1 and not self._unsaved:
            self._connection.execute(INSERT, to_row(batch[0]))
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(INSERT, map(to_row, batch))
            save(self._connection, self._rows_of_unsaved())
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _rows_of_unsaved(self) -> list[tuple[str, int, int]]:
        book = self._generations
        for plugin in self._unsaved:
            book.raised[plugin] = book.ceiling_for(plugin, book.of(plugin))
        return [(plugin, book.of(plugin), book.raised[plugin]) for plugin in self._unsaved]

    def _sync(self) -> None:
        raised = dict(self._generations.raised)
        os.fdatasync(self._log)
        self._generations.synced(raised)

    def _note_problem(self, error: Exception) -> None:
        self._problem = (
            f"the journal {self._path} takes no writes ({error}); {len(self._backlog)} events wait in memory; "
            "free space on its disk"
        )


def _create(home: Home) -> None:
    finish_moving(home.journal)
    left = counters_left(home)
    journal_schema.create(home.journal, first_seq=left.last_seq + 1, generation_floor=left.generations.get("", 0))
