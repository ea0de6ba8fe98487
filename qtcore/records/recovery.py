"""Going on after the journal was damaged: nothing is deleted, and no number is used twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from qtcore.records import journal_schema
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.records.journal_schema import JournalDamaged
from qtcore.records.state_reader import Counters, counters_seen

MARGIN = 1_000
"""Added to every counter, for what the damaged part may have held."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was done; `sentence` belongs in the new journal and in a finding."""

    aside: Path
    first_seq: int
    generation_floor: int

    @property
    def sentence(self) -> str:
        """One sentence for a person."""
        return (
            f"the damaged journal was moved to {self.aside}; the new one starts at event {self.first_seq} "
            f"and its generations above {self.generation_floor}"
        )


@contextmanager
def open_or_recover(home: Home) -> Iterator[tuple[Journal, str | None]]:
    """The home's journal for one run; with the sentence to show when a damaged one had to be moved aside first.

    Raises JournalDamaged when the file is not ours: what somebody else keeps there is not ours to move.
    """
    recovered = None
    try:
        journal = Journal.open(home)
    except JournalDamaged as damage:
        if damage.foreign:
            raise
        recovered = f"{damage.what}; {recover(home).sentence}"
        journal = Journal.open(home)
    with journal:
        if recovered:
            journal.append(EventKind.NOTE, recovered)
        yield journal, recovered


def recover(home: Home) -> Recovered:
    """Move the journal aside and make a new one that counts on from all that can still be read.

    Call it with the home's lock held and no Journal open.
    """
    aside = _move_aside(home.journal)
    seen = [counters_seen(home.state), _salvage(aside)]
    first_seq = max(counters.last_seq for counters in seen) + MARGIN
    floor = max((generation for counters in seen for generation in counters.generations.values()), default=0) + MARGIN
    journal_schema.create(home.journal, first_seq=first_seq, generation_floor=floor)
    return Recovered(aside, first_seq, floor)


def _move_aside(path: Path) -> Path:
    base = f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    main, log, index = journal_schema.sidecars(path)
    # The log first: a crash in between leaves the database in place, to be moved by the next attempt.
    for source, ending in ((log, "-wal"), (index, "-shm"), (main, "")):
        if source.exists():
            source.rename(path.with_name(base + ending))
    journal_schema.sync_folder(path.parent)
    return path.with_name(base)


def _salvage(aside: Path) -> Counters:
    """The highest figures that can still be read; each question is asked by itself, since each may fail."""
    last_seq, generations = 0, dict[str, int]()
    try:
        connection = journal_schema.connect(aside)
    except sqlite3.Error:
        return Counters()
    with closing(connection):
        for (seq,) in _rows(connection, "SELECT seq FROM events ORDER BY seq DESC LIMIT 1"):
            last_seq = seq
        for (seq,) in _rows(connection, "SELECT seq FROM events ORDER BY seq"):
            last_seq = max(last_seq, seq)
        for plugin, last in _rows(connection, "SELECT plugin, last FROM generations"):
            generations[plugin] = last
        for plugin, last in _rows(connection, "SELECT plugin, generation FROM events WHERE generation IS NOT NULL"):
            generations[plugin] = max(last, generations.get(plugin or "", 0))
        for (floor,) in _rows(connection, "SELECT value FROM bases WHERE name = 'generation_floor'"):
            generations[""] = floor
    return Counters(last_seq, generations)


def _rows(connection: sqlite3.Connection, question: str) -> list[tuple[Any, ...]]:
    """As many rows as come before the damage."""
    found: list[tuple[Any, ...]] = []
    try:
        found.extend(connection.execute(question))
    except sqlite3.Error:
        return found
    return found
