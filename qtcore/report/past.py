"""What the journal tells about the time the report looks back on, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from qtcore.errors import EnvironmentRefused, RecordsDamaged
from qtcore.health.model import Healing
from qtcore.records.home import Home
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.records.journal_reader import JournalReader
from qtcore.report.document import Episode, Watched
from qtcore.report.episodes import episodes_of, healings_of

_MOST_EVENTS = 4_000
"""A longer story is cut at its beginning, and says so."""
_MOST_RESOLVED = 500
_HISTORY = (EventKind.TRANSITION, EventKind.HEALING, EventKind.VERDICT)


@dataclass(frozen=True, slots=True)
class Past:
    """Episodes, healing and verdicts of a time, and how long troubles have lasted so far."""

    episodes: tuple[Episode, ...] = ()
    healings: tuple[Healing, ...] = ()
    watched: tuple[Watched, ...] = ()
    lasted_s: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """By code of a finding: how long each resolved one was open."""
    gap: str = ""
    """Why nothing is told, if so."""


def past_since(home: Home, oldest: datetime) -> Past:
    """The story since `oldest`; a missing or damaged journal tells nothing and says why."""
    try:
        with JournalReader.open(home.journal) as journal:
            events = journal.read(kinds=_HISTORY, limit=_MOST_EVENTS, newest=True)
            resolved = journal.read(kinds=(EventKind.FINDING_RESOLVED,), limit=_MOST_RESOLVED, newest=True)
    except EnvironmentRefused:
        return Past(gap="there is no journal")
    except RecordsDamaged:
        return Past(gap="the journal cannot be read")
    told = [event for event in events if event.at.wall >= oldest]
    cut = len(events) == _MOST_EVENTS == len(told)
    return Past(
        tuple(episodes_of(told)),
        tuple(healings_of(told)),
        tuple(_watched(event) for event in told if event.kind is EventKind.VERDICT),
        _durations(resolved),
        f"what happened before the newest {_MOST_EVENTS} events" if cut else "",
    )


def _watched(event: JournalEvent) -> Watched:
    return Watched.model_validate({"at": event.at.wall, **event.details})


def _durations(resolved: list[JournalEvent]) -> dict[str, tuple[float, ...]]:
    found: dict[str, list[float]] = {}
    for event in resolved:
        code, lasted_s = event.details.get("code"), event.details.get("lasted_s")
        if isinstance(code, str) and isinstance(lasted_s, int | float):
            found.setdefault(code, []).append(float(lasted_s))
    return {code: tuple(times) for code, times in found.items()}
