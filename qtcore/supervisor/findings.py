"""The findings book: what is wrong, since when, how often, and who knows of it; it outlives the supervisor."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qtcore.documents import Facts, Instant
from qtcore.health.flap import Flap, Phase, elapsed, missed, seen, unwatched
from qtcore.health.kinds import Catalogue
from qtcore.health.model import Finding, Severity
from qtcore.health.plugin_kinds import UNDECLARED
from qtcore.records.clock import instant_now
from qtcore.records.finding_history import Mute, muted, read_history
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind

KEEP_EVERY_S = 3600.0
"""So often all open findings are written down together: the journal drops what is older than its limits."""
CONFIRM_WITHIN_S = 30.0
"""What the supervisor itself knew before its restart is over when it has not been seen again by then."""
_RANK = {severity: rank for rank, severity in enumerate(Severity)}
_NOT_AGAIN = "not seen after the restart"


@dataclass(slots=True)
class _Entry:
    finding: Finding
    flap: Flap


class FindingsBook:
    """Findings by fingerprint; the journal hears of each change, not of each sighting."""

    def __init__(
        self,
        journal: Journal,
        now: Callable[[], Instant] = instant_now,
        *,
        catalogue: Catalogue | None = None,
    ) -> None:
        self._journal = journal
        self._now = now
        self._catalogue = catalogue or Catalogue()
        self._entries: dict[str, _Entry] = {}
        self._mutes: dict[str, Mute] = {}
        self._from_health: dict[str, frozenset[str]] = {}
        self._restored_s: float | None = None
        self._kept_s = now().monotonic_s

    # --- what is known -------------------------------------------------------------------------

    @property
    def open(self) -> tuple[Finding, ...]:
        """All open findings, oldest first."""
        return tuple(self._shown(entry.finding) for entry in self._entries.values() if entry.flap.counts)

    @property
    def mutes(self) -> tuple[Mute, ...]:
        """What nobody is told of at present."""
        wall = self._now().wall
        return tuple(mute for mute in self._mutes.values() if wall < mute.until)

    def of(self, plugin: str | None) -> tuple[Finding, ...]:
        """The open findings of one plugin."""
        entries = [entry for entry in self._entries.values() if entry.finding.plugin == plugin and entry.flap.counts]
        return tuple(self._shown(entry.finding) for entry in entries)

    def _shown(self, finding: Finding) -> Finding:
        return muted(finding, self._mutes, self._now().wall) if self._mutes else finding

    def worst_healable(self, plugin: str) -> Finding | None:
        """The most severe finding, there at this moment, that the plugin's own `heal` may resolve."""
        healable = [finding for finding in self.of(plugin) if finding.healable and finding.gone_at is None]
        return max(healable, key=lambda finding: _RANK[finding.severity], default=None)

    # --- what is seen --------------------------------------------------------------------------

    def see(
        self, plugin: str | None, finding: Finding, *, trace_id: str | None = None, at_once: bool = False
    ) -> Finding:
        """Open the finding, or count it once more; `at_once` where it is known to be more than a moment's."""
        now = self._now()
        named = self._catalogue.complete(finding.model_copy(update={"plugin": plugin}))
        key = named.fingerprint
        self._settle(key, now)
        before = self._entries.get(key)
        at_once = at_once or self._catalogue.has_waited(named.code)
        flap = seen(before.flap if before else None, named.severity, now.monotonic_s, at_once=at_once)
        after = named.model_copy(update=_kept_of(before, flap, now.wall, named.trace_id, trace_id))
        self._entries[key] = _Entry(after, flap)
        self._tell_sighting(before, self._entries[key])
        return after

    def see_health(self, plugin: str, findings: Iterable[Finding]) -> None:
        """Take the findings of a health answer: those it no longer names are gone, also those of earlier runs."""
        named: dict[str, Finding] = {}
        for finding in findings:
            named[finding.model_copy(update={"plugin": plugin}).fingerprint] = finding
        for key in self._from_health.get(plugin, frozenset()) - named.keys():
            self._miss(key, "its health does not name it any more")
        for finding in named.values():
            self.see(plugin, finding)
        self._from_health[plugin] = frozenset(named)
        for key, entry in list(self._entries.items()):
            if entry.finding.plugin == plugin and entry.finding.unconfirmed:
                self._miss(key, _NOT_AGAIN)

    def undeclared(self, plugin: str) -> None:
        """Say which codes the plugin reports without having declared them."""
        reported = self.of(plugin)
        codes = {finding.code for finding in reported}
        for finding in reported:
            if finding.code == UNDECLARED.code and finding.subject not in codes:
                self._miss(finding.fingerprint, f"{plugin} does not report {finding.subject} any more")
            elif finding.code not in self._catalogue:
                summary = f"{plugin} reports {finding.code}, which no hook `findings` declares"
                self.see(plugin, UNDECLARED.found(summary, subject=finding.code))

    def resolve(self, plugin: str | None, code: str, because: str, *, subject: str | None = None) -> None:
        """The plugin's findings of the code are gone, those of one subject or all; nothing happens without one."""
        for key, entry in list(self._entries.items()):
            same = entry.finding.plugin == plugin and entry.finding.code == code
            if same and subject in (None, entry.finding.subject):
                self._miss(key, because)

    def resolve_health(self, plugin: str, because: str) -> None:
        """What only its health can tell is over, because it will not be asked."""
        for key in self._from_health.pop(plugin, frozenset()):
            self._miss(key, because)

    def pass_time(self) -> bool:
        """Let open and end what time alone opens and ends; whether anything did."""
        now = self._now()
        before = [(key, entry.flap.phase) for key, entry in self._entries.items()]
        for key in list(self._entries):
            self._settle(key, now)
        self._give_up_unconfirmed(now)
        self._mutes = {target: mute for target, mute in self._mutes.items() if now.wall < mute.until}
        if now.monotonic_s - self._kept_s >= KEEP_EVERY_S:
            self.keep()
        return before != [(key, entry.flap.phase) for key, entry in self._entries.items()]

    def slept(self, gap_s: float) -> None:
        """Nobody looked for so long: what was about to open or to end waits on from where it was."""
        for entry in self._entries.values():
            entry.flap = unwatched(entry.flap, gap_s)
        if self._restored_s is not None:
            self._restored_s += gap_s

    # --- what people say -----------------------------------------------------------------------

    def targets(self) -> set[str]:
        """What may be named: the fingerprints and codes of open findings."""
        return {name for finding in self.open for name in (finding.fingerprint, finding.code)}

    def acknowledge(self, target: str, who: str, reason: str) -> tuple[Finding, ...]:
        """A person knows of the fingerprint, or of all open findings of the code; holds until they are over."""
        now = self._now().wall
        found = tuple(finding for finding in self.open if target in (finding.fingerprint, finding.code))
        for finding in found:
            known = {"acknowledged_by": who, "acknowledged_at": now}
            entry = self._entries[finding.fingerprint]
            entry.finding = entry.finding.model_copy(update=known)
            self._tell(EventKind.FINDING_ACKNOWLEDGED, finding, f"{who} knows of it: {reason}", who=who, reason=reason)
        return found

    def mute(self, target: str, until: datetime, who: str, reason: str) -> Mute:
        """Tell nobody of the fingerprint or code until then, whether it is open or comes meanwhile."""
        mute = Mute(target=target, until=until, who=who, reason=reason)
        self._mutes[target] = mute
        sentence = f"{who} mutes {target} until {until:%Y-%m-%d %H:%M:%S %Z}: {reason}"
        self._journal.append(EventKind.FINDING_MUTED, sentence, details=mute.model_dump(mode="json"))
        return mute

    def unmute(self, target: str, who: str) -> bool:
        """Tell people again; whether it was muted."""
        found = self._mutes.pop(target, None)
        if found is not None:
            details: Facts = {"target": target, "who": who}
            self._journal.append(EventKind.FINDING_UNMUTED, f"{who} ends the mute of {target}", details=details)
        return found is not None

    # --- over a restart ------------------------------------------------------------------------

    def restore(self, plugins: Collection[str]) -> None:
        """Take over what was open when the last run ended; `plugins` are those that run now."""
        history = read_history(self._journal)
        now = self._now()
        self._mutes = {target: mute for target, mute in history.mutes.items() if now.wall < mute.until}
        for key, finding in history.open.items():
            known = finding.model_copy(update={"unconfirmed": True, "gone_at": None})
            self._entries[key] = _Entry(known, Flap(Phase.OPEN, now.monotonic_s, None, finding.episodes))
            if finding.plugin is not None and finding.plugin not in plugins:
                self._end(key, "its plugin is not switched on any more")
        self._restored_s = now.monotonic_s
        if history.open or self._mutes:
            self.keep()

    def keep(self) -> None:
        """Write down all that is open and muted, so that older entries are not needed any more."""
        self._kept_s = self._now().monotonic_s
        if not self._entries and not self._mutes:
            return
        findings = [entry.finding.model_dump(mode="json") for entry in self._entries.values() if entry.flap.counts]
        mutes = [mute.model_dump(mode="json") for mute in self._mutes.values()]
        details: dict[str, Any] = {"findings": findings, "mutes": mutes}
        sentence = f"{len(findings)} open findings and {len(mutes)} mutes are carried on"
        self._journal.append(EventKind.FINDINGS_KEPT, sentence, details=details)

    def _give_up_unconfirmed(self, now: Instant) -> None:
        if self._restored_s is None or now.monotonic_s < self._restored_s + CONFIRM_WITHIN_S:
            return
        self._restored_s = None
        for key, entry in list(self._entries.items()):
            if entry.finding.unconfirmed and entry.finding.plugin is None:
                self._end(key, _NOT_AGAIN)

    # --- changes -------------------------------------------------------------------------------

    def _miss(self, key: str, because: str) -> None:
        now = self._now()
        self._settle(key, now)
        entry = self._entries.get(key)
        if entry is None:
            return
        if entry.finding.unconfirmed:
            self._end(key, because if because == _NOT_AGAIN else f"{_NOT_AGAIN}: {because}")
            return
        before, entry.flap = entry.flap.phase, missed(entry.flap, now.monotonic_s)
        if entry.flap.phase is Phase.OVER:
            del self._entries[key]
            self._tell(EventKind.FINDING_CHANGED, entry.finding, f"too short to open: {because}", change="too_short")
        elif before is Phase.OPEN:
            entry.finding = entry.finding.model_copy(update={"gone_at": now.wall})
            wait_s = (entry.flap.due_s or now.monotonic_s) - now.monotonic_s
            sentence = f"{because}; it is over unless it comes back within {wait_s:.0f} s"
            self._tell(EventKind.FINDING_CHANGED, entry.finding, sentence, change="gone")

    def _settle(self, key: str, now: Instant) -> None:
        entry = self._entries.get(key)
        if entry is None:
            return
        before, entry.flap = entry.flap, elapsed(entry.flap, now.monotonic_s)
        if before.phase is Phase.PENDING and entry.flap.phase is Phase.OPEN:
            self._tell_opened(entry.finding)
        elif entry.flap.phase is Phase.OVER:
            self._end(key, "it has stayed away")

    def _end(self, key: str, because: str) -> None:
        finding = self._entries.pop(key).finding
        ended = finding.gone_at or self._now().wall
        lasted_s = (ended - finding.opened_at).total_seconds() if finding.opened_at else 0.0
        self._tell(
            EventKind.FINDING_RESOLVED,
            finding,
            f"over after {lasted_s:.1f} s: {because}",
            lasted_s=round(lasted_s, 3),
            count=finding.count,
            episodes=finding.episodes,
        )

    def _tell_sighting(self, before: _Entry | None, after: _Entry) -> None:
        if not after.flap.counts:
            return
        if before is None or before.flap.phase is Phase.PENDING:
            self._tell_opened(after.finding)
        elif before.flap.phase is Phase.CLOSING:
            self._tell_change(after.finding, "back", f"it is back (episode {after.flap.episodes})")
        elif before.finding.severity is not after.finding.severity:
            worse = _RANK[after.finding.severity] > _RANK[before.finding.severity]
            sentence = f"{after.finding.severity.value} now, it was {before.finding.severity.value}"
            self._tell_change(after.finding, "graver" if worse else "milder", sentence)

    def _tell_opened(self, finding: Finding) -> None:
        details = {"finding": finding.model_dump(mode="json")}
        self._tell(EventKind.FINDING_OPENED, finding, finding.summary, **details)

    def _tell_change(self, finding: Finding, change: str, sentence: str) -> None:
        details = {"change": change, "finding": finding.model_dump(mode="json")}
        self._tell(EventKind.FINDING_CHANGED, finding, f"{sentence}: {finding.summary}", **details)

    def _tell(self, kind: EventKind, finding: Finding, sentence: str, /, **details: Any) -> None:
        about = f"{finding.code} ({finding.subject})" if finding.subject else finding.code
        self._journal.append(
            kind,
            f"{about}: {sentence}",
            plugin=finding.plugin,
            details={"fingerprint": finding.fingerprint, "code": finding.code, **details},
            trace_id=finding.trace_id,
        )


def _kept_of(
    before: _Entry | None, flap: Flap, now: datetime, own_trace_id: str | None, trace_id: str | None
) -> dict[str, Any]:
    """What a new sighting keeps of the earlier ones."""
    old = before.finding if before else None
    return {
        "opened_at": old.opened_at if old else now,
        "last_seen_at": now,
        "gone_at": None,
        "unconfirmed": False,
        "count": old.count + 1 if old else 1,
        "episodes": max(1, flap.episodes),
        "acknowledged_by": old.acknowledged_by if old else None,
        "acknowledged_at": old.acknowledged_at if old else None,
        "muted_until": None,
        "trace_id": own_trace_id or (old.trace_id if old else trace_id),
    }
