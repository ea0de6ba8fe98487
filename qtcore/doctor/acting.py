"""Carries out what the doctor may do: asks the supervisor, or touches the home and what a dead one left."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path
from typing import Any, assert_never

from qtcore.control.client import ask
from qtcore.doctor.act import Act, Ask, EndProcess, MakePrivate, Remove
from qtcore.doctor.check import Patient, Trouble
from qtcore.doctor.checks.supervisor import orphans
from qtcore.errors import QtError

ASK_WITHIN_S = 15.0


class CannotAct(QtError):
    """The remedy could not be carried out; `str()` says why."""


def carry_out(act: Act, patient: Patient) -> str:
    """Do it, and say what was done. Raises CannotAct."""
    try:
        match act:
            case Ask(op, args):
                return _asked(patient, op, json.loads(args))
            case MakePrivate(path):
                return _made_private(_inside(patient, path))
            case Remove(path):
                return _removed(_inside(patient, path))
            case EndProcess(pid):
                return _ended(patient, pid)
            case _:
                assert_never(act)
    except OSError as error:
        raise CannotAct(f"{error.strerror or error}") from None


def remember_act(patient: Patient, sentence: str) -> None:
    """Have a running supervisor journal what was done beside it; one that does not run has no journal open."""
    if patient.home.running:
        try:
            ask(patient.home.run_dir, "record", {"sentence": sentence}, timeout_s=ASK_WITHIN_S)
        except QtError:
            return  # it ended meanwhile; the receipt tells all the same


def _asked(patient: Patient, op: str, args: dict[str, Any]) -> str:
    try:
        result = ask(patient.home.run_dir, op, args, timeout_s=ASK_WITHIN_S)
    except QtError as error:
        raise CannotAct(str(error)) from None
    if isinstance(result, dict) and "sentence" in result:
        return str(result["sentence"])
    return f"{args['plugin']}.{args['action']} answered" if op == "call" else f"{op} was done"


def _inside(patient: Patient, path: str) -> Path:
    """The path in the home; nothing outside it is touched, whatever a remedy says."""
    root = patient.root.resolve()
    wanted = (root / path).resolve()
    if wanted != root and root not in wanted.parents:
        raise CannotAct(f"{path} does not lie in the home {root}")
    return root / path


def _made_private(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        os.fchmod(descriptor, mode & 0o700)
    finally:
        os.close(descriptor)
    return f"{path.name} was {mode:04o} and is {mode & 0o700:04o}"


def _removed(path: Path) -> str:
    if not stat.S_ISREG(path.lstat().st_mode) or not path.name.startswith("."):
        raise CannotAct(f"{path} is no half-written file")
    path.unlink()
    return f"removed {path.name}"


def _ended(patient: Patient, pid: int) -> str:
    """The number may belong to another process by now, so it is looked at once more."""
    seen = orphans(patient)
    if not isinstance(seen, Trouble) or str(pid) not in {finding.subject for finding in seen.findings}:
        raise CannotAct(f"process {pid} is none that a dead supervisor left behind")
    os.kill(pid, signal.SIGKILL)
    return f"ended process {pid}"
