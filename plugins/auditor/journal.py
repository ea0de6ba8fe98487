"""What the journal says of plugins and of the posture: who is on the way, and what was in force when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from plugins.auditor.view import Life, PostureSpan
from qtcore import EventKind, JournalEvent

DISAGREE = "QT-FACTS-DISAGREE"
VENUE_FACTS = "venue."
SPANS = 50
"""Changes of posture that are kept: entries are looked at ten minutes back."""


@dataclass(frozen=True, slots=True)
class Chronicle:
    """Everything read so far; `seq` is the last entry."""

    seq: int = 0
    lives: dict[str, Life] = field(default_factory=dict)
    postures: tuple[PostureSpan, ...] = ()
    disputed: tuple[tuple[str, str], ...] = ()
    """Facts about the venue in which plugins differ, as the supervisor found; each with its sentence."""


def told(chronicle: Chronicle, events: Iterable[JournalEvent]) -> Chronicle:
    """The chronicle after these entries."""
    for event in events:
        chronicle = replace(_after(chronicle, event), seq=event.seq)
    return chronicle


def _after(chronicle: Chronicle, event: JournalEvent) -> Chronicle:
    match event.kind:
        case EventKind.TRANSITION if event.plugin is not None:
            life = Life(str(event.details.get("after", "unknown")), event.at.wall)
            return replace(chronicle, lives={**chronicle.lives, event.plugin: life})
        case EventKind.POSTURE_CHANGED:
            return replace(chronicle, postures=_spans(chronicle.postures, event))
        case EventKind.FINDING_OPENED if (fact := _fact_of_the_venue(event)) is not None:
            return replace(chronicle, disputed=(*chronicle.disputed, (fact, event.reason)))
        case EventKind.FINDING_RESOLVED if (fact := _fact_of_the_venue(event)) is not None:
            return replace(chronicle, disputed=tuple(one for one in chronicle.disputed if one[0] != fact))
        case EventKind.SUPERVISOR_STARTED:
            return Chronicle(event.seq)
        case _:
            return chronicle


def _fact_of_the_venue(event: JournalEvent) -> str | None:
    """The fact that a finding of the supervisor says is disputed, where it is about the venue (A3)."""
    if event.details.get("code") != DISAGREE:
        return None
    fact = str(event.details.get("fingerprint", "")).rpartition("/")[2]
    return fact if fact.startswith(VENUE_FACTS) else None


def _spans(spans: tuple[PostureSpan, ...], event: JournalEvent) -> tuple[PostureSpan, ...]:
    """A change of the reason alone is no change of the level, and does not begin it anew."""
    level, reason = str(event.details.get("level", "unknown")), event.reason
    if spans and spans[-1].level == level:
        return (*spans[:-1], replace(spans[-1], reason=reason))
    return (*spans, PostureSpan(event.at.wall, level, reason))[-SPANS:]
