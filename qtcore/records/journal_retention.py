"""Keeping the journal within its age and size: the oldest events go, never one from the middle."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta

from qtcore.records.journal_row import wall_us
from qtcore.records.journal_schema import pragma


@dataclass(frozen=True, slots=True)
class Retention:
    """How much history is kept; the newest `keep_events` stay whatever their age or size."""

    max_age: timedelta = timedelta(days=30)
    max_bytes: int = 64 * 1024 * 1024
    keep_events: int = 1_000
    step_events: int = 200
    """How many go at once: small enough that an append waits no more than about a millisecond."""


DEFAULT = Retention()


def drop_oldest(connection: sqlite3.Connection, limits: Retention, now: datetime) -> int:
    """Delete one step of the oldest events if a limit is passed; returns how many went."""
    first, last = connection.execute("SELECT min(seq), max(seq) FROM events").fetchone()
    if last is None:
        return 0
    bound = min(first + limits.step_events, last + 1 - limits.keep_events)
    if bound <= first:
        return 0
    if used_bytes(connection) > limits.max_bytes:
        return connection.execute("DELETE FROM events WHERE seq < ?", (bound,)).rowcount
    # The prefix ends at the first event that is young enough: wall clocks step, seqs do not.
    young = connection.execute(
        "SELECT min(seq) FROM events WHERE seq < ? AND wall_us >= ?", (bound, wall_us(now - limits.max_age))
    ).fetchone()[0]
    return connection.execute("DELETE FROM events WHERE seq < ?", (young or bound,)).rowcount


def used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes that hold something; freed pages are used again before the file grows."""
    pages = pragma(connection, "page_count") - pragma(connection, "freelist_count")
    return pages * pragma(connection, "page_size")
