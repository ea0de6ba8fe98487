"""What the kernel tells about a process, read from `/proc`; the caller holds the pid (it has not reaped it)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


class RunDelay(NamedTuple):
    """How the scheduler has treated a thread since it began."""

    ran_ns: int
    """It had a processor."""
    delayed_ns: int
    """It was ready to run but had none."""


@dataclass(frozen=True, slots=True)
class ProcFacts:
    """One process at one moment; times are of its whole life."""

    state: str
    """One letter: R running, S sleeping, D uninterruptible, T stopped, t traced, Z dead."""
    tracer_pid: int
    wchan: str
    """Kernel function in which the main thread waits; empty when it runs or the kernel does not say."""
    rss_bytes: int
    threads: int
    cpu_s: float
    main_thread: RunDelay

    @property
    def stopped(self) -> bool:
        """Stopped by a signal, not by a debugger."""
        return self.state == "T" and not self.tracer_pid

    @property
    def traced(self) -> bool:
        """A debugger holds it."""
        return self.tracer_pid != 0


def facts(pid: int) -> ProcFacts | None:
    """The facts of a live or dead (unreaped) process; None when it is gone."""
    folder = _PROC / str(pid)
    try:
        fields = _after_name(_read(folder / "stat"))
        status = _read(folder / "status")
    except OSError:
        return None
    return ProcFacts(
        state=fields[0],
        tracer_pid=_status_number(status, "TracerPid:"),
        wchan=_wchan(folder),
        rss_bytes=int(fields[21]) * _PAGE,
        threads=int(fields[17]),
        cpu_s=(int(fields[11]) + int(fields[12])) * _TICK_S,
        main_thread=run_delay(pid),
    )


def state(pid: int) -> str:
    """One letter as in `ProcFacts.state`; X when it is gone."""
    try:
        return _after_name(_read(_PROC / str(pid) / "stat"))[0]
    except OSError:
        return "X"


def run_delay(pid: int) -> RunDelay:
    """The main thread's figures; zeros where the kernel does not count."""
    try:
        ran, delayed, _ = _read(_PROC / str(pid) / "schedstat").split()
    except (OSError, ValueError):
        return RunDelay(0, 0)
    return RunDelay(int(ran), int(delayed))


def session(pid: int) -> int | None:
    """The session that a live or dead process belongs to; None when it is gone."""
    try:
        return int(_after_name(_read(_PROC / str(pid) / "stat"))[3])
    except OSError:
        return None


def environment(pid: int) -> list[str]:
    """The `NAME=value` pairs with which the process's program was started; empty when it is gone or foreign."""
    try:
        return (_PROC / str(pid) / "environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def is_dead(pid: int) -> bool:
    """It is gone or waits to be reaped."""
    try:
        return _after_name(_read(_PROC / str(pid) / "stat"))[0] in "ZX"
    except OSError:
        return True


def children() -> tuple[int, ...]:
    """Pids of this process's children, dead and unreaped ones included."""
    found: list[int] = []
    for task in (_PROC / "self" / "task").iterdir():
        try:
            found += [int(pid) for pid in _read(task / "children").split()]
        except OSError:  # the thread has ended since
            continue
    return tuple(found)


def own_threads() -> int:
    """How many threads this process has, those of C libraries included."""
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 - no Path objects in a process about to fork


def oom_kills() -> int:
    """How many processes the kernel has killed for want of memory since boot."""
    try:
        lines = _read(_PROC / "vmstat").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _read(path: Path) -> str:
    # os.read is several times cheaper than Path.read_text, and the watch reads on every wake-up.
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 16_384).decode(errors="replace")
    finally:
        os.close(fd)


def _after_name(stat: str) -> list[str]:
    """The fields of `stat` from the state on; the name before it may hold spaces and parentheses."""
    return stat[stat.rindex(")") + 2 :].split()


def _status_number(status: str, label: str) -> int:
    line = next((line for line in status.splitlines() if line.startswith(label)), f"{label} 0")
    return int(line.split()[1])


def _wchan(folder: Path) -> str:
    try:
        name = _read(folder / "wchan")
    except OSError:
        return ""
    return "" if name == "0" else name
