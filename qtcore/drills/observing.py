"""What the records of a system say about findings, healing, restarts and posture since a moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from qtcore.records.journal_event import EventKind, JournalEvent


@dataclass(frozen=True, slots=True)
class Seen:
    """One finding, opened once; times are seconds since the fault (negative: before it)."""

    code: str
    plugin: str
    subject: str
    opened_s: float
    resolved_s: float | None = None
    text: str = ""
    fingerprint: str = ""

    def open_at(self, moment_s: float) -> bool:
        """Whether it was open then."""
        return self.opened_s <= moment_s and (self.resolved_s is None or self.resolved_s > moment_s)


@dataclass(frozen=True, slots=True)
class Records:
    """The journal since a moment, by what it tells."""

    findings: tuple[Seen, ...]
    postures: tuple[tuple[float, str], ...]
    events: tuple[JournalEvent, ...]

    def of(self, kind: EventKind, plugin: str | None = None) -> list[JournalEvent]:
        """Entries of one kind, of one plugin when it is named."""
        return [e for e in self.events if e.kind is kind and plugin in (None, e.plugin)]


def records_of(events: Iterable[JournalEvent], began_s: float) -> Records:
    """All entries, with times relative to the moment of the fault."""
    entries = tuple(events)
    postures = tuple(
        (event.at.monotonic_s - began_s, str(event.details["level"]))
        for event in entries
        if event.kind is EventKind.POSTURE_CHANGED
    )
    return Records(_findings(entries, began_s), postures, tuple(e for e in entries if e.at.monotonic_s >= began_s))


def _findings(entries: Iterable[JournalEvent], began_s: float) -> tuple[Seen, ...]:
    found: list[Seen] = []
    for event in entries:
        at_s = event.at.monotonic_s - began_s
        match event.kind:
            case EventKind.FINDING_OPENED:
                found.append(_opened(event, at_s))
            case EventKind.FINDING_RESOLVED:
                found = [_resolved(one, event, at_s) for one in found]
            case _:
                pass
    return tuple(found)


def _opened(event: JournalEvent, at_s: float) -> Seen:
    said = _mapping(event.details.get("finding"))
    evidence = " ".join(f"{name} {value}" for name, value in _mapping(said.get("evidence")).items())
    texts = (event.reason, said.get("cause"), said.get("consequence"), said.get("fix"), evidence)
    return Seen(
        code=str(event.details["code"]),
        plugin=event.plugin or str(said.get("plugin") or ""),
        subject=str(said.get("subject") or ""),
        opened_s=at_s,
        text=" ".join(str(text) for text in texts if text),
        fingerprint=str(event.details["fingerprint"]),
    )


def _resolved(one: Seen, event: JournalEvent, at_s: float) -> Seen:
    same = one.fingerprint == event.details["fingerprint"]
    return replace(one, resolved_s=at_s) if same and one.resolved_s is None else one


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
