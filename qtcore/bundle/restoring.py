"""The events of a bundle as a journal again, so that the same readers and checks can look at it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from qtcore.records import journal_schema
from qtcore.records.journal_event import JournalEvent
from qtcore.records.journal_row import INSERT, to_row


def restore_journal(journal: Path, lines: Path) -> None:
    """Write the events of `lines` into a new journal; what is no event is passed over. None is made of nothing."""
    events = [event for line in _lines(lines) if (event := _event(line)) is not None]
    if not events:
        return
    journal_schema.create(journal, first_seq=events[0].seq)
    with closing(journal_schema.connect(journal)) as connection:
        connection.execute("BEGIN")
        connection.executemany(INSERT, map(to_row, {event.seq: event for event in events}.values()))
        connection.execute("COMMIT")


def _lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines() if path.is_file() else []


def _event(line: bytes) -> JournalEvent | None:
    try:
        return JournalEvent.model_validate_json(line)
    except ValidationError:
        return None
