"""When a group of troubles is told, and in which words (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from plugins.notify.troubles import Book, Group, Trouble, is_worse
from qtcore import Severity, counted


class NoticeKind(StrEnum):
    """Why somebody is told."""

    OPENED = "opened"
    WORSE = "worse"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How soon and how often; real seconds."""

    debounce_s: float
    urgent_s: float
    settle_s: float
    remind_s: float


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to a person; all notices about one group of troubles carry its id."""

    kind: NoticeKind
    id: str
    severity: Severity
    title: str
    body: str
    at: datetime
    opened_at: datetime
    lasted_s: float
    troubles: tuple[Trouble, ...] = ()


def due(book: Book, rhythm: Rhythm, now: datetime) -> tuple[Book, list[Notice]]:
    """What must be told now, and the book that remembers that it was."""
    groups, notices, brief = dict(book.groups), list[Notice](), book.brief
    for group in book.groups.values():
        kind = None if book.muted(group, now) else _kind(group, rhythm, now)
        if kind is not None:
            notices.append(_notice(group, kind, now))
            groups[group.id] = replace(group, told=group.worst, told_at=now, told_over_at=group.over_at)
        if _done(group, rhythm, now):
            brief += group.told is None and kind is None
            del groups[group.id]
    return replace(book, groups=groups, brief=brief), notices


def _kind(group: Group, rhythm: Rhythm, now: datetime) -> NoticeKind | None:
    if group.told is None:
        return NoticeKind.OPENED if _is_ripe(group, rhythm, now) else None
    if group.over_at is not None:
        return NoticeKind.RESOLVED if group.told_over_at != group.over_at and _done(group, rhythm, now) else None
    if is_worse(group.worst, group.told):
        return NoticeKind.WORSE
    told_at = group.told_at or group.opened_at
    return NoticeKind.REMINDER if _seconds(told_at, now) >= rhythm.remind_s else None


def _is_ripe(group: Group, rhythm: Rhythm, now: datetime) -> bool:
    """It has lasted long enough; what was critical is told even when it was over at once."""
    critical = group.worst is Severity.CRITICAL
    lasted_s = _seconds(group.opened_at, (None if critical else group.over_at) or now)
    return lasted_s >= (rhythm.urgent_s if critical else rhythm.debounce_s)


def _done(group: Group, rhythm: Rhythm, now: datetime) -> bool:
    return group.over_at is not None and _seconds(group.over_at, now) >= rhythm.settle_s


def _notice(group: Group, kind: NoticeKind, now: datetime) -> Notice:
    lasted_s = _seconds(group.opened_at, group.over_at or now)
    troubles = tuple(group.open or group.troubles.values())
    return Notice(
        kind=kind,
        id=group.id,
        severity=group.worst,
        title=_title(group, kind, troubles, lasted_s),
        body="\n".join(_lines(troubles, over=kind is NoticeKind.RESOLVED)),
        at=now,
        opened_at=group.opened_at,
        lasted_s=round(lasted_s, 3),
        troubles=troubles,
    )


def _title(group: Group, kind: NoticeKind, troubles: tuple[Trouble, ...], lasted_s: float) -> str:
    first = min(group.troubles.values(), key=lambda trouble: trouble.opened_at)
    head = first.summary if kind is NoticeKind.RESOLVED else troubles[0].summary
    more = len(group.troubles if kind is NoticeKind.RESOLVED else troubles) - 1
    along = f" (and {counted(more, 'more trouble', 'more troubles')} with it)" if more else ""
    match kind:
        case NoticeKind.RESOLVED:
            return f"over after {span(lasted_s)}: {head}{along}"
        case NoticeKind.REMINDER:
            return f"still, after {span(lasted_s)}: {head}{along}"
        case NoticeKind.WORSE:
            return f"worse: {head}{along}"
        case NoticeKind.OPENED | NoticeKind.TEST:
            return f"{head}{along}" + (f"; over after {span(lasted_s)}" if group.over_at else "")


def _lines(troubles: Iterable[Trouble], *, over: bool) -> Iterable[str]:
    for trouble in troubles:
        yield f"- [{trouble.severity.value}] {trouble.plugin or 'supervisor'}: {trouble.summary}"
        if over:
            continue
        if trouble.consequence:
            yield f"  consequence: {trouble.consequence}"
        if trouble.fix:
            yield f"  to do: {trouble.fix}"
        if trouble.trace_id:
            yield f"  trace: qt trace {trouble.trace_id}"


def span(seconds: float) -> str:
    """`8 s`, `9 min 5 s`, `2 h 5 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + (f" {whole % 60} s" if whole % 60 else "")
    return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 // 60 else "")


def _seconds(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds()
