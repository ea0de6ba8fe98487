"""Remedies: which the doctor carries out, and that only a second look of the same check counts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qtcore.doctor.act import Ask, EndProcess, MakePrivate, Remove, act_of
from qtcore.doctor.check import Fine, Patient, Trouble, Verdict
from qtcore.doctor.document import CheckState, RepairResult
from qtcore.doctor.examining import Subject, examine, subjects
from qtcore.doctor.mending import Mending
from qtcore.health.home_kinds import LEFTOVER, ORPHANS, PERMISSIONS
from qtcore.health.model import Finding, Remedy, RemedyKind, Severity

Make = Callable[..., Subject]


def _finding(act: str, plugin: str | None = "feed", kind: RemedyKind = RemedyKind.SAFE, subject: str = "") -> Finding:
    remedy = Remedy(kind=kind, act=act, effect="does it")
    return Finding(
        code="QT-TOY", severity=Severity.LOW, summary="s", plugin=plugin, subject=subject, remedies=(remedy,)
    )


@pytest.mark.parametrize(
    ("act", "subject", "meant"),
    [
        ("restart", "", Ask("restart", '{"plugin": "feed", "reason": "a remedy of the doctor"}')),
        ("heal", "", Ask("heal", '{"plugin": "feed", "reason": "a remedy of the doctor"}')),
        ("qt start disk", "", Ask("start", '{"plugin": "disk", "reason": "a remedy of the doctor"}')),
        (
            'call feed.fetch {"bars": 5}',
            "",
            Ask("call", '{"plugin": "feed", "action": "fetch", "argument": {"bars": 5}}'),
        ),
        ("call feed.fetch", "", Ask("call", '{"plugin": "feed", "action": "fetch", "argument": {}}')),
        ("chmod u=rwX,go= state/a b.json", "state/a b.json", MakePrivate("state/a b.json")),
        ("rm state/.x.new", "state/.x.new", Remove("state/.x.new")),
        ("kill -KILL 77", "77", EndProcess(77)),
        ("rm -rf /", "", None),
        ("chmod 777 x", "x", None),
        ("call feed; rm x", "", None),
        ("call feed.fetch {", "", None),
        ("qt kill on", "", None),
        ("df -h", "", None),
    ],
)
def test_only_a_closed_set_of_acts_is_understood(act: str, subject: str, meant: object) -> None:
    """Everything else is a command line for people, whatever kind its remedy claims to be."""
    finding = _finding(act, subject=subject)
    assert act_of(finding.remedies[0], finding) == meant


def _mend(patient: Patient, *, yes: bool = False, only: str = "") -> Mending:
    mending = Mending(patient, lambda *_: yes)
    looked_at = [subject for subject in subjects(patient) if subject.name.startswith(only)]
    for subject, line in zip(looked_at, examine(patient, looked_at), strict=True):
        if line.state is CheckState.TROUBLE:
            mending.mend(subject, line)
    return mending


def test_what_is_safe_is_done_and_proven_and_the_second_time_there_is_nothing_to_do(patient: Patient) -> None:
    """Permissions and a half-written file; the receipt says what was done, and what the check said then."""
    (patient.home.state / "a b.json").touch(0o644)
    (patient.home.state / "a b.json").chmod(0o644)
    left = patient.home.state / ".x.json.new"
    left.touch(0o600)
    os.utime(left, (time.time() - 3600, time.time() - 3600))
    first = _mend(patient, only="home.")
    assert {(line.code, line.result) for line in first.receipt} == {
        (PERMISSIONS.code, RepairResult.FIXED),
        (LEFTOVER.code, RepairResult.FIXED),
    }
    assert all(line.proof for line in first.receipt)
    assert not left.exists()
    assert (patient.home.state / "a b.json").stat().st_mode & 0o777 == 0o600
    assert _mend(patient, only="home.").receipt == []


def test_an_act_that_the_check_does_not_confirm_is_not_counted(patient: Patient, subject: Make) -> None:
    """The half-written file of this finding never was what the check looks at."""
    left = patient.home.state / ".x.json.new"
    left.touch(0o600)

    def stubborn(_: Patient) -> Verdict:
        return Trouble((LEFTOVER.found("still there", subject="state/.x.json.new"),))

    looked_at = subject("stubborn", stubborn)
    mending = Mending(patient, lambda *_: True)
    mending.mend(looked_at, examine(patient, [looked_at])[0])
    assert [(line.result, line.proof) for line in mending.receipt] == [(RepairResult.NOT_FIXED, "still there")]
    assert not left.exists()


def test_nothing_outside_the_home_is_touched(patient: Patient, subject: Make, tmp_path: Path) -> None:
    """Whatever a finding names."""
    outside = tmp_path / ".outside.new"
    outside.touch()

    def lying(_: Patient) -> Verdict:
        return Trouble((LEFTOVER.found("there", subject="../.outside.new"),))

    looked_at = subject("lying", lying)
    mending = Mending(patient, lambda *_: True)
    mending.mend(looked_at, examine(patient, [looked_at])[0])
    assert [line.result for line in mending.receipt] == [RepairResult.FAILED]
    assert outside.exists()


def test_manual_remedies_and_those_without_a_yes_are_left_and_listed(patient: Patient, subject: Make) -> None:
    """A person finds them in the receipt."""

    def several(_: Patient) -> Verdict:
        findings = [
            _finding("df -h", kind=RemedyKind.MANUAL),
            _finding("restart", kind=RemedyKind.CONFIRM, subject="x"),
        ]
        return Trouble(tuple(findings))

    asked: list[str] = []

    def no(_: Finding, remedy: Remedy) -> bool:
        asked.append(remedy.act)
        return False

    looked_at = subject("several", several)
    mending = Mending(patient, no)
    mending.mend(looked_at, examine(patient, [looked_at])[0])
    assert [(line.act, line.result) for line in mending.receipt] == [
        ("df -h", RepairResult.LEFT),
        ("restart", RepairResult.LEFT),
    ]
    assert asked == ["restart"]


def test_a_check_that_falls_silent_proves_nothing(patient: Patient, subject: Make) -> None:
    """The act may have broken the check."""
    left = patient.home.state / ".x.json.new"
    left.touch(0o600)

    def fragile(seen: Patient) -> Verdict:
        if not (seen.home.state / ".x.json.new").exists():
            raise RuntimeError("what I look at is gone")
        return Trouble((LEFTOVER.found("there", subject="state/.x.json.new"),))

    looked_at = subject("fragile", fragile)
    mending = Mending(patient, lambda *_: True)
    mending.mend(looked_at, examine(patient, [looked_at])[0])
    assert [line.result for line in mending.receipt] == [RepairResult.NOT_FIXED]


def test_a_process_that_a_dead_supervisor_left_is_ended_after_a_yes(patient: Patient) -> None:
    """A stopped host outlives the supervisor's death and would go on once it is woken."""
    patient.home.lock(run_dir=patient.root / "run").release()
    log = (patient.home.logs / "main.out").open("wb")
    command = [sys.executable, "-c", "import time; time.sleep(600)", "qtcore.hosts.toy"]
    process = subprocess.Popen(command, stdout=log, env={**os.environ, "QTCORE_HOST_PID": "1"})
    log.close()
    try:
        process.send_signal(signal.SIGSTOP)
        without = _mend(patient, yes=False, only="supervisor.orphans")
        assert [(line.code, line.result) for line in without.receipt] == [(ORPHANS.code, RepairResult.LEFT)]
        assert process.poll() is None
        mending = _mend(patient, yes=True, only="supervisor.orphans")
        assert process.wait(5) == -signal.SIGKILL
        assert [line.act for line in mending.receipt] == [f"kill -KILL {process.pid}"]
    finally:
        process.kill()
        process.wait()


def test_fine_is_fine(patient: Patient, subject: Make) -> None:
    """Nothing is mended where nothing is wrong."""
    (line,) = examine(patient, [subject("fine", lambda _: Fine("well"))])
    assert (line.state, line.sentence) == (CheckState.FINE, "well")
