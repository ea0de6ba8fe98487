"""Episodes and acts of healing, read from the journal's events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from qtcore.health.model import Healing, HealingOutcome, Rung
from qtcore.kernel.words import Cause, Lifecycle
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.report.document import Episode

_AT_WORK = frozenset({Lifecycle.RUNNING, Lifecycle.HEALING})
_WANTED = frozenset({Cause.OPERATOR})
_MOST_STEPS = 12


def episodes_of(events: Iterable[JournalEvent]) -> list[Episode]:
    """Each time a plugin left its work against everybody's wish, until it was back; oldest first."""
    told: list[list[JournalEvent]] = []
    current: dict[str, list[JournalEvent]] = {}
    for event in events:
        if event.kind is not EventKind.TRANSITION or event.plugin is None:
            continue
        if event.plugin in current:
            current[event.plugin].append(event)
            if _after(event) is Lifecycle.RUNNING or event.cause in _WANTED:
                del current[event.plugin]
        elif _begins(event):
            current[event.plugin] = [event]
            told.append(current[event.plugin])
    return [_episode(story) for story in told]


def healings_of(events: Iterable[JournalEvent]) -> list[Healing]:
    """Every act of healing that ended, oldest first."""
    return [_healing(event) for event in events if event.kind is EventKind.HEALING and event.plugin is not None]


def _begins(event: JournalEvent) -> bool:
    before, after = Lifecycle(str(event.details.get("before"))), _after(event)
    leaves = before in _AT_WORK and after not in _AT_WORK
    fails = before is Lifecycle.STARTING and after in {Lifecycle.BACKOFF, Lifecycle.QUARANTINED}
    return (leaves or fails) and event.cause not in _WANTED and event.cause is not None


def _after(event: JournalEvent) -> Lifecycle:
    return Lifecycle(str(event.details.get("after")))


def _episode(story: list[JournalEvent]) -> Episode:
    first, last = story[0], story[-1]
    over = len(story) > 1 and (_after(last) is Lifecycle.RUNNING or last.cause in _WANTED)
    steps = [f"{_after(event).value}: {event.reason}" for event in story[1:]]
    if len(steps) > _MOST_STEPS:
        kept = _MOST_STEPS - 2
        steps = [*steps[:kept], f"… {len(steps) - kept - 1} more …", steps[-1]]
    collateral = first.details.get("collateral_of")
    return Episode(
        plugin=str(first.plugin),
        began_at=first.at.wall,
        ended_at=last.at.wall if over else None,
        lasted_s=max(0.0, round((last.at.wall - first.at.wall).total_seconds(), 3)),
        cause=first.reason,
        collateral_of=str(collateral) if collateral else None,
        steps=tuple(steps),
        recovered=over and _after(last) is Lifecycle.RUNNING,
        trace_id=first.trace_id,
    )


def _healing(event: JournalEvent) -> Healing:
    details = event.details
    finding, took_s = details.get("finding"), details.get("took_s")
    began = event.at.wall - timedelta(seconds=took_s) if isinstance(took_s, int | float) else event.at.wall
    return Healing(
        plugin=str(event.plugin),
        finding=str(finding) if finding else None,
        rung=Rung(str(details.get("rung"))),
        act=str(details.get("act", "")),
        outcome=HealingOutcome(str(details.get("outcome"))),
        proof=str(details.get("proof", "")),
        started_at=began,
        ended_at=event.at.wall,
        trace_id=event.trace_id,
    )
