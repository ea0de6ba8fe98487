"""What an examination looks at, and how it tells trouble from a check that failed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from qtcore.cli.exits import Exit
from qtcore.config.cached_manifests import CACHE_NAME
from qtcore.doctor.check import Fine, Patient, Trouble, Verdict
from qtcore.doctor.document import CheckLine, CheckState
from qtcore.doctor.examining import OWN, Subject, examine, subjects
from qtcore.doctor.told import as_text, document_of, exit_of_doctor
from qtcore.health.framework_kinds import FRAMEWORK
from qtcore.health.home_kinds import LEFTOVER, ORPHANS
from qtcore.records.clock import instant_now

Make = Callable[..., Subject]


def _by_name(lines: list[CheckLine]) -> dict[str, CheckLine]:
    return {line.name: line for line in lines}


def test_a_fresh_home_has_no_grave_trouble(patient: Patient) -> None:
    """And every check of the framework has answered."""
    lines = examine(patient, subjects(patient))
    assert [line for line in lines if line.state in {CheckState.HUNG, CheckState.CRASHED}] == []
    assert len(OWN) >= 30
    assert len(lines) == len(OWN)
    assert _by_name(lines)["home.permissions"].state is CheckState.FINE


def test_what_is_found_is_declared() -> None:
    """Every kind that a check may name is in the catalogue."""
    assert {LEFTOVER.code, ORPHANS.code, "QT-DOCTOR-CHECK"} <= {*FRAMEWORK}


def test_open_permissions_leftovers_and_damage_are_found(patient: Patient) -> None:
    """Each with what it is about."""
    (patient.home.state / "feed.json").write_text("{")
    (patient.home.state / "feed.json").chmod(0o644)
    left = patient.home.state / ".feed.json.new"
    left.touch(0o600)
    _age(left)
    found = _by_name(examine(patient, subjects(patient)))
    assert [finding.subject for finding in found["home.permissions"].findings] == ["state/feed.json"]
    assert [finding.subject for finding in found["home.leftovers"].findings] == ["state/.feed.json.new"]
    assert [finding.subject for finding in found["state.readable"].findings] == ["state/feed.json"]


def test_a_damaged_journal_is_found_and_ends_no_other_check(patient: Patient) -> None:
    """Readers of the journal that raise are crashed checks, never silence."""
    patient.home.journal.write_bytes(b"SQLite format 3\0" + b"\xff" * 4096)
    patient.home.journal.chmod(0o600)
    found = _by_name(examine(patient, subjects(patient)))
    assert found["journal.sound"].state is CheckState.TROUBLE
    assert found["home.space"].state is CheckState.FINE


def test_a_check_that_crashes_is_no_trouble_of_what_it_looks_at(patient: Patient, subject: Make) -> None:
    """It is a state of its own, and the exit says that something is not known."""

    def broken(_: Patient) -> Verdict:
        raise RuntimeError("defect")

    def wrong(_: Patient) -> Verdict:
        return "fine"  # type: ignore[return-value] # what a careless author may do

    lines = examine(patient, [subject("broken", broken), subject("wrong", wrong), subject("good", _fine)])
    assert [line.state for line in lines] == [CheckState.CRASHED, CheckState.CRASHED, CheckState.FINE]
    document = document_of(lines, at=instant_now().wall, home="h", running=True, took_s=0.1)
    assert exit_of_doctor(document) is Exit.UNKNOWN
    assert "nothing is known about what it looks at" in as_text(document)


def test_checks_of_plugins_are_imported_where_they_run(patient: Patient, tmp_path: Path) -> None:
    """One that cannot be imported, or hangs while it is, costs only itself."""
    (tmp_path / "offered_checks.py").write_text(
        "from qtcore import Fine, Trouble\n"
        "def disk(patient):\n    return Fine(f'looked at {patient.root.name}')\n"
        "def broken(patient):\n    raise OSError('gone')\n"
    )
    _offer(patient, tmp_path, {"disk": "offered_checks:disk", "broken": "offered_checks:broken", "none": "nowhere:x"})
    found = _by_name(examine(patient, subjects(patient)))
    assert (found["toy.disk"].state, found["toy.disk"].sentence) == (CheckState.FINE, "looked at var")
    assert (found["toy.broken"].state, found["toy.broken"].plugin) == (CheckState.CRASHED, "toy")
    assert "ModuleNotFoundError" in found["toy.none"].sentence


def test_the_supervisor_is_told_first(patient: Patient) -> None:
    """Before anything else one must know whether anything is supervised at all."""
    lines = examine(patient, subjects(patient))
    document = document_of(lines, at=instant_now().wall, home="h", running=False, took_s=0.1)
    assert as_text(document).splitlines()[0] == "supervisor: no supervisor has run on this home yet"
    assert lines[0].name == "supervisor"


def test_troubles_are_told_once_gravest_first(patient: Patient, subject: Make) -> None:
    """Two checks may see the same."""

    def low(_: Patient) -> Verdict:
        return Trouble((LEFTOVER.found("left", subject="x"),))

    def grave(_: Patient) -> Verdict:
        return Trouble((ORPHANS.found("process 7 is stopped", subject="7"),))

    lines = examine(patient, [subject("a", low), subject("b", low), subject("c", grave)])
    document = document_of(lines, at=instant_now().wall, home="h", running=True, took_s=0.1)
    told = [line for line in as_text(document).splitlines() if " QT-" in line and ":" in line]
    assert [line.split()[0] for line in told] == ["CRITICAL", "LOW"]
    assert exit_of_doctor(document) is Exit.CRITICAL


def _fine(_: Patient) -> Verdict:
    return Fine("well")


def _age(path: Path) -> None:
    import os

    os.utime(path, (time.time() - 3600, time.time() - 3600))


def _offer(patient: Patient, root: Path, checks: dict[str, str]) -> None:
    specs = [{"name": name, "look": look, "deadline_s": 2.0, "elsewhere": False} for name, look in checks.items()]
    entry = {"key": "", "root": str(root), "inspected": {"manifest": {"name": "toy", "checks": specs}}}
    path = patient.home.cache / CACHE_NAME
    path.write_text(json.dumps({"toy": entry}))
    path.chmod(0o600)
