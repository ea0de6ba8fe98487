"""Every finding of a home, folded under its cause: from the journal, with the figures of the state files."""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, Field

from qtcore.documents import Document
from qtcore.errors import EnvironmentRefused, RecordsDamaged
from qtcore.health.cause import Relations, fold
from qtcore.health.model import Finding
from qtcore.records.clock import instant_now
from qtcore.records.finding_history import FindingHistory, Mute, muted, read_history
from qtcore.records.home import Home
from qtcore.records.journal_reader import JournalReader
from qtcore.records.state_file import StateFile
from qtcore.records.state_reader import read_state


class OpenFinding(Document):
    """One open finding; `effect_of` is the fingerprint of its cause, where it has one."""

    fingerprint: str
    because_of: str | None = Field(default=None, description="fingerprint of the finding that it is the effect of")
    finding: Finding


class FindingsDocument(Document):
    """What `qt findings --json` prints."""

    schema_: int = Field(default=1, alias="schema")
    at: AwareDatetime
    running: bool
    findings: tuple[OpenFinding, ...] = Field(description="open ones, the gravest cause first, each before its effects")
    mutes: tuple[Mute, ...] = ()
    resolved: tuple[Finding, ...] = Field(default=(), description="with --all: what is over, the latest first")


def open_findings(home: Home, *, over: bool = False, now: datetime | None = None) -> FindingsDocument:
    """Works whether or not a supervisor runs; `over` adds what was resolved. Raises RecordsDamaged."""
    at = now or instant_now().wall
    history = _history(home, over=over)
    states = [state for state in read_state(home.state) if isinstance(state, StateFile)]
    findings = [muted(item, history.mutes, at) for item in _with_figures(history.open, states).values()]
    listed: list[OpenFinding] = []
    for group in fold(findings, _relations(states)):
        cause = group.cause.fingerprint
        listed.append(OpenFinding(fingerprint=cause, finding=group.cause))
        listed += [OpenFinding(fingerprint=item.fingerprint, because_of=cause, finding=item) for item in group.effects]
    return FindingsDocument(
        schema=1,
        at=at,
        running=home.running,
        findings=tuple(listed),
        mutes=tuple(mute for mute in history.mutes.values() if at < mute.until),
        resolved=tuple(reversed(history.resolved)) if over else (),
    )


def _history(home: Home, *, over: bool) -> FindingHistory:
    try:
        with JournalReader.open(home.journal) as journal:
            return read_history(journal, over=over)
    except (EnvironmentRefused, RecordsDamaged):
        return FindingHistory()  # the state files still tell


def _with_figures(known: dict[str, Finding], states: list[StateFile]) -> dict[str, Finding]:
    """What the journal does not hear of: how often something was seen, and when last."""
    told = {finding.fingerprint: finding for state in states for finding in state.findings}
    if not known:
        return told
    return {key: told.get(key, finding) for key, finding in known.items()}


def _relations(states: list[StateFile]) -> dict[str, Relations]:
    return {state.plugin: state.relations for state in states}
