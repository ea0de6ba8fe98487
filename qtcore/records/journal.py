"""The journal: what happened, in order, with one reason each; the truth that everything else is projected from."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from types import TracebackType
from typing import Self

from qtcore.documents import Facts, Instant
from qtcore.kernel.words import Cause
from qtcore.records import journal_retention, journal_schema
from qtcore.records.clock import instant_now
from qtcore.records.generations import Generations, SettledMark, recall
from qtcore.records.home import Home
from qtcore.records.journal_disk import JournalDisk
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.records.journal_keeper import JournalKeeper
from qtcore.records.journal_reader import PreviousRun
from qtcore.records.journal_retention import Retention
from qtcore.records.journal_row import storable_facts, storable_text
from qtcore.records.salvage import counters_left, finish_moving

BOOT_LOOP_WINDOW_S = 300.0
_TRIM_EVERY = 1_000
_WRITER_PATIENCE_S = 0.005
"""If somebody else locks the file, the event waits in memory rather than the supervisor's loop."""


class Journal:
    """The one writer. Every method may be called from an event loop: none waits for more than a commit.

    An appended event survives the death of this process at once and the loss of power after at
    most 50 ms. While the disk refuses writes events wait in memory and `problem` says why.
    """

    def __init__(
        self, disk: JournalDisk, generations: Generations, *, retention: Retention, now: Callable[[], Instant]
    ) -> None:
        self._disk = disk
        self._generations = generations
        self._retention = retention
        self._now = now
        self._lock = threading.Lock()
        self._closed = False
        self._last_seq = disk.reader.bounds()[1]
        self._durable_seq = self._last_seq
        self._trimmed_at: int | None = None
        self.previous_run: PreviousRun | None = disk.reader.previous_run()
        self.recent_bad_starts: int = disk.reader.bad_starts(now(), BOOT_LOOP_WINDOW_S)
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
        with ExitStack() as undo, journal_schema.explaining(path):
            if not path.exists():
                _create(home)
            connection = undo.enter_context(closing(journal_schema.connect(path, patience_s=_WRITER_PATIENCE_S)))
            version = journal_schema.verify(connection, path)
            journal_schema.check_whole(connection, path)
            journal_schema.upgrade(connection, path, version)
            settled = SettledMark(home.root / "journal.settled")
            generations = recall(connection, home.state, settled, now().boot_id)
            disk = JournalDisk(path, connection, generations, settled)
            undo.pop_all()
            return cls(disk, generations, retention=retention, now=now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def problem(self) -> str | None:
        """Why the disk took the last write not; None while all is well."""
        return self._disk.problem

    @property
    def waiting(self) -> int:
        """How many events are not on disk yet."""
        return len(self._disk.backlog)

    @property
    def last_seq(self) -> int:
        """The newest event's number, written or waiting."""
        return self._last_seq

    @property
    def durable_seq(self) -> int:
        """The newest event that would survive the loss of power."""
        return self._durable_seq

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
            self._disk.store(event)
        self._keeper.wake()
        return event

    def reserve_generation(self, plugin: str, generation: int | None = None) -> int:
        """Reserve the plugin's next generation, or the given later one; never handed out again, whatever happens.

        Raises ValueError when the given one is not later, JournalUnwritable when not even the mark
        can be set that makes the next run skip far ahead.
        """
        with self._lock:
            wanted = self._generations.next(plugin, generation)
            self._disk.reserve(plugin, wanted)
        self._keeper.wake()
        return wanted

    def last_generations(self, plugins: Iterable[str]) -> dict[str, int]:
        """For each named plugin the last generation ever reserved, 0 for a plugin that never had one.

        The named plugins' first reservations need not wait for the disk afterwards.
        """
        with self._lock:
            found = {plugin: self._generations.of(plugin) for plugin in plugins}
            self._disk.make_room(set(found))
        return found

    def durable_generation(self, plugin: str) -> int:
        """Up to which generation of the plugin a loss of power would be remembered."""
        return self._generations.ceilings.get(plugin, 0)

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
            return self._disk.reader.read(
                since_seq, limit, plugin=plugin, kinds=kinds, trace_id=trace_id, newest=newest
            )

    def close(self) -> None:
        """Write, sync and fold what is left, and let go; harmless when done twice."""
        if self._closed:
            return
        self._closed = True
        self._keeper.close()
        with self._lock:
            self._disk.close()

    def _keep(self) -> bool:
        """One round of the keeper thread; False when the disk refused. It waits for the disk without the lock."""
        with self._lock:
            self._disk.write_waiting()
            written = self._last_seq - self.waiting
            raised = dict(self._generations.raised)
        try:
            self._disk.sync_log()
            self._durable_seq = written
            with self._lock:
                self._generations.synced(raised)
            self._disk.fold()
            self._trim()
        except (sqlite3.Error, OSError) as error:
            self._disk.note_problem(error)
            return False
        return self._disk.idle

    def _trim(self) -> None:
        if self._trimmed_at is not None and self._last_seq - self._trimmed_at < _TRIM_EVERY:
            return
        self._trimmed_at = self._last_seq
        dropped = 1
        while dropped:
            with self._lock:
                dropped = self._disk.drop_oldest(self._retention, self._now().wall)


def _create(home: Home) -> None:
    finish_moving(home.journal)
    left = counters_left(home)
    journal_schema.create(home.journal, first_seq=left.last_seq + 1, generation_floor=left.generations.get("", 0))
