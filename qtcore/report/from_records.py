"""The status document made from what the last supervisor left behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from qtcore.documents import Facts, Instant
from qtcore.errors import EnvironmentRefused, RecordsDamaged
from qtcore.health.model import Status, worst
from qtcore.kernel.words import Lifecycle
from qtcore.records.clock import instant_now
from qtcore.records.home import Home
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.records.journal_reader import JournalReader, PreviousRun
from qtcore.records.state_file import StateFile
from qtcore.records.state_reader import DamagedState, read_state
from qtcore.report.status_document import OverallLine, PluginLine, StatusDocument, SupervisorLine

SILENT = "QT-SUPERVISOR-SILENT"
"""A supervisor holds the home and was asked in vain."""
_NOT_KNOWN = "unknown"
_FINAL = frozenset({Lifecycle.DISABLED, Lifecycle.STOPPED})
"""Lifecycles that stay true when nobody looks."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the journal tells about the last run."""

    run: PreviousRun | None
    application: str
    mode: str
    posture: str
    language: str = "en"
    damage: str | None = None
    """Why the journal could not be read, if so."""


def status_from_records(home: Home, now: Instant | None = None, *, silent: bool = False) -> StatusDocument:
    """What was known last; nothing in it is better than `unknown`, for nobody watches any more.

    `silent` says that a supervisor was asked and did not answer.
    """
    now = now or instant_now()
    remembered = remember(home)
    running = home.running
    holder = home.holder
    lines = sorted((_line(state, now.wall) for state in read_state(home.state, now)), key=lambda line: line.status.rank)
    return StatusDocument(
        schema=1,
        at=now.wall,
        mode=remembered.mode,
        posture=remembered.posture,
        running=running,
        supervisor=SupervisorLine(
            pid=holder.pid if holder else None,
            since=holder.started if running and holder else _ended_at(remembered, home),
            findings=(SILENT,) if running and silent else (),
        ),
        overall=OverallLine(status=_overall(lines, running=running)),
        counts={status: sum(line.status is status for line in lines) for status in Status},
        plugins=tuple(lines),
    )


def _overall(lines: list[PluginLine], *, running: bool) -> Status:
    """Off only where nothing runs: a supervisor that starts, ends or is silent may do anything."""
    seen = [line.status for line in lines if line.status is not Status.OFF]
    return worst(*seen, *([Status.UNKNOWN] if running else []))


def remember(home: Home) -> Remembered:
    """Read the last run's story from the journal; a missing or damaged journal tells nothing."""
    try:
        with JournalReader.open(home.journal) as journal:
            started = _details(journal, EventKind.SUPERVISOR_STARTED)
            posture = _details(journal, EventKind.POSTURE_CHANGED)
            return Remembered(
                journal.previous_run(),
                str(started.get("application", "")),
                str(started.get("mode", _NOT_KNOWN)),
                str(posture.get("level", _NOT_KNOWN)),
                str(started.get("language", "en")),
            )
    except EnvironmentRefused:
        return Remembered(None, "", _NOT_KNOWN, _NOT_KNOWN)
    except RecordsDamaged as error:
        return Remembered(None, "", _NOT_KNOWN, _NOT_KNOWN, damage=str(error))


def _details(journal: JournalReader, kind: EventKind) -> Facts:
    found: list[JournalEvent] = journal.read(kinds=[kind], limit=1, newest=True)
    return found[0].details if found else {}


def _ended_at(remembered: Remembered, home: Home) -> datetime | None:
    if remembered.run is not None:
        return remembered.run.last_event.wall
    states = [state for state in read_state(home.state) if isinstance(state, StateFile)]
    return max((state.produced_at.wall for state in states), default=None)


def _line(state: StateFile | DamagedState, now: datetime) -> PluginLine:
    if isinstance(state, DamagedState):
        return PluginLine(
            name=state.plugin,
            lifecycle=Lifecycle.STOPPED,
            status=Status.UNKNOWN,
            since=now,
            host=None,
            pid=None,
            generation=0,
            restarts=0,
            observed_at=None,
            valid_until=None,
            summary=state.sentence,
        )
    ended = state.lifecycle in _FINAL
    return PluginLine(
        name=state.plugin,
        lifecycle=state.lifecycle,
        status=Status.OFF if ended else Status.UNKNOWN,
        since=state.since,
        host=state.host,
        pid=state.pid,
        generation=state.generation,
        restarts=state.restarts,
        observed_at=state.produced_at.wall.astimezone(UTC),
        valid_until=state.valid_until.wall.astimezone(UTC),
        autonomy=state.autonomy,
        summary=state.reason if ended else state.summary or state.reason,
        findings=tuple(finding.code for finding in state.findings),
    )
