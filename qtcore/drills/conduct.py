"""Conducts one drill from its start to proven recovery, and writes down what could be seen from outside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from qtcore.drills.acts import Act, SignalAct
from qtcore.drills.assembly import assembled, system_of
from qtcore.drills.assessing import Scene, wrong_with
from qtcore.drills.checks import Check, RestartedCheck, shown
from qtcore.drills.document import Drill, Drills
from qtcore.drills.doing import carry_out
from qtcore.drills.judging import Heading, Observation, Refusal, expected_in
from qtcore.drills.observing import Records, Seen, records_of
from qtcore.drills.outsiders import outsider
from qtcore.drills.results import CheckLine
from qtcore.drills.rig import NotCarriedOutError, Rig, now_s
from qtcore.errors import QtError
from qtcore.report.from_records import SILENT
from qtcore.report.gather import gather

START_S = 120.0
REFUSAL_S = 40.0
QUIET_S = 2.0
"""Before a fault nothing may have changed for so long."""
DECOY_S = 6.0
LOOK_S = 0.2
HEADING_S = 1.0
_HOURS = 1.0

Home = Callable[[str], Path | None]


@dataclass
class Watch:
    """What is seen of a rig from one moment on."""

    rig: Rig
    began_s: float
    mark: int
    headings: list[Heading] = field(default_factory=list)
    silent: Seen | None = None
    next_heading_s: float = 0.0

    def look(self) -> Records:
        """The records up to now; the report is asked as often as `HEADING_S` says."""
        now = now_s()
        if now >= self.next_heading_s:
            self.next_heading_s = now + HEADING_S
            self._read_report(now - self.began_s)
        found = records_of(self.rig.journal(self.mark), self.began_s)
        extra = (self.silent,) if self.silent else ()
        return Records((*found.findings, *extra), found.postures, found.events)

    def _read_report(self, at_s: float) -> None:
        """The causes in the order of the report; a supervisor that does not answer is found by its readers."""
        said = self.rig.status()["supervisor"]["findings"]
        if SILENT in said and self.silent is None:
            self.silent = Seen(SILENT, "", "", now_s() - self.began_s, text="the supervisor does not answer")
        report = gather(self.rig.home, _HOURS)
        groups = [(one.cause.code, *(effect.code for effect in one.effects)) for one in report.groups]
        if SILENT in said and not any(SILENT in group for group in groups):
            groups.insert(0, (SILENT,))
        if self.silent and SILENT not in said and self.silent.resolved_s is None:
            self.silent = Seen(SILENT, "", "", self.silent.opened_s, at_s, self.silent.text)
        if groups:
            self.headings.append(Heading(at_s, tuple(groups)))


class Conductor:
    """Conducts drills of one file; each in a folder of its own."""

    def __init__(
        self, drills: Drills, application: Path, seed: int, home: Home, interrupted: threading.Event | None = None
    ) -> None:
        self._drills = drills
        self._application = application
        self._seed = seed
        self._home = home
        self._interrupted = interrupted

    def conduct(self, drill: Drill, folder: Path, cache: Path | None = None) -> Observation:
        """Carry it out; whatever goes wrong is in the observation, and no process is left behind."""
        began = time.monotonic()
        rig = self._rig(drill, folder, cache)
        try:
            seen = self._refusal(drill, rig) if drill.refuses_start else self._fault(drill, rig)
        except (NotCarriedOutError, QtError, OSError, ValueError) as error:
            seen = Observation(error=f"{error} [{rig.tail()}]")
        finally:
            rig.close()
        return replace(seen, took_s=time.monotonic() - began)

    def _rig(self, drill: Drill, folder: Path, cache: Path | None) -> Rig:
        patch = outsider(drill.fault.configure, self._application)() if drill.fault.configure else {}
        assembly = assembled(self._drills, drill.system, self._application, self._seed).hurt(drill.fault, patch)
        home = self._home(drill.system)
        return Rig(assembly, folder, self._application, made_home=home, cache=cache, interrupted=self._interrupted)

    # --- a start that must be refused ----------------------------------------------------------

    def _refusal(self, drill: Drill, rig: Rig) -> Observation:
        began = now_s()
        rig.begin()
        while rig.ended() is None and now_s() - began < REFUSAL_S and not rig.running():
            rig.pause(LOOK_S / 4)
        refusal = Refusal(rig.ended(), rig.output(), now_s() - began)
        return Observation(refusal=refusal, handling=tuple(_held(check, refusal.after_s) for check in drill.handled))

    # --- a fault in a running system -------------------------------------------------------------

    def _fault(self, drill: Drill, rig: Rig) -> Observation:
        rig.begin()
        known = frozenset(system_of(self._drills, drill.system).known)
        scene = self._settled(drill, rig, known)
        decoyed = self._decoyed(drill, rig) if drill.decoys else ()
        scene = self._scene(drill, rig) if drill.fault.acts else scene
        mark = rig.last_seq() if drill.fault.acts else 0
        began = now_s() if drill.fault.acts else _ready_at(rig, drill, now_s())
        watch = Watch(rig, began, mark)
        self._do(drill.fault.acts, rig)
        handling = self._followed(drill, scene, watch)
        lifted = now_s()
        self._do(drill.lift, rig)
        recovery = self._awaited(drill.recovered, scene, watch, lifted, drill.limits.recover_s)
        records = watch.look()
        code, said = rig.outside.memory.pop("second", (None, ""))
        return Observation(
            findings=(*decoyed, *_of_the_fault(records.findings, lies_in_start=not drill.fault.acts)),
            known=known,
            headings=tuple(watch.headings),
            refusal=Refusal(code, said, handling[0].after_s or 0.0 if handling else 0.0) if drill.refused else None,
            handling=handling,
            recovery=recovery,
            harm=harm_of(self._drills, rig, self._application),
        )

    def _settled(self, drill: Drill, rig: Rig, known: frozenset[str]) -> Scene:
        """Wait until everything runs, what the system needs holds, and nothing is found; then prepare."""
        scene = await_ready(rig, system_of(self._drills, drill.system).ready, self._application, known, drill)
        if drill.prepare:
            self._do(drill.prepare, rig)
        return self._scene(drill, rig) if drill.prepare else scene

    def _decoyed(self, drill: Drill, rig: Rig) -> tuple[Seen, ...]:
        """What was found because of the decoys: it was before the fault, so it is wrong."""
        began, mark = now_s(), rig.last_seq()
        self._do(drill.decoys, rig)
        rig.pause(DECOY_S)
        found = records_of(rig.journal(mark), began + DECOY_S).findings
        return tuple(one for one in found if one.opened_s < 0)

    def _scene(self, drill: Drill, rig: Rig) -> Scene:
        return Scene(rig, drill, self._application, rig.states(), hurt_by(drill))

    def _followed(self, drill: Drill, scene: Scene, watch: Watch) -> tuple[CheckLine, ...]:
        """Look until it is found and handled, or time is up."""
        limit = max(drill.limits.handle_s, drill.limits.detect_s)
        waiting, done = list(drill.handled), {}
        while True:
            records = watch.look()
            for check in list(waiting):
                if not wrong_with(check, scene, records):
                    done[id(check)] = _held(check, now_s() - watch.began_s)
                    waiting.remove(check)
            found = drill.expect is None or expected_in(drill.expect, records.findings) is not None
            late = now_s() - watch.began_s > limit
            if (found and not waiting and _named(drill, watch)) or late:
                break
            scene.rig.pause(LOOK_S)
        lines = [done.get(id(check)) or _not_held(check, scene, records) for check in drill.handled]
        return tuple(_again(line, check, scene, watch) for line, check in zip(lines, drill.handled, strict=True))

    def _awaited(
        self, checks: Iterable[Check], scene: Scene, watch: Watch, since_s: float, within_s: float
    ) -> tuple[CheckLine, ...]:
        """Look until every check holds at once, or time is up."""
        checks = tuple(checks)
        while checks:
            records = watch.look()
            wrong = [wrong_with(check, scene, records) for check in checks]
            after = now_s() - since_s
            if not any(wrong) or after > within_s:
                return tuple(
                    CheckLine(check=shown(check), holds=not one, after_s=round(after, 3), wrong=one)
                    for check, one in zip(checks, wrong, strict=True)
                )
            scene.rig.pause(LOOK_S)
        return ()

    def _do(self, acts: Iterable[Act], rig: Rig) -> None:
        for act in acts:
            carry_out(act, rig, self._application)


def harm_of(drills: Drills, rig: Rig, application: Path) -> dict[str, tuple[str, ...]]:
    """What the outside judge of harm says, by kind."""
    if drills.harm is None:
        return {}
    found = outsider(drills.harm, application)(rig.outside)
    return {kind: tuple(sentences) for kind, sentences in found.items()}


def await_ready(
    rig: Rig, ready: Iterable[Check], application: Path, known: frozenset[str], drill: Drill | None = None
) -> Scene:
    """Wait until everything runs, `ready` holds and nothing is found. Raises NotCarriedOutError."""
    deadline, quiet_since = now_s() + START_S, 0.0
    wrong = ""
    while now_s() < deadline:
        if (code := rig.ended()) is not None:
            raise NotCarriedOutError(f"`qt up` ended with {code}: {rig.output()[-600:].strip()}")
        scene = Scene(rig, drill, application, rig.states(), hurt_by(drill) if drill else frozenset())
        wrong = _unready(rig, ready, scene, known, drill)
        quiet_since = 0.0 if wrong else quiet_since or now_s()
        if quiet_since and now_s() - quiet_since >= QUIET_S:
            return scene
        rig.pause(LOOK_S)
    raise NotCarriedOutError(f"not ready within {START_S:g} s: {wrong}")


def _unready(rig: Rig, ready: Iterable[Check], scene: Scene, known: frozenset[str], drill: Drill | None) -> str:
    if not rig.running():
        return "not everything runs"
    records = records_of(rig.journal(), now_s())
    wrong = [f"{shown(check)}: {one}" for check in ready if (one := wrong_with(check, scene, records))]
    allowed = known | (drill.expect.allowed if drill and drill.expect and not drill.fault.acts else frozenset())
    found = {one.code for one in records.findings if one.resolved_s is None} - allowed
    return "; ".join([*wrong, *(f"{code} is open" for code in sorted(found))])


def _of_the_fault(findings: Iterable[Seen], *, lies_in_start: bool) -> tuple[Seen, ...]:
    """Without what comes and goes in any start, where the fault lies in the start itself."""
    return tuple(one for one in findings if not (lies_in_start and one.opened_s < 0 and one.resolved_s is not None))


def hurt_by(drill: Drill) -> frozenset[str]:
    """The plugins that a drill strikes by itself: what it signals, what it expects to be found sick or restarted."""
    found = {act.plugin for act in drill.fault.acts if isinstance(act, SignalAct) and act.plugin}
    found |= {check.plugin for check in drill.handled if isinstance(check, RestartedCheck)}
    if drill.expect and drill.expect.plugin:
        found.add(drill.expect.plugin)
    return frozenset(found)


def _named(drill: Drill, watch: Watch) -> bool:
    """Whether a report has been read in which something of the fault stands."""
    if drill.expect is None:
        return True
    return any(set(group) & drill.expect.allowed for heading in watch.headings for group in heading.groups)


def _ready_at(rig: Rig, drill: Drill, otherwise: float) -> float:
    """When the plugin that a faulty start is about began to run; without one, when the system began to be looked at."""
    plugin = drill.expect.plugin if drill.expect else None
    for event in rig.journal():
        if plugin and event.plugin == plugin and event.details.get("after") == "running":
            return event.at.monotonic_s
    return otherwise


def _held(check: Check, after_s: float) -> CheckLine:
    return CheckLine(check=shown(check), holds=True, after_s=round(after_s, 3))


def _not_held(check: Check, scene: Scene, records: Records) -> CheckLine:
    return CheckLine(check=shown(check), holds=False, wrong=wrong_with(check, scene, records) or "too late")


_STAYS = {"kept", "human_only", "restarts"}
"""Checks that say that something has not happened: they must hold to the end."""


def _again(line: CheckLine, check: Check, scene: Scene, watch: Watch) -> CheckLine:
    if check.check not in _STAYS or not line.holds:
        return line
    wrong = wrong_with(check, scene, watch.look())
    return line if not wrong else line.model_copy(update={"holds": False, "wrong": wrong})
