"""The open findings of a run: opened once, counted, resolved, each change journalled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from qtcore.health.model import Finding, Severity
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind

Key = tuple[str | None, str]


class FindingsBook:
    """Findings by (plugin, code); the journal hears of each opening and each end, not of each sighting."""

    def __init__(self, journal: Journal, wall: Callable[[], datetime]) -> None:
        self._journal = journal
        self._wall = wall
        self._open: dict[Key, Finding] = {}
        self._from_health: dict[str, frozenset[str]] = {}

    @property
    def open(self) -> Iterable[Finding]:
        """All open findings, oldest first."""
        return self._open.values()

    def of(self, plugin: str | None) -> tuple[Finding, ...]:
        """The open findings of one plugin."""
        return tuple(finding for (owner, _code), finding in self._open.items() if owner == plugin)

    def worst_healable(self, plugin: str) -> Finding | None:
        """The most severe open finding that the plugin's own `heal` may resolve."""
        order = list(Severity)
        healable = [finding for finding in self.of(plugin) if finding.healable]
        return max(healable, key=lambda finding: order.index(finding.severity), default=None)

    def see(self, plugin: str | None, finding: Finding, *, trace_id: str | None = None) -> Finding:
        """Open the finding, or count it once more."""
        key = (plugin, finding.code)
        now = self._wall()
        before = self._open.get(key)
        seen = finding.model_copy(
            update={
                "plugin": plugin,
                "opened_at": before.opened_at if before else now,
                "last_seen_at": now,
                "count": before.count + 1 if before else 1,
                "trace_id": finding.trace_id or (before.trace_id if before else trace_id),
            }
        )
        self._open[key] = seen
        if before is None:
            self._journal.append(
                EventKind.FINDING_OPENED,
                f"{finding.code}: {finding.summary}",
                plugin=plugin,
                details={"finding": seen.model_dump(mode="json")},
                trace_id=seen.trace_id,
            )
        return seen

    def resolve(self, plugin: str | None, code: str, because: str) -> None:
        """Close a finding; nothing happens when it is not open."""
        finding = self._open.pop((plugin, code), None)
        if finding is None:
            return
        now = self._wall()
        lasted_s = (now - finding.opened_at).total_seconds() if finding.opened_at else 0.0
        self._journal.append(
            EventKind.FINDING_RESOLVED,
            f"{code} is over after {lasted_s:.1f} s: {because}",
            plugin=plugin,
            details={"code": code, "lasted_s": round(lasted_s, 3), "count": finding.count},
            trace_id=finding.trace_id,
        )

    def see_health(self, plugin: str, findings: Iterable[Finding]) -> None:
        """Take the findings of a health answer: those it no longer names are over."""
        named = {finding.code: finding for finding in findings}
        for code in self._from_health.get(plugin, frozenset()) - named.keys():
            self.resolve(plugin, code, "its health does not name it any more")
        self._from_health[plugin] = frozenset(named)
        for finding in named.values():
            self.see(plugin, finding)
