"""Looks whether the checks of a drill hold on a rig now; each answer is what is wrong, empty where nothing is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from qtcore.drills.checks import (
    Check,
    CountsCheck,
    HealedCheck,
    HumanOnlyCheck,
    KeptCheck,
    OutsiderCheck,
    PostureCheck,
    QuarantinedCheck,
    ResolvedCheck,
    RestartedCheck,
    RestartsCheck,
    RunningCheck,
    SaysCheck,
    StatusCheck,
)
from qtcore.drills.document import Drill
from qtcore.drills.observing import Records
from qtcore.drills.outsiders import outsider
from qtcore.drills.rig import Rig
from qtcore.health.model import HealingOutcome, Rung
from qtcore.kernel.words import Lifecycle
from qtcore.records.journal_event import EventKind
from qtcore.records.state_file import StateFile

_ALWAYS_ALLOWED = (Rung.TIGHTEN_POSTURE, Rung.TELL_PERSON)


@dataclass(frozen=True, slots=True)
class Scene:
    """What checks are made against: the rig, the drill, and how everything was right before the fault."""

    rig: Rig
    drill: Drill | None
    application: Path
    before: Mapping[str, StateFile]
    hurt: frozenset[str]
    """Plugins that the fault strikes by itself."""


def wrong_with(check: Check, scene: Scene, records: Records) -> str:
    """What is wrong now, in a few words; empty when the check holds. What cannot be looked at does not hold."""
    try:
        return _wrong_with(check, scene, records)
    except Exception as error:  # noqa: BLE001 - an outsider's judge may meet the fault itself
        return f"it could not be looked at ({type(error).__name__}: {error})"


def _wrong_with(check: Check, scene: Scene, records: Records) -> str:  # noqa: C901, PLR0911, PLR0912 - a line a check
    match check:
        case PostureCheck():
            return _posture(check, scene, records)
        case RestartedCheck():
            return _restarted(check, scene, records)
        case RestartsCheck():
            count = restarts_of(check.plugin, records)
            return f"{count} restarts" if count > check.at_most else ""
        case QuarantinedCheck():
            return _lifecycle(scene, check.plugin, Lifecycle.QUARANTINED)
        case KeptCheck():
            return _kept(scene)
        case RunningCheck():
            return _running(scene)
        case StatusCheck():
            line = next((row for row in scene.rig.status()["plugins"] if row["name"] == check.plugin), None)
            return (
                "" if line and line["status"] == check.exactly else f"it is {line['status'] if line else 'not there'}"
            )
        case CountsCheck():
            status = scene.rig.status()
            sums = sum(status["counts"].values())
            return "" if sums == len(status["plugins"]) else f"{sums} counted, {len(status['plugins'])} plugins"
        case HumanOnlyCheck():
            return _improvised(records)
        case HealedCheck():
            return _healed(check, records)
        case SaysCheck():
            return _said(check, scene, records)
        case ResolvedCheck():
            return _unresolved(check, records)
        case OutsiderCheck():
            found = outsider(check.function, scene.application)(scene.rig.outside, **check.arguments)
            return "; ".join(found)
        case _:
            assert_never(check)


def restarts_of(plugin: str, records: Records) -> int:
    """How many generations of a plugin began since the fault."""
    return len(records.of(EventKind.GENERATION_RESERVED, plugin))


def _posture(check: PostureCheck, scene: Scene, records: Records) -> str:
    now = scene.rig.status()["posture"]
    if check.exactly:
        return "" if now == check.exactly else f"it is {now}"
    levels = scene.rig.assembly.configuration["posture"]["levels"]
    least = levels.index(check.at_least)
    reached = [level for at_s, level in records.postures if at_s >= 0 and level in levels]
    return "" if any(levels.index(level) >= least for level in [*reached, now] if level in levels) else f"it is {now}"


def _restarted(check: RestartedCheck, scene: Scene, records: Records) -> str:
    before, now = scene.before.get(check.plugin), scene.rig.states().get(check.plugin)
    if now is None or before is None or now.generation <= before.generation:
        return "it has no new life"
    if now.lifecycle is not Lifecycle.RUNNING:
        return f"it is {now.lifecycle}"
    causes = {event.cause for event in records.events if event.plugin == check.plugin and event.cause}
    causes |= {event.cause for event in records.events if event.host == before.host and event.cause}
    if check.cause is not None and check.cause not in causes:
        return f"the cause was {', '.join(sorted(causes)) or 'not told'}, not {check.cause}"
    return ""


def _lifecycle(scene: Scene, plugin: str, wanted: Lifecycle) -> str:
    now = scene.rig.states().get(plugin)
    return "" if now and now.lifecycle is wanted else f"it is {now.lifecycle if now else 'not there'}"


def _kept(scene: Scene) -> str:
    excused = touched_by(scene.hurt, scene.before)
    now = scene.rig.states()
    moved = [
        name
        for name, one in scene.before.items()
        if name not in excused and name in now and (one.generation, one.pid) != (now[name].generation, now[name].pid)
    ]
    return f"also touched: {', '.join(sorted(moved))}" if moved else ""


def touched_by(hurt: frozenset[str], before: Mapping[str, StateFile]) -> frozenset[str]:
    """Those hurt, whoever shares a process with them, and whoever needs one of these."""
    hosts = {before[name].host for name in hurt if name in before}
    found = {name for name, one in before.items() if one.host in hosts} | hurt
    while more := {name for name, one in before.items() if found & set(one.needs)} - found:
        found |= more
    return frozenset(found)


def _running(scene: Scene) -> str:
    states = scene.rig.states()
    away = [name for name in scene.rig.enabled if name not in states or states[name].lifecycle is not Lifecycle.RUNNING]
    return f"not running: {', '.join(away)}" if away else ""


def _improvised(records: Records) -> str:
    healed = [
        f"{event.plugin}: {event.reason}"
        for event in records.of(EventKind.HEALING)
        if event.details.get("rung") not in _ALWAYS_ALLOWED
    ]
    begun = {str(e.plugin) for e in records.of(EventKind.GENERATION_RESERVED)}
    asked = {str(e.plugin) for e in records.of(EventKind.OPERATOR_COMMAND)}
    reborn = [f"{name} was started" for name in sorted(begun - asked)]
    return "; ".join([*healed, *reborn])


def _healed(check: HealedCheck, records: Records) -> str:
    acts = records.of(EventKind.HEALING, check.plugin)
    said = [str(event.details["outcome"]) for event in acts]
    if HealingOutcome.PROVEN in said:
        return ""
    return f"healing said {', '.join(said)}" if said else "nothing was healed"


def _said(check: SaysCheck, scene: Scene, records: Records) -> str:
    codes = check.codes or (scene.drill.expect.found if scene.drill and scene.drill.expect else ())
    told = " ".join(one.text for one in records.findings if one.opened_s >= 0 and one.code in codes)
    missing = [word for word in check.words if word.lower() not in told.lower()]
    return f"{', '.join(missing)} is not said" if missing else ""


def _unresolved(check: ResolvedCheck, records: Records) -> str:
    known = set(check.codes)
    still = [
        one.code
        for one in records.findings
        if one.opened_s >= 0 and one.resolved_s is None and (not known or one.code in known)
    ]
    return f"still open: {', '.join(sorted(set(still)))}" if still else ""
