"""From the journal to troubles, and from troubles to groups with one cause each (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from qtcore import EventKind, JournalEvent, Severity

_AT_WORK = frozenset({"running", "healing"})
_BACK = frozenset({"running"})
_WISHED = "operator"
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
POSTURE = "posture"
_FINDING = "finding "
"""Before the fingerprint, in the keys of troubles that are findings."""
TOGETHER_S = 1.0
"""Plugins of one host that leave within this time left with the host."""


@dataclass(frozen=True, slots=True)
class Watchfulness:
    """What is told at all."""

    least: Severity = Severity.HIGH
    postures: tuple[str, ...] = ()
    own_name: str = "notify"
    """Its own troubles cannot be told by itself; `qt status` shows them."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong, from its beginning to its end."""

    key: str
    plugin: str | None
    severity: Severity
    summary: str
    opened_at: datetime
    consequence: str = ""
    fix: str = ""
    trace_id: str | None = None
    over_at: datetime | None = None
    host: str | None = None
    """Where it happened, for a plugin that went away with its host."""


@dataclass(frozen=True, slots=True)
class Group:
    """Troubles with one cause; `told` is the worst severity that a person has been told of."""

    id: str
    troubles: Mapping[str, Trouble]
    told: Severity | None = None
    told_at: datetime | None = None
    told_over_at: datetime | None = None
    """The end that a person has been told of."""

    @property
    def open(self) -> list[Trouble]:
        """What is still wrong, worst first."""
        troubles = [trouble for trouble in self.troubles.values() if trouble.over_at is None]
        return sorted(troubles, key=lambda trouble: -_RANK[trouble.severity])

    @property
    def worst(self) -> Severity:
        """Of everything that belongs to it."""
        return max((trouble.severity for trouble in self.troubles.values()), key=_RANK.__getitem__)

    @property
    def opened_at(self) -> datetime:
        """When the first of it began."""
        return min(trouble.opened_at for trouble in self.troubles.values())

    @property
    def over_at(self) -> datetime | None:
        """When the last of it ended; None while anything is open."""
        ends = [trouble.over_at for trouble in self.troubles.values()]
        return None if None in ends else max(end for end in ends if end is not None)


@dataclass(frozen=True, slots=True)
class Book:
    """All groups that are not over and done, and how far the journal has been read."""

    seq: int = 0
    groups: Mapping[str, Group] = field(default_factory=dict)
    brief: int = 0
    """Groups that were over before anybody had to be told."""
    mutes: Mapping[str, datetime] = field(default_factory=dict)
    """Fingerprints and codes of findings of which nobody is to be told, and until when."""

    def muted(self, group: Group, now: datetime) -> bool:
        """Nothing in the group is to be told at this moment."""
        return all(self._muted(trouble.key, now) for trouble in group.open or group.troubles.values())

    def _muted(self, key: str, now: datetime) -> bool:
        fingerprint = key.removeprefix(_FINDING)
        if fingerprint == key:
            return False
        targets = (fingerprint, *fingerprint.split("/")[1:2])
        return any(now < self.mutes[target] for target in targets if target in self.mutes)


def noted(book: Book, event: JournalEvent, rules: Watchfulness) -> Book:
    """The book with one more entry of the journal in it."""
    book = replace(book, seq=max(book.seq, event.seq))
    if event.plugin == rules.own_name:
        return book
    match event.kind:
        case EventKind.FINDING_OPENED | EventKind.FINDING_CHANGED:
            book = _finding(book, event, rules, event.details.get("finding"))
        case EventKind.FINDING_RESOLVED:
            named = event.details.get("fingerprint")
            key = f"{_FINDING}{named}" if named else _key(event.plugin, event.details.get("code"))
            book = _over(book, key, event.at.wall)
        case EventKind.FINDING_MUTED | EventKind.FINDING_UNMUTED:
            book = _muted(book, event)
        case EventKind.TRANSITION:
            book = _transition(book, event)
        case EventKind.POSTURE_CHANGED:
            book = _posture(book, event, rules)
        case EventKind.SUPERVISOR_STARTED:
            book = _all_over(book, event.at.wall)  # what goes on is carried over, or begins again, at once
        case EventKind.FINDINGS_KEPT:
            for told in _listed(event):
                book = _finding(book, event, rules, told)
        case EventKind.SUPERVISOR_DIED:
            book = _begun(book, event, _death(event))
        case _:
            pass  # nothing that a person must be told
    return book


def _key(plugin: object, code: object, subject: object = "") -> str:
    """By fingerprint, as `qt mute` names it."""
    return _FINDING + "/".join(str(part) for part in (plugin or "supervisor", code, subject) if part)


