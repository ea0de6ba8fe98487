"""What the journal tells about findings: which are open, which are over, which are muted; for the book and for readers.

An entry `findings_kept` holds everything that was open then, so that what is older may go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import AwareDatetime, ValidationError

from qtcore.documents import Document
from qtcore.health.model import Finding
from qtcore.records.journal_event import EventKind, JournalEvent

KINDS = (
    EventKind.FINDING_OPENED,
    EventKind.FINDING_CHANGED,
    EventKind.FINDING_RESOLVED,
    EventKind.FINDING_ACKNOWLEDGED,
    EventKind.FINDING_MUTED,
    EventKind.FINDING_UNMUTED,
    EventKind.FINDINGS_KEPT,
)
_MOST_RESOLVED = 500
_MOST_EVENTS = 20_000


class Mute(Document):
    """Nobody is told of a fingerprint, or of all findings of a code, until then."""

    target: str
    until: AwareDatetime
    who: str
    reason: str = ""


class _Reader(Protocol):
    def read(
        self, since_seq: int = 0, limit: int | None = None, *, kinds: Iterable[EventKind] = (), newest: bool = False
    ) -> list[JournalEvent]: ...


@dataclass(slots=True)
class FindingHistory:
    """Everything known of findings after some entries of the journal."""

    open: dict[str, Finding] = field(default_factory=dict)
    """By fingerprint, oldest first."""
    resolved: list[Finding] = field(default_factory=list)
    """The latest last; there may be several of one fingerprint."""
    mutes: dict[str, Mute] = field(default_factory=dict)
    """By target."""

    def muted(self, finding: Finding, now: datetime) -> Finding:
        """The finding as it must be shown now: with the mute that holds longest."""
        return muted(finding, self.mutes, now)

    def take(self, event: JournalEvent) -> None:
        """Learn from one more entry."""
        details = event.details
        match event.kind:
            case EventKind.FINDING_OPENED:
                self._seen(details.get("finding"))
            case EventKind.FINDING_CHANGED:
                self._changed(event)
            case EventKind.FINDING_RESOLVED:
                self._over(event)
            case EventKind.FINDING_ACKNOWLEDGED:
                self._acknowledged(event)
            case EventKind.FINDING_MUTED:
                self._mute(details)
            case EventKind.FINDING_UNMUTED:
                self.mutes.pop(str(details.get("target")), None)
            case EventKind.FINDINGS_KEPT:
                self._kept(details)
            case _:
                pass

    def _seen(self, said: object) -> None:
        try:
            finding = Finding.model_validate(said)
        except ValidationError:  # written by another release
            return
        self.open[finding.fingerprint] = finding

    def _changed(self, event: JournalEvent) -> None:
        if event.details.get("finding"):
            self._seen(event.details["finding"])
        elif finding := self.open.get(str(event.details.get("fingerprint"))):
            self.open[finding.fingerprint] = finding.model_copy(update={"gone_at": event.at.wall})

    def _over(self, event: JournalEvent) -> None:
        code, plugin = event.details.get("code"), event.plugin
        told = event.details.get("fingerprint") or f"{plugin or 'supervisor'}/{code}"
        finding = self.open.pop(str(told), None)
        if finding is not None:
            self.resolved.append(finding.model_copy(update={"resolved_at": event.at.wall}))
            del self.resolved[:-_MOST_RESOLVED]

    def _acknowledged(self, event: JournalEvent) -> None:
        if finding := self.open.get(str(event.details.get("fingerprint"))):
            by = {"acknowledged_by": str(event.details.get("who")), "acknowledged_at": event.at.wall}
            self.open[finding.fingerprint] = finding.model_copy(update=by)

    def _mute(self, said: object) -> None:
        try:
            mute = Mute.model_validate(said)
        except ValidationError:
            return
        self.mutes[mute.target] = mute

    def _kept(self, details: dict[str, Any]) -> None:
        self.open.clear()
        self.mutes.clear()
        for said in details.get("findings", ()):
            self._seen(said)
        for said in details.get("mutes", ()):
            self._mute(said)


def muted(finding: Finding, mutes: dict[str, Mute], now: datetime) -> Finding:
    """The finding with the mute of its fingerprint or code that holds longest; without one when none holds."""
    named = (mutes.get(target) for target in (finding.fingerprint, finding.code))
    longest = max((mute for mute in named if mute and now < mute.until), key=lambda mute: mute.until, default=None)
    if longest is None:
        return finding if finding.muted_until is None else finding.model_copy(update=_UNMUTED)
    return finding.model_copy(update={"muted_until": longest.until, "muted_by": longest.who})


_UNMUTED = {"muted_until": None, "muted_by": None}


def read_history(journal: _Reader, *, over: bool = False) -> FindingHistory:
    """What the journal knows now; with `over` also of what was resolved before the last keeping."""
    kept = journal.read(kinds=[EventKind.FINDINGS_KEPT], limit=1, newest=True)
    since = kept[0].seq - 1 if kept and not over else 0
    history = FindingHistory()
    for event in journal.read(since, _MOST_EVENTS, kinds=KINDS, newest=True):
        history.take(event)
    return history
