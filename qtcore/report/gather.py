"""Gathers the report from the running supervisor, where there is one, and from the records."""

from __future__ import annotations

import shutil
from datetime import timedelta

from qtcore.config.manifest_cache import cached_manifests
from qtcore.control.client import READING_TIMEOUT_S, NotAnswering, NotRunning, ask
from qtcore.control.requests import ReportFacts
from qtcore.errors import EnvironmentRefused, RecordsDamaged
from qtcore.health.model import Finding, Severity, Status
from qtcore.health.score import Scored, score_overall, score_plugin
from qtcore.records.home import Home
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.records.journal_reader import JournalReader
from qtcore.records.state_file import StateFile
from qtcore.records.state_reader import DamagedState, read_state
from qtcore.report.current import current_status
from qtcore.report.document import DeductionLine, ReportDocument, Scorecard, ScoreLine, Usage
from qtcore.report.episodes import episodes_of, healings_of
from qtcore.report.from_records import SILENT, Remembered, remember
from qtcore.report.status_document import PluginLine, StatusDocument
from qtcore.upkeep import usage

_MOST_EVENTS = 20_000
_SEVERITIES = list(Severity)


def gather(home: Home, hours: float) -> ReportDocument:
    """The whole report, looking back `hours`."""
    status = StatusDocument.model_validate(current_status(home))
    states = read_state(home.state)
    facts = _facts(home) if status.running and SILENT not in status.supervisor.findings else ReportFacts()
    remembered = remember(home)
    events = _events(home, status, hours)
    vital = _vital(home)
    scored = [_scored(line, _state(states, line.name), vital=line.name in vital) for line in status.plugins]
    damage = [remembered.damage, *(state.sentence for state in states if isinstance(state, DamagedState))]
    return ReportDocument(
        schema=1,
        at=status.at,
        hours=hours,
        application=remembered.application,
        mode=status.mode,
        posture=status.posture,
        posture_reasons=facts.posture_reasons,
        running=status.running,
        since=status.supervisor.since,
        status=status.overall.status,
        counts=status.counts,
        findings=_findings(states, status, remembered, facts.findings),
        plugins=status.plugins,
        scorecard=_scorecard(scored),
        healings=tuple(healings_of(events)),
        episodes=tuple(episodes_of(events)),
        missing_protections=facts.missing_protections,
        damage=tuple(sentence for sentence in damage if sentence),
        usage=tuple(_usage(home)),
        free_bytes=shutil.disk_usage(home.root if home.root.exists() else home.root.anchor).free,
    )


def _facts(home: Home) -> ReportFacts:
    try:
        return ReportFacts.model_validate(ask(home.run_dir, "report_facts", timeout_s=READING_TIMEOUT_S))
    except (NotRunning, NotAnswering):  # it ended between two questions, or is stopped
        return ReportFacts()


def _events(home: Home, status: StatusDocument, hours: float) -> list[JournalEvent]:
    wanted = (EventKind.TRANSITION, EventKind.HEALING)
    oldest = status.at - timedelta(hours=hours)
    try:
        with JournalReader.open(home.journal) as journal:
            events = journal.read(kinds=wanted, limit=_MOST_EVENTS, newest=True)
    except (EnvironmentRefused, RecordsDamaged):
        return []  # told once, as damage
    return [event for event in events if event.at.wall >= oldest]


def _findings(
    states: list[StateFile | DamagedState], status: StatusDocument, remembered: Remembered, own: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Open findings, the gravest first, with the supervisor's `own`; a supervisor that died is one, too."""
    found = [*own] + [
        finding.model_copy(update={"plugin": finding.plugin or state.plugin})
        for state in states
        if isinstance(state, StateFile)
        for finding in state.findings
    ]
    if SILENT in status.supervisor.findings:
        found.append(
            Finding(
                code=SILENT,
                severity=Severity.CRITICAL,
                summary=f"the supervisor (pid {status.supervisor.pid}) holds the home and does not answer",
                consequence="nothing is healed meanwhile, and nothing may be entered once the leases have run out",
                fix=f"`ps -o stat= {status.supervisor.pid}` shows T when it was stopped: "
                f"`kill -CONT {status.supervisor.pid}`; otherwise end it, and start again with `qt up`",
                verify="qt status",
            )
        )
    if not status.running and remembered.run is not None and not remembered.run.ended_in_order:
        found.append(
            Finding(
                code="QT-SUPERVISOR-DIED",
                severity=Severity.CRITICAL,
                summary="the supervisor ended without stopping in order",
                consequence="nothing is supervised; all hosts ended with it",
                fix="start it again with `qt up`; `qt events` shows its last entries",
                verify="qt status",
                last_seen_at=remembered.run.last_event.wall,
            )
        )
    return tuple(sorted(found, key=lambda finding: -_SEVERITIES.index(finding.severity)))


def _state(states: list[StateFile | DamagedState], plugin: str) -> StateFile | None:
    return next((state for state in states if isinstance(state, StateFile) and state.plugin == plugin), None)


def _scored(line: PluginLine, state: StateFile | None, *, vital: bool) -> Scored:
    findings = state.findings if state else ()
    return score_plugin(line.name, line.status, findings, line.restarts, vital=vital)


def _scorecard(scored: list[Scored]) -> Scorecard:
    overall = score_overall(scored)
    return Scorecard(
        formula_version=overall.version,
        score=overall.score,
        mean=overall.mean,
        cap=overall.cap.reason if overall.cap else None,
        plugins=tuple(_score_line(item) for item in scored),
    )


def _score_line(item: Scored) -> ScoreLine:
    deductions = tuple(DeductionLine(points=lost.points, reason=lost.reason) for lost in item.deductions)
    status = Status(item.status)
    return ScoreLine(plugin=item.plugin, vital=item.vital, status=status, score=item.score, deductions=deductions)


def _vital(home: Home) -> frozenset[str]:
    """Which plugins declare themselves vital, by the manifests that were read last."""
    return frozenset(name for name, manifest in cached_manifests(home.cache).items() if manifest.get("vital"))


def _usage(home: Home) -> list[Usage]:
    return [Usage(what=use.what, path=str(use.path), bytes=use.bytes) for use in usage(home.root)]
