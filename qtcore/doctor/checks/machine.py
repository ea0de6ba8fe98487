"""This machine: its clock, what its kernel can do, its limits, its packages, and the endpoint that spans go to."""

from __future__ import annotations

import os
import re
import resource
import socket
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from packaging.requirements import Requirement

from qtcore.doctor.check import Check, Fine, Patient, Skipped, Trouble, Verdict
from qtcore.health import home_kinds as kinds
from qtcore.health.model import Finding, Severity
from qtcore.health.supervisor_kinds import TELEMETRY_UNSENT
from qtcore.hosts.linux import set_subreaper
from qtcore.records.held import boot_id
from qtcore.records.journal_event import EventKind
from qtcore.records.journal_reader import JournalReader
from qtcore.telemetry.remote import endpoint_of

LEAST_FILES = 1024
LEAST_MEMORY_MB = 256
STEP_S = 2.0
"""A clock that is kept by a time service drifts by milliseconds."""
CONNECT_S = 1.0
_PATIENCE_S = 6.0
"""Looking through what is installed takes a while where processors are short."""
NEWEST_PYTHON = (3, 13)
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)$", re.MULTILINE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def clock_steps(patient: Patient) -> Verdict:
    """Wall and monotonic clock have gone equally far since the last event of this boot."""
    if not patient.home.journal.exists():
        return Skipped("there is nothing to compare with yet")
    with JournalReader.open(patient.home.journal) as journal:
        events = journal.read(kinds=[EventKind.SUPERVISOR_STARTED], limit=1, newest=True)
    if not events or events[0].at.boot_id != boot_id():
        return Skipped("no supervisor has started since this machine was")
    then = events[0].at
    step_s = (patient.now.wall - then.wall).total_seconds() - (patient.now.monotonic_s - then.monotonic_s)
    if abs(step_s) < STEP_S:
        return Fine(f"in step within {abs(step_s):.1f} s since the last start")
    way = "forward" if step_s > 0 else "back"
    summary = f"the clock was set {way} by {abs(step_s):,.0f} s since the last start"
    return Trouble((kinds.CLOCK.found(summary, evidence={"step_s": round(step_s, 1)}),))


def clock_sane(patient: Patient) -> Verdict:
    """Now is not before the newest event."""
    if not patient.home.journal.exists():
        return Fine(f"{patient.now.wall:%Y-%m-%d %H:%M:%S} UTC")
    with JournalReader.open(patient.home.journal) as journal:
        newest = journal.read(limit=1, newest=True)
    ahead_s = (newest[0].at.wall - patient.now.wall).total_seconds() if newest else 0.0
    if ahead_s < STEP_S:
        return Fine(f"{patient.now.wall:%Y-%m-%d %H:%M:%S} UTC")
    return Trouble((kinds.CLOCK.found(f"the newest event lies {ahead_s:,.0f} s in the future", subject="behind"),))


def pidfd(_patient: Patient) -> Verdict:
    """Processes can be held on to without their number."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError) as error:
        return _lacking(f"pidfd_open is refused ({error})", "pidfd")
    return Fine("pidfd_open works")


def memfd(_patient: Patient) -> Verdict:
    """Heartbeats can be shared in memory."""
    try:
        os.close(os.memfd_create("qt-doctor"))
    except (AttributeError, OSError) as error:
        return _lacking(f"memfd_create is refused ({error})", "memfd")
    return Fine("memfd_create works")


def subreaper(_patient: Patient) -> Verdict:
    """Forked hosts can be adopted; tried in the check's own process."""
    try:
        set_subreaper(True)
    except OSError as error:
        return _lacking(f"this process may not adopt others ({error})", "subreaper")
    set_subreaper(False)
    return Fine("descendants can be adopted")


def proc_readable(_patient: Patient) -> Verdict:
    """`/proc` tells stopped, starved and hung processes apart."""
    return Fine("/proc tells about processes") if Path("/proc/self/stat").exists() else _lacking("no /proc", "proc")


def user(_patient: Patient) -> Verdict:
    """Not root, so that file permissions mean something."""
    if os.geteuid() == 0:
        summary = "you are root, so file permissions protect nothing from plugins; use a user of its own"
        return Trouble((kinds.PROTECTION.found(summary, subject="root", severity=Severity.LOW),))
    return Fine(f"uid {os.geteuid()}")


