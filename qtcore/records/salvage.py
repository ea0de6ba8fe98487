"""What is left of earlier journals: where damaged ones were moved, and the numbers they had come to."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qtcore.records import journal_schema
from qtcore.records.atomic import sync
from qtcore.records.home import Home
from qtcore.records.state_reader import Counters, counters_seen

MARGIN = 1_000
"""Added to every counter, for what cannot be read any more."""

_MARK = ".damaged-"


def counters_left(home: Home) -> Counters:
    """Where a new journal goes on from, by state files and damaged journals; all zero on a fresh home.

    The generation of the plugin "" is the floor for all.
    """
    seen = [counters_seen(home.state), *(_salvage(remains) for remains in damaged_journals(home.journal))]
    last_seq = max(counters.last_seq for counters in seen)
    highest = max((generation for counters in seen for generation in counters.generations.values()), default=0)
    if not last_seq and not highest and len(seen) == 1:
        return Counters()
    return Counters(last_seq + MARGIN, {"": highest + MARGIN})


def damaged_journals(path: Path) -> list[Path]:
    """The journals that were moved aside, oldest first."""
    found = path.parent.glob(f"{path.name}{_MARK}*Z")
    return sorted(found)


def move_aside(path: Path) -> Path:
    """Put a damaged journal out of the way, with its log; `finish_moving` completes what a crash cut short."""
    aside = path.with_name(f"{path.name}{_MARK}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
    path.rename(aside)
    finish_moving(path)
    return aside


def finish_moving(path: Path) -> None:
    """Without its database a log belongs to the journal moved last; beside a new one it would ruin it."""
    _, log, index = journal_schema.sidecars(path)
    if log.exists():
        remains = damaged_journals(path)
        owner = remains[-1] if remains else path.with_name(f"{path.name}{_MARK}lost")
        log.rename(journal_schema.sidecars(owner)[1])
    index.unlink(missing_ok=True)  # only an index of the log, built again when needed
    sync(path.parent)


def _salvage(remains: Path) -> Counters:
    """The highest figures that can still be read; each question is asked by itself, since each may fail."""
    last_seq, generations = 0, dict[str, int]()
    try:
        connection = journal_schema.connect(remains, read_only=True)
    except sqlite3.Error:
        return Counters()
    with closing(connection):
        for (seq,) in _rows(connection, "SELECT seq FROM events ORDER BY seq DESC LIMIT 1"):
            last_seq = seq
        for (seq,) in _rows(connection, "SELECT seq FROM events ORDER BY seq"):
            last_seq = max(last_seq, seq)
        for plugin, ceiling in _rows(connection, "SELECT plugin, ceiling FROM generations"):
            generations[plugin] = ceiling
        for plugin, last in _rows(connection, "SELECT plugin, generation FROM events WHERE generation IS NOT NULL"):
            generations[plugin or ""] = max(last, generations.get(plugin or "", 0))
        for (floor,) in _rows(connection, "SELECT value FROM bases WHERE name = 'generation_floor'"):
            generations[""] = max(floor, generations.get("", 0))
    return Counters(last_seq, generations)


def _rows(connection: sqlite3.Connection, question: str) -> Iterator[tuple[Any, ...]]:
    """As many rows as come before the damage."""
    try:
        yield from connection.execute(question)
    except sqlite3.Error:
        return
