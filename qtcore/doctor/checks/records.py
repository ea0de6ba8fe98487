"""The records of the home: journal, state files, sections of the report, traces, logs and reports."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from qtcore.doctor.check import Check, Fine, Patient, Skipped, Trouble, Verdict
from qtcore.errors import RecordsDamaged
from qtcore.health import home_kinds as kinds
from qtcore.health.model import Finding, Severity
from qtcore.health.plugin_kinds import OUTDATED
from qtcore.health.supervisor_kinds import JOURNAL_UNWRITABLE
from qtcore.kernel.words import Lifecycle
from qtcore.records.clock import age_s, still_valid
from qtcore.records.journal_reader import JournalReader
from qtcore.records.journal_schema import connect
from qtcore.records.state_file import StateFile
from qtcore.records.state_reader import DamagedState, read_state
from qtcore.report.section import SectionsFile

_LOOKED_AT = 2_000
_AT_REST = frozenset({Lifecycle.DISABLED, Lifecycle.STOPPED})


def journal_sound(patient: Patient) -> Verdict:
    """SQLite finds every page in order, and the file is ours."""
    path = patient.home.journal
    if not path.exists():
        return Skipped("there is no journal yet")
    try:
        with JournalReader.open(path), closing(connect(path, read_only=True)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except RecordsDamaged as damage:
        return Trouble((kinds.DAMAGED.found(str(damage), subject=path.name, severity=Severity.CRITICAL),))
    except sqlite3.Error as error:
        return Trouble((kinds.DAMAGED.found(f"the journal cannot be read ({error})", subject=path.name),))
    if found == ["ok"]:
        return Fine("SQLite finds nothing wrong")
    return Trouble((kinds.DAMAGED.found(f"the journal is damaged: {'; '.join(found)}", subject=path.name),))


def journal_in_order(patient: Patient) -> Verdict:
    """The numbers of the events have no gap, and every one of the newest can be read."""
    if not patient.home.journal.exists():
        return Skipped("there is no journal yet")
    with JournalReader.open(patient.home.journal) as journal:
        first, last = journal.bounds()
        events = journal.read(limit=_LOOKED_AT, newest=True)
    expected = list(range(last - len(events) + 1, last + 1))
    if [event.seq for event in events] == expected:
        return Fine(f"events {first} to {last}, without a gap" if events else "it holds no event yet")
    missing = sorted({*expected} - {event.seq for event in events})
    return Trouble((kinds.DAMAGED.found(f"event {missing[0]} is missing from the journal", subject="journal.db"),))


def journal_takes_writes(patient: Patient) -> Verdict:
    """Whoever runs next can write it."""
    path = patient.home.journal
    if not path.exists():
        return Skipped("there is no journal yet")
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return Fine("it may be written")
    return Trouble((JOURNAL_UNWRITABLE.found(f"you may not write {path}"),))


def states_readable(patient: Patient) -> Verdict:
    """Every state file is one."""
    states = read_state(patient.home.state, patient.now)
    damaged = [
        kinds.DAMAGED.found(state.sentence, subject=f"state/{state.plugin}.json")
        for state in states
        if isinstance(state, DamagedState)
    ]
    return Trouble.of(damaged, f"{len(states)} state files" if states else "there is none yet")


def states_valid(patient: Patient) -> Verdict:
    """While a supervisor runs none has expired: an old one is read as unknown."""
    if not patient.elsewhere and not patient.home.running:
        return Skipped("nothing runs, so all of them are old")
    if not patient.home.state.exists():
        return Skipped("there is no state yet")
    states = [state for state in read_state(patient.home.state, patient.now) if isinstance(state, StateFile)]
    return Trouble.of(_expired(states, patient), f"all {len(states)} are young enough")


def _expired(states: list[StateFile], patient: Patient) -> Iterator[Finding]:
    for state in states:
        if state.lifecycle not in _AT_REST and not still_valid(state.valid_until, patient.now):
            summary = f"the state of {state.plugin} is {age_s(state.produced_at, patient.now):.0f} s old"
            yield OUTDATED.complete(OUTDATED.found(summary).model_copy(update={"plugin": state.plugin}))


def sections_readable(patient: Patient) -> Verdict:
    """What plugins have told for the report can be read."""
    damaged: list[Finding] = []
    files = sorted(patient.home.sections.glob("*.json"))
    for path in files:
        try:
            SectionsFile.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, ValidationError):
            damaged.append(
                kinds.DAMAGED.found(f"{path} holds no sections of a report", subject=f"sections/{path.name}")
            )
    return Trouble.of(damaged, f"{len(files)} plugins have told something" if files else "nobody has told anything yet")


def folders_take_writes(patient: Patient) -> Verdict:
    """Logs, traces, reports, state and sections may be written."""
    home = patient.home
    folders = [folder for folder in _written(home.root) if folder.exists()]
    closed = [
        kinds.FOREIGN.found(f"you may not write into {folder}", subject=folder.name)
        for folder in folders
        if not os.access(folder, os.W_OK | os.X_OK)
    ]
    return Trouble.of(closed, ", ".join(folder.name for folder in folders) or "none is there yet")


def _written(root: Path) -> Iterator[Path]:
    for name in ("state", "sections", "reports", "logs", "traces", "cache", "data"):
        yield root / name


CHECKS = (
    Check("journal.sound", journal_sound),
    Check("journal.in_order", journal_in_order, elsewhere=True),
    Check("journal.writable", journal_takes_writes),
    Check("state.readable", states_readable, elsewhere=True),
    Check("state.valid", states_valid, elsewhere=True),
    Check("sections.readable", sections_readable, elsewhere=True),
    Check("folders.writable", folders_take_writes),
)
