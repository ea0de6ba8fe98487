"""One blow at a running night, and what came of it: noticed, named, brought back, nobody else touched."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass, field
from enum import StrEnum

import psutil
from night import Entry, Night, Tenant

NOTICE_S = 15.0
BACK_S = 60.0
QUARANTINE_S = 60.0
GONE_S = 1.0
"""No process of a killed supervisor may outlive it by more."""

AT_WORK = "running"


class Blow(StrEnum):
    """How something is hurt."""

    KILL = "SIGKILL"
    STOP = "SIGSTOP"
    LOOP = "endless loop"
    GIL = "holds the lock"
    CRASH = "raises on each start"
    SUPERVISOR = "SIGKILL of the supervisor"


CULPRITS = {Blow.LOOP: "sleeper", Blow.GIL: "grabber"}
"""The drill plugin that does it, in its own host."""


@dataclass
class Wound:
    """What was hurt and what was seen of it; `faults` are broken promises, in sentences."""

    blow: Blow
    target: str
    noticed_ms: float = 0.0
    noticed_by: str = ""
    back_ms: float = 0.0
    ended: str = "back"
    collateral: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    stacks: bool = False
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        """One row of the table."""
        also = "+".join(self.collateral) or "-"
        paused = "+".join(self.paused) or "-"
        stacks = "stacks" if self.stacks else "-"
        return (
            f"{self.blow:26} {self.target:10} noticed {self.noticed_ms:7.0f} ms by {self.noticed_by:38}"
            f" {self.ended} {self.back_ms:7.0f} ms  {stacks:6}  collateral {also}  paused {paused}"
            + "".join(f"\n    FAULT {fault}" for fault in self.faults)
        )


def hurt_host(night: Night, blow: Blow, host: str) -> Wound:
    """Strike a host with a signal, or with what a drill plugin does in it."""
    night.until_running()
    before = night.tenants()
    mark = night.last_seq()
    if blow in CULPRITS:
        began = time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):  # nobody answers; the journal tells what came of it
            night.qt("call", f"{CULPRITS[blow]}.strike", "--timeout", "1", within_s=NOTICE_S)
    else:
        pid = pid_of(before, host)
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL if blow is Blow.KILL else signal.SIGSTOP)
    return _followed(night, Wound(blow, host), before, mark, began)


def pid_of(tenants: dict[str, Tenant], host: str) -> int:
    """The process of a host."""
    pids = {one.pid for one in tenants.values() if one.host == host and one.pid is not None}
    return pids.pop()


def _followed(night: Night, wound: Wound, before: dict[str, Tenant], mark: int, began: float) -> Wound:
    host = wound.target
    noticed = night.until_entry(
        lambda e: e.kind in ("host_suspected", "host_gone") and e.host == host,
        f"{wound.blow} of {host} noticed",
        after=mark,
        within_s=NOTICE_S,
    )
    gone = night.until_entry(
        lambda e: e.kind == "host_gone" and e.host == host, f"{host} gone", after=mark, within_s=NOTICE_S
    )
    if wound.blow in CULPRITS:  # the call took its own time to arrive; the host's silence is what counts
        began = noticed.at_s - _silence_s(noticed)
    wound.noticed_ms = (noticed.at_s - began) * 1e3
    wound.noticed_by = f"{noticed.kind} ({gone.cause})"
    residents = tuple(name for name, one in before.items() if one.host == host and one.lifecycle == AT_WORK)
    paused = tuple(sorted(night.dependents(residents) & before.keys()))
    wound.paused = tuple(name for name in paused if before[name].lifecycle == AT_WORK)
    returned = [_running_again(night, name, gone.seq, before[name].generation) for name in (*residents, *wound.paused)]
    wound.back_ms = (max(entry.at_s for entry in returned) - began) * 1e3
    wound.stacks = bool(gone.details.get("stacks"))
    ends = [e for e in night.journal(mark) if e.kind == "transition" and e.plugin in residents]
    wound.collateral = tuple(sorted({str(e.plugin) for e in ends if e.cause == "collateral"}))
    wound.faults += _misnamed(wound, gone, ends, residents)
    if blow_named := _unlike(wound.blow, noticed):
        wound.faults.append(blow_named)
    wound.faults += _touched(night, before, {*residents, *paused}, host)
    return wound


_WORDS = {Blow.STOP: "stopped by a signal", Blow.LOOP: "blocks the loop", Blow.GIL: "interpreter lock"}


def _unlike(blow: Blow, noticed: Entry) -> str:
    """What is wrong with the sentence by which a hang was noticed."""
    fits = _WORDS.get(blow, "") in noticed.reason
    return "" if fits else f'a {blow} is told as "{noticed.reason}"'


def _silence_s(noticed: Entry) -> float:
    found = re.search(r"silent for ([0-9.]+) s", noticed.reason)
    return float(found[1]) if found else 0.0


def _running_again(night: Night, name: str, after: int, generation: int) -> Entry:
    """The entry beyond `after` by which the plugin runs as a later generation."""
    return night.until_entry(
        lambda e: (
            e.kind == "transition"
            and e.plugin == name
            and e.details["after"] == AT_WORK
            and (e.generation or 0) > generation
        ),
        f"{name} running beyond generation {generation}",
        after=after,
        within_s=BACK_S,
    )


_CAUSES = {Blow.KILL: "signal", Blow.STOP: "hung", Blow.LOOP: "hung", Blow.GIL: "hung"}


def _misnamed(wound: Wound, gone: Entry, ends: list[Entry], residents: tuple[str, ...]) -> list[str]:
    """What the journal should have said of the death and did not."""
    faults = []
    if gone.cause != _CAUSES[wound.blow]:
        faults.append(f"host_gone names {gone.cause}, not {_CAUSES[wound.blow]}: {gone.reason}")
    if silent := set(residents) - {e.plugin for e in ends}:
        faults.append(f"no entry says what became of {', '.join(sorted(silent))}")
    if culprit := CULPRITS.get(wound.blow):
        if gone.details.get("culprit") != culprit or "strike" not in str(gone.details.get("stacks")):
            faults.append(f"{culprit} is not named with its stack: culprit {gone.details.get('culprit')}")
        if missing := set(residents) - {culprit} - set(wound.collateral):
            faults.append(f"not listed as collateral: {', '.join(sorted(missing))}")
    return faults


def _touched(night: Night, before: dict[str, Tenant], excused: set[str], host: str) -> list[str]:
    """Plugins elsewhere whose process or generation changed although nothing they need was hurt."""
    at_work = [name for name, one in before.items() if one.lifecycle == AT_WORK and name != "crasher"]
    night.until_running(at_work)  # state files trail the journal by a moment
    now = night.tenants()
    moved = [
        f"{name} was touched: generation {one.generation} pid {one.pid}, now {now[name].generation} pid {now[name].pid}"
        for name, one in before.items()
        if name not in excused and (one.generation, one.pid) != (now[name].generation, now[name].pid)
    ]
    moved += [
        f"the host of {name} was changed although only {host} was hurt"
        for name in excused
        if name in now and before[name].host != host and before[name].pid != now[name].pid
    ]
    return moved


def let_crash(night: Night) -> Wound:
    """Start the plugin that raises on each start, and wait until it is given up."""
    before = night.tenants()
    mark = night.last_seq()
    began = time.monotonic()
    night.qt("start", "crasher")
    wound = Wound(Blow.CRASH, "crasher", ended="quarantined")
    first = night.until_entry(
        lambda e: e.kind == "evidence" and e.plugin == "crasher", "the crash", after=mark, within_s=NOTICE_S
    )
    wound.noticed_ms = (first.at_s - began) * 1e3
    wound.noticed_by = f"{first.kind} ({first.cause})"
    wound.stacks = "CrashOnStart" in first.details["traceback"] or "faults.py" in first.details["traceback"]
    given_up = night.until_entry(
        lambda e: e.kind == "transition" and e.plugin == "crasher" and e.details["after"] == "quarantined",
        "crasher quarantined",
        after=mark,
        within_s=QUARANTINE_S,
    )
    wound.back_ms = (given_up.at_s - began) * 1e3
    found = [e for e in night.journal(mark) if e.kind == "finding_opened" and e.plugin == "crasher"]
    if not any("QT-PLUGIN-QUARANTINED" in e.reason for e in found):
        wound.faults.append("no finding says that crasher is quarantined")
    night.until_running(["bystander"])
    ends = [e for e in night.journal(mark) if e.kind == "transition" and e.cause == "collateral"]
    wound.collateral = tuple(sorted({str(e.plugin) for e in ends}))
    if wound.collateral != ("bystander",):
        wound.faults.append(f"its host was made anew, yet the collateral is {wound.collateral}, not bystander")
    wound.faults += _touched(night, before, {"crasher", "bystander"}, "drill")
    return wound


def kill_supervisor(night: Night) -> Wound:
    """SIGKILL the supervisor, see every process of it gone, and start again on the same home."""
    night.until_running()
    processes = night.processes()
    mark = night.last_seq()
    wound = Wound(Blow.SUPERVISOR, "all", ended="back")
    began = time.monotonic()
    night.kill_supervisor()
    left = _left(processes)
    while left and time.monotonic() - began < 10 * GONE_S:
        time.sleep(0.005)
        left = _left(processes)
    wound.noticed_ms = (time.monotonic() - began) * 1e3
    wound.noticed_by = f"the last of {len(processes)} processes gone"
    if left or wound.noticed_ms > GONE_S * 1e3:
        wound.faults.append(f"outlived the supervisor by {wound.noticed_ms:.0f} ms: {left}")
    night.begin()
    died = night.until_entry(
        lambda e: e.kind == "supervisor_died", "the death written down", after=mark, within_s=BACK_S
    )
    started = night.until_entry(lambda e: e.kind == "supervisor_started", "a new start", after=mark, within_s=BACK_S)
    names = [name for tenants in night.hosts.values() for name in tenants]
    back = [_running_again(night, name, started.seq, 0) for name in names]
    wound.back_ms = (max(e.at_s for e in back) - began) * 1e3
    wound.noticed_by += f", {died.kind}"
    return wound


def _left(processes: list[psutil.Process]) -> list[str]:
    return [f"{one.pid}" for one in processes if _alive(one)]


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
