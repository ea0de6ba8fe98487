"""What the journal says of plugins and of the posture: who is on the way, and what was in force when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from plugins.auditor.view import Life, PostureSpan
from qtcore import EventKind, JournalEvent

SPANS = 50
"""Changes of posture that are kept: entries are looked at ten minutes back."""


@dataclass(frozen=True, slots=True)
class Chronicle:
    """Everything read so far; `seq` is the last entry."""

    seq: int = 0
    lives: dict[str, Life] = field(default_factory=dict)
    postures: tuple[PostureSpan, ...] = ()


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
        case EventKind.SUPERVISOR_STARTED:
            return Chronicle(event.seq)
        case _:
            return chronicle


def _spans(spans: tuple[PostureSpan, ...], event: JournalEvent) -> tuple[PostureSpan, ...]:
    """A change of the reason alone is no change of the level, and does not begin it anew."""
    level, reason = str(event.details.get("level", "unknown")), event.reason
    if spans and spans[-1].level == level:
        return (*spans[:-1], replace(spans[-1], reason=reason))
    return (*spans, PostureSpan(event.at.wall, level, reason))[-SPANS:]
