"""Reading the journal while the supervisor writes it, or after it died."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from qtcore.documents import Instant
from qtcore.errors import EnvironmentRefused
from qtcore.records import journal_schema
from qtcore.records.clock import age_s
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.records.journal_row import COLUMNS, from_row

_SUPERVISOR_KINDS = (EventKind.SUPERVISOR_STARTED, EventKind.SUPERVISOR_STOPPED)
_RUNS_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class PreviousRun:
    """How the last supervisor on this home ended."""

    started: Instant | None
    last_event: Instant
    last_seq: int
    ended_in_order: bool


class JournalReader:
    """A read-only view; close it, or use it as a context manager."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for reading. Raises EnvironmentRefused when there is none, JournalDamaged when it is no journal."""
        if not path.exists():
            raise EnvironmentRefused(
                f"there is no journal at {path}: no supervisor has run on this home yet; "
                "start one with `qt up`, or name the right folder with --home"
            )
        with ExitStack() as undo, journal_schema.explaining(path):
            connection = undo.enter_context(closing(journal_schema.connect(path, read_only=True)))
            journal_schema.verify(connection, path)
            undo.pop_all()
            return cls(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

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
        """Events after `since_seq` in order, at most `limit` of them: the oldest, or with `newest` the newest."""
        where, values = _conditions(since_seq, plugin, tuple(kinds), trace_id)
        order = "DESC" if newest else "ASC"
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM events WHERE {where} ORDER BY seq {order} LIMIT ?",  # noqa: S608 - fixed texts
            (*values, -1 if limit is None else limit),
        ).fetchall()
        return [from_row(row) for row in (reversed(rows) if newest else rows)]

    def bounds(self) -> tuple[int, int]:
        """The first and last seq present; (n, n - 1) when no event has been written since n was due."""
        first, last = self._connection.execute("SELECT min(seq), max(seq) FROM events").fetchone()
        if last is None:
            first = int(self._connection.execute("SELECT value FROM bases WHERE name = 'first_seq'").fetchone()[0])
            return first, first - 1
        return first, last

    def previous_run(self) -> PreviousRun | None:
        """How the last recorded run ended; None when there was none."""
        latest = self.read(limit=1, newest=True)
        if not latest:
            return None
        marks = self.read(kinds=_SUPERVISOR_KINDS, limit=2, newest=True)
        started = next((mark.at for mark in reversed(marks) if mark.kind is EventKind.SUPERVISOR_STARTED), None)
        in_order = bool(marks) and marks[-1].kind is EventKind.SUPERVISOR_STOPPED
        return PreviousRun(started, latest[-1].at, latest[-1].seq, in_order)

    def bad_starts(self, now: Instant, window_s: float) -> int:
        """How many runs that began within the last `window_s` did not stop in order."""
        marks = self.read(kinds=_SUPERVISOR_KINDS, limit=_RUNS_LOOKED_AT, newest=True)
        return sum(
            mark.kind is EventKind.SUPERVISOR_STARTED
            and (after is None or after.kind is not EventKind.SUPERVISOR_STOPPED)
            and age_s(mark.at, now) <= window_s
            for mark, after in zip_longest(marks, marks[1:])
        )


def _conditions(
    since_seq: int, plugin: str | None, kinds: tuple[EventKind, ...], trace_id: str | None
) -> tuple[str, list[Any]]:
    where, values = ["seq > ?"], [since_seq]
    clauses: list[tuple[str, tuple[Any, ...]]] = [
        ("plugin = ?", (plugin,) if plugin else ()),
        (f"kind IN ({', '.join('?' * len(kinds))})", kinds),
        ("trace_id = ?", (trace_id,) if trace_id else ()),
    ]
    for clause, operands in clauses:
        if operands:
            where.append(clause)
            values.extend(operands)
    return " AND ".join(where), values