def open_files(_patient: Patient) -> Verdict:
    """Enough descriptors for every host, socket and file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft in {resource.RLIM_INFINITY, -1} or soft >= LEAST_FILES:
        return Fine(f"{soft} open files are allowed")
    summary = f"only {soft} open files are allowed (at most {hard}); {LEAST_FILES} are wanted"
    return Trouble((kinds.LIMITS.found(summary, subject="open files"),))


def memory(_patient: Patient) -> Verdict:
    """Memory that is left."""
    free_mb = psutil.virtual_memory().available / 2**20
    if free_mb >= LEAST_MEMORY_MB:
        return Fine(f"{free_mb:,.0f} MB of memory available")
    summary = f"only {free_mb:,.0f} MB of memory are available"
    return Trouble((kinds.LIMITS.found(summary, subject="memory", severity=Severity.HIGH),))


def python_version(_patient: Patient) -> Verdict:
    """One of those that this is tested with."""
    here = sys.version_info[:3]
    told = ".".join(map(str, here))
    if here[:2] <= NEWEST_PYTHON:
        return Fine(f"Python {told}")
    return Trouble((kinds.PACKAGES.found(f"Python {told} is newer than what this is tested with", subject="python"),))


def requirements(_patient: Patient) -> Verdict:
    """What qtcore itself needs is installed, in versions that it can use."""
    needed = [Requirement(text) for text in requires("qtcore") or ()]
    base = [need for need in needed if need.marker is None or need.marker.evaluate({"extra": ""})]
    return Trouble.of(_unmet(base), f"all {len(base)} packages that qtcore needs")


def _unmet(needed: list[Requirement]) -> Iterator[Finding]:
    for need in needed:
        found = _installed(need.name)
        if found is None or found not in need.specifier:
            summary = f"{need} is needed and {found or 'nothing'} is installed"
            yield kinds.PACKAGES.found(summary, subject=need.name, severity=Severity.HIGH)


def constraints(patient: Patient) -> Verdict:
    """Installed packages are the ones that are known to work together."""
    path = patient.config.parent / "constraints.txt"
    if not path.exists():
        return Skipped(f"there is no {path.name} beside {patient.config.name}")
    pins = _PINNED.findall(path.read_text(encoding="utf-8"))
    other = [(name, pin, found) for name, pin in pins if (found := _installed(name)) and found != pin]
    return Trouble.of(
        (
            kinds.PACKAGES.found(f"{name} {found} is installed, {pin} is known to work", subject=name)
            for name, pin, found in other
        ),
        f"{len(pins)} pins, and every installed package has its own",
    )


def _installed(name: str) -> str | None:
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return None


def endpoint(patient: Patient) -> Verdict:
    """Somebody listens where spans are sent."""
    url = endpoint_of(patient.environment)
    if url is None:
        return Skipped("spans stay on this machine")
    parts = urlsplit(url)
    place = (parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 4318))
    try:
        socket.create_connection(place, timeout=CONNECT_S).close()
    except OSError as error:
        summary = f"nobody answers at {place[0]}:{place[1]}, where spans are sent ({error.strerror or error})"
        return Trouble((TELEMETRY_UNSENT.found(summary),))
    return Fine(f"{place[0]}:{place[1]} answers")


def _lacking(summary: str, subject: str) -> Trouble:
    return Trouble((kinds.PROTECTION.found(summary, subject=subject),))


CHECKS = (
    Check("clock.steps", clock_steps),
    Check("clock.sane", clock_sane),
    Check("kernel.pidfd", pidfd),
    Check("kernel.memfd", memfd),
    Check("kernel.subreaper", subreaper),
    Check("kernel.proc", proc_readable),
    Check("machine.user", user),
    Check("machine.open_files", open_files),
    Check("machine.memory", memory),
    Check("python.version", python_version),
    Check("python.requirements", requirements, _PATIENCE_S),
    Check("python.constraints", constraints, _PATIENCE_S),
    Check("telemetry.endpoint", endpoint),
)
