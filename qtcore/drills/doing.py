"""Carries out acts on a rig."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, assert_never

from qtcore.drills.acts import (
    Act,
    AgeAct,
    CallAct,
    ConfigureAct,
    OutsiderAct,
    QtAct,
    RemoveAct,
    SecondAct,
    SignalAct,
    WaitAct,
    WriteAct,
)
from qtcore.drills.assembly import as_text, merged
from qtcore.drills.outsiders import outsider
from qtcore.drills.rig import NotCarriedOutError, Rig

SECOND_S = 30.0
SUCCESSOR_S = 0.02
"""So often it is looked for whoever has taken the place of a process that got a signal."""


def carry_out(act: Act, rig: Rig, application: Path) -> None:
    """Do it. Raises NotCarriedOutError."""
    match act:
        case SignalAct():
            _signal(rig, act)
        case CallAct():
            _command(rig, ("call", act.action, json.dumps(act.arguments)), 0, 20.0)
        case QtAct():
            _command(rig, act.words, act.exit, act.within_s)
        case WriteAct():
            _whole(_place(rig, act), act.text)
        case RemoveAct():
            _place(rig, act).unlink(missing_ok=True)
        case AgeAct():
            _age(rig, act)
        case ConfigureAct():
            _configure(rig, act.patch)
        case OutsiderAct():
            outsider(act.function, application)(rig.outside, **act.arguments)
        case WaitAct():
            rig.pause(act.seconds)
        case SecondAct():
            _second(rig)
        case _:
            assert_never(act)


def _signal(rig: Rig, act: SignalAct) -> None:
    number = signal.Signals[f"SIG{act.signal}"]
    deadline = time.monotonic() + act.for_s
    struck = rig.signal(number, act.plugin)
    while act.plugin and time.monotonic() < deadline:
        time.sleep(SUCCESSOR_S)
        if rig.state(act.plugin).pid not in {None, struck}:
            with suppress(ProcessLookupError):  # it has ended by itself meanwhile, and will have a successor
                struck = rig.signal(number, act.plugin)


def _command(rig: Rig, words: tuple[str, ...], exit_code: int | str, within_s: float) -> None:
    try:
        done = rig.qt(*words, within_s=within_s)
    except subprocess.TimeoutExpired:
        if exit_code == "any":
            return
        raise NotCarriedOutError(f"`qt {' '.join(words)}` did not end within {within_s:g} s") from None
    if exit_code not in ("any", done.returncode):
        said = (done.stderr or done.stdout).strip()[-300:]
        raise NotCarriedOutError(f"`qt {' '.join(words)}` ended with {done.returncode}: {said}")


def _place(rig: Rig, act: WriteAct | RemoveAct) -> Path:
    return (rig.home.root if act.where == "home" else rig.folder) / act.file


def _whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _age(rig: Rig, act: AgeAct) -> None:
    then = time.time() - act.hours * 3600
    for path in rig.home.root.glob(act.files):
        try:
            os.utime(path, (then, then))
        except FileNotFoundError:
            continue  # replaced by its writer in this moment


def _configure(rig: Rig, patch: dict[str, Any]) -> None:
    _whole(rig.configuration_path, as_text(merged(rig.assembly.configuration, patch)))


def _second(rig: Rig) -> None:
    process = rig.second()
    try:
        code = process.wait(SECOND_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait(SECOND_S)
        raise NotCarriedOutError("the second start was not refused") from None
    rig.outside.memory["second"] = (code, rig.output("second.txt"))
