"""A journal event as a row and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue, ValidationError
from pydantic_core import from_json, to_json

from qtcore.documents import Facts, Instant
from qtcore.errors import RecordsDamaged
from qtcore.kernel.words import Cause
from qtcore.records.journal_event import EventKind, JournalEvent

COLUMNS = "seq, wall_us, boot_id, monotonic_s, kind, reason, plugin, host, generation, cause, details, trace_id"
INSERT = f"INSERT INTO events ({COLUMNS}) VALUES ({', '.join('?' * 12)})"  # noqa: S608 - fixed texts

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Row = tuple[Any, ...]


def to_row(event: JournalEvent) -> Row:
    """The values of `COLUMNS`; the wall clock as whole microseconds since 1970."""
    return (
        event.seq,
        wall_us(event.at.wall),
        event.at.boot_id,
        event.at.monotonic_s,
        event.kind.value,
        event.reason,
        event.plugin,
        event.host,
        event.generation,
        event.cause.value if event.cause else None,
        to_json(event.details) if event.details else None,
        event.trace_id,
    )


def from_row(row: Row) -> JournalEvent:
    """The event that a row holds. Raises RecordsDamaged naming it when it holds none."""
    seq, wall, boot_id, monotonic_s, kind, reason, plugin, host, generation, cause, details, trace_id = row
    try:
        return JournalEvent(
            seq=seq,
            at=Instant(wall=_EPOCH + wall * _MICROSECOND, boot_id=boot_id, monotonic_s=monotonic_s),
            kind=EventKind(kind),
            reason=reason,
            plugin=plugin,
            host=host,
            generation=generation,
            cause=Cause(cause) if cause else None,
            details=from_json(details) if details else {},
            trace_id=trace_id,
        )
    except (ValidationError, ValueError) as error:
        raise RecordsDamaged(
            f"event {seq} of the journal is not an event ({str(error).splitlines()[0]}); the others are intact"
        ) from error


def wall_us(moment: datetime) -> int:
    """Whole microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def storable_text(text: str) -> str:
    """The text with what UTF-8 cannot hold (undecodable bytes of paths, lone surrogates) written out."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def storable(value: JsonValue) -> JsonValue:
    """The value with each of its texts storable."""
    match value:
        case str():
            return storable_text(value)
        case list():
            return [storable(item) for item in value]
        case dict():
            return storable_facts(value)
        case _:
            return value


def storable_facts(facts: Facts) -> Facts:
    """The facts with each of their texts storable."""
    return {storable_text(name): storable(item) for name, item in facts.items()}