def _muted(book: Book, event: JournalEvent) -> Book:
    mutes = {target: until for target, until in book.mutes.items() if event.at.wall < until}
    target, until = str(event.details.get("target")), event.details.get("until")
    mutes.pop(target, None)
    if isinstance(until, str):
        mutes[target] = datetime.fromisoformat(until)
    return replace(book, mutes=mutes)


def _death(event: JournalEvent) -> Trouble:
    consequence = "everything was down until it was started again"
    at = event.at.wall
    return Trouble("supervisor", None, Severity.CRITICAL, event.reason, at, consequence=consequence, over_at=at)


def is_worse(severity: Severity, than: Severity) -> bool:
    """By the order in which Severity is declared."""
    return _RANK[severity] > _RANK[than]


def _listed(event: JournalEvent) -> list[Any]:
    told = event.details.get("findings")
    return told if isinstance(told, list) else []


def _finding(book: Book, event: JournalEvent, rules: Watchfulness, told: object) -> Book:
    if not isinstance(told, dict) or told.get("severity") not in set(Severity):
        return book
    severity = Severity(str(told["severity"]))
    if is_worse(rules.least, severity):
        return book
    trouble = Trouble(
        key=_key(event.plugin or told.get("plugin"), told.get("code"), told.get("subject")),
        plugin=event.plugin or told.get("plugin"),
        severity=severity,
        summary=f"{told.get('code')}: {told.get('summary', '')}",
        opened_at=event.at.wall,
        consequence=str(told.get("consequence", "")),
        fix=str(told.get("fix", "")),
        trace_id=event.trace_id,
    )
    return _begun(book, event, trouble)


def _transition(book: Book, event: JournalEvent) -> Book:
    before, after = str(event.details.get("before")), str(event.details.get("after"))
    key = f"away {event.plugin}"
    if after in _BACK or event.cause == _WISHED:
        return _over(book, key, event.at.wall)
    leaves = before in _AT_WORK and after not in _AT_WORK and event.cause is not None
    fails = before == "starting" and after in {"backoff", "quarantined"}
    if not (leaves or fails):
        return book
    given_up = after == "quarantined"
    trouble = Trouble(
        key=key,
        plugin=event.plugin,
        severity=Severity.CRITICAL if given_up else Severity.HIGH,
        summary=f"{event.plugin} is {after}: {event.reason}",
        opened_at=event.at.wall,
        fix=f"`qt why {event.plugin}` tells what happened" + (f", `qt release {event.plugin}` tries again" * given_up),
        trace_id=event.trace_id,
        host=event.host,
    )
    return _begun(book, event, trouble)


def _posture(book: Book, event: JournalEvent, rules: Watchfulness) -> Book:
    level = str(event.details.get("level"))
    if level not in rules.postures:
        return _over(book, POSTURE, event.at.wall)
    return _begun(book, event, Trouble(POSTURE, None, Severity.HIGH, event.reason, event.at.wall))


def _begun(book: Book, event: JournalEvent, trouble: Trouble) -> Book:
    """Into the group that knows it already, else into the one of its cause, else into one of its own."""
    known = next((group for group in book.groups.values() if trouble.key in group.troubles), None)
    if known is not None:
        before = known.troubles[trouble.key]
        severity = trouble.severity if is_worse(trouble.severity, before.severity) else before.severity
        trouble = replace(trouble, opened_at=before.opened_at, severity=severity)
    group = known or next(_causes(book, event, trouble), None) or Group(str(event.seq), {})
    return _with(book, replace(group, troubles={**group.troubles, trouble.key: trouble}))


def _causes(book: Book, event: JournalEvent, trouble: Trouble) -> Iterator[Group]:
    """Groups that explain it: the culprit's or the lost dependency's, the same trace's, plugin's or host's."""
    culprit = event.details.get("collateral_of")
    for group in book.groups.values():
        members = group.troubles.values()
        plugins = {other.plugin for other in members if other.plugin}
        traces = {other.trace_id for other in members if other.trace_id}
        together = any(_together(trouble, other) for other in members)
        if culprit in plugins or trouble.trace_id in traces or trouble.plugin in plugins or together:
            yield group


def _together(one: Trouble, other: Trouble) -> bool:
    """Both left with one host at one moment."""
    apart_s = abs((one.opened_at - other.opened_at).total_seconds())
    return one.host is not None and one.host == other.host and apart_s <= TOGETHER_S


def _over(book: Book, key: str, at: datetime) -> Book:
    group = next((group for group in book.groups.values() if key in group.troubles), None)
    if group is None or group.troubles[key].over_at is not None:
        return book
    ended = replace(group.troubles[key], over_at=at)
    return _with(book, replace(group, troubles={**group.troubles, key: ended}))


def _all_over(book: Book, at: datetime) -> Book:
    for group in book.groups.values():
        for key in group.troubles:
            book = _over(book, key, at)
    return book


def _with(book: Book, group: Group) -> Book:
    return replace(book, groups={**book.groups, group.id: group})
