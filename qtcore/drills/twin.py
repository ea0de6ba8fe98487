"""The twin of a system's drills: the same configuration and seed, and no fault. It must raise nothing."""

from __future__ import annotations

import time
from pathlib import Path

from qtcore.drills.assembly import system_of
from qtcore.drills.conduct import await_ready, harm_of
from qtcore.drills.document import Drills
from qtcore.drills.doing import carry_out
from qtcore.drills.observing import records_of
from qtcore.drills.results import TwinResult
from qtcore.drills.rig import NotCarriedOutError, Rig, now_s
from qtcore.errors import QtError


def twin_of(drills: Drills, rig: Rig, application: Path, ids: tuple[str, ...], lasts_s: float) -> TwinResult:
    """Run it undisturbed for so long, doing what its drills do in ordinary work."""
    name, began = rig.assembly.name, time.monotonic()
    try:
        raised, harm = _undisturbed(drills, rig, application, lasts_s)
    except (NotCarriedOutError, QtError, OSError, ValueError) as error:
        return TwinResult(system=name, drills=ids, lasted_s=_since(began), error=f"{error} [{rig.tail()}]")
    finally:
        rig.close()
    return TwinResult(system=name, drills=ids, lasted_s=_since(began), raised=raised, harm=harm)


def _undisturbed(
    drills: Drills, rig: Rig, application: Path, lasts_s: float
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    system = system_of(drills, rig.assembly.name)
    began = now_s()
    rig.begin()
    known = frozenset(system.known)
    await_ready(rig, system.ready, application, known)
    ready = now_s()
    for act in system.twin:
        carry_out(act, rig, application)
    rig.pause(max(0.0, began + lasts_s - now_s()))
    findings = [one for one in records_of(rig.journal(), ready).findings if one.code not in known]
    raised = tuple(
        f"{one.code} of {one.plugin or 'the supervisor'} {_when(one.opened_s)}: {one.text[:200]}"
        for one in findings
        if one.opened_s >= 0 or one.resolved_s is None
    )
    harm = {kind: found for kind, found in harm_of(drills, rig, application).items() if found}
    return raised, harm


def _when(opened_s: float) -> str:
    return f"{opened_s:.1f} s after it was ready" if opened_s >= 0 else "before it was ready"


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)
