"""The supervisor: alive, silent, stopped or dead; its lock, its sockets, and what a dead one left running."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import psutil

from qtcore.control.client import SOCKET_NAME, NotAnswering, NotRunning, ask
from qtcore.doctor.check import Check, Fine, Patient, Skipped, Trouble, Verdict
from qtcore.health import home_kinds as kinds
from qtcore.health.model import Finding
from qtcore.health.supervisor_kinds import DIED, SILENT
from qtcore.hosts import proc
from qtcore.hosts.orphans import HOST_TAG
from qtcore.records.held import boot_id
from qtcore.records.lock import LockHolder
from qtcore.report.durations import ago, clock_time
from qtcore.report.from_records import remember

ANSWER_WITHIN_S = 1.0
"""It answers in milliseconds while it runs at all."""


def alive(patient: Patient) -> Verdict:
    """Whether it runs and answers; where not, how and when it ended."""
    home, holder = patient.home, patient.home.holder
    if patient.elsewhere:
        return _at_the_time(patient)
    if home.running and holder:
        return _answering(patient, holder)
    run = remember(home).run
    if run is None:
        return Skipped("no supervisor has run on this home yet")
    since = f"{clock_time(run.last_event.wall)} ({ago(run.last_event.wall, patient.now.wall)} ago)"
    if run.ended_in_order:
        return Fine(f"stopped in order, {since}")
    return Trouble((DIED.found(f"the supervisor ended without stopping in order, {since}"),))


def _answering(patient: Patient, holder: LockHolder) -> Verdict:
    try:
        ask(patient.home.run_dir, "status", timeout_s=ANSWER_WITHIN_S)
    except NotRunning:
        return Fine(f"pid {holder.pid} is just starting or ending")
    except NotAnswering:
        facts = proc.facts(holder.pid)
        why = "was stopped by a signal" if facts and facts.stopped else "does not answer"
        summary = f"the supervisor (pid {holder.pid}) {why}"
        return Trouble((SILENT.found(summary, evidence={"pid": holder.pid, "state": facts.state if facts else None}),))
    return Fine(f"pid {holder.pid} answers, up {ago(holder.started, patient.now.wall)}")


def _at_the_time(patient: Patient) -> Verdict:
    run = remember(patient.home).run
    return (
        Skipped("the bundle holds no journal") if run is None else Fine(f"last heard {clock_time(run.last_event.wall)}")
    )


def lock(patient: Patient) -> Verdict:
    """The lock file tells who holds the home."""
    path, holder = patient.home.lock_path, patient.home.holder
    if not path.exists():
        return Skipped("nobody has held this home yet")
    if holder is None:
        return Trouble((kinds.DAMAGED.found(f"{path} does not say who wrote it", subject=path.name),))
    held = "held by" if patient.home.running else "last held by"
    return Fine(
        f"{held} pid {holder.pid}{'' if holder.boot_id == boot_id() else ', before the machine was started anew'}"
    )


def sockets(patient: Patient) -> Verdict:
    """The run folder is ours alone, and a running supervisor's socket is in it."""
    folder = patient.home.run_dir
    if not folder.exists():
        if patient.home.running:
            return Trouble((kinds.SOCKET.found(f"the folder of the sockets, {folder}, is gone", subject=str(folder)),))
        return Skipped("nothing runs, so there are no sockets")
    return Trouble.of(_wrong_sockets(folder, running=patient.home.running), str(folder))


def _wrong_sockets(folder: Path, *, running: bool) -> Iterator[Finding]:
    found = folder.lstat()
    if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
        yield kinds.SOCKET.found(f"{folder} is not yours alone ({stat.filemode(found.st_mode)})", subject=str(folder))
    if running and not (folder / SOCKET_NAME).exists():
        yield kinds.SOCKET.found(f"a supervisor runs, and {folder / SOCKET_NAME} is gone", subject=SOCKET_NAME)


def orphans(patient: Patient) -> Verdict:
    """Processes whose supervisor of this home is dead."""
    if patient.home.running:
        return Fine("its processes are its own business while it runs")
    holder = patient.home.holder
    if holder is None or holder.boot_id != boot_id():
        return Fine("none can be left")
    logs = str(patient.home.logs)
    return Trouble.of((_orphan(pid) for pid in _living(logs)), "none is left")


def _living(logs: str) -> Iterator[int]:
    """Processes of this user that began as one of our hosts and write into this home's logs."""
    for process in psutil.process_iter(["pid", "uids"]):
        uids = process.info["uids"]
        if uids is None or uids.real != os.geteuid() or process.pid == os.getpid():
            continue
        tagged = any(entry.startswith(HOST_TAG) for entry in proc.environment(process.pid))
        if (tagged or _is_host(process)) and _writes_into(process.pid, logs):
            yield process.pid


def _is_host(process: psutil.Process) -> bool:
    try:
        return any("qtcore.hosts" in word for word in process.cmdline())
    except psutil.Error:
        return False


def _writes_into(pid: int, folder: str) -> bool:
    try:
        return any(str(entry.readlink()).startswith(folder) for entry in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def _orphan(pid: int) -> Finding:
    facts = proc.facts(pid)
    state = "stopped" if facts and facts.stopped else f"in state {facts.state}" if facts else "ending"
    return kinds.ORPHANS.found(f"process {pid} of the dead supervisor is {state}", subject=str(pid))


CHECKS = (
    Check("supervisor", alive, elsewhere=True),
    Check("supervisor.lock", lock),
    Check("supervisor.sockets", sockets),
    Check("supervisor.orphans", orphans),
)
