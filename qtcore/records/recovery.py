"""Going on after the journal was damaged: nothing is deleted, and no number is used twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.records.journal_schema import JournalDamaged
from qtcore.records.salvage import move_aside


@contextmanager
def open_or_recover(home: Home) -> Iterator[tuple[Journal, str | None]]:
    """The home's journal for one run; with the sentence to show when a damaged one had to be moved aside first.

    Call it with the home's lock held. Raises JournalDamaged when the file is not ours: what
    somebody else keeps there is not ours to move.
    """
    recovered = None
    try:
        journal = Journal.open(home)
    except JournalDamaged as damage:
        if damage.foreign:
            raise
        aside = move_aside(home.journal)
        journal = Journal.open(home)
        recovered = (
            f"{damage.what}; it was moved to {aside.name}, and a new one goes on from event {journal.last_seq + 1}"
        )
    with journal:
        if recovered:
            journal.append(EventKind.NOTE, recovered)
        yield journal, recovered
