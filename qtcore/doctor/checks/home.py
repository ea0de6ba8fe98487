"""The home folder: who may read it, what was left behind, how full its disk is, how large its records are."""

from __future__ import annotations

import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from qtcore.doctor.check import Check, Fine, Patient, Skipped, Trouble, Verdict
from qtcore.health import home_kinds as kinds
from qtcore.health.model import Finding, Severity
from qtcore.records.home import LEAST_FREE_MB
from qtcore.upkeep import LOG_LIMIT_BYTES, TRACES_MAX_BYTES, oversized_logs, usage

LOW_MB = 512.0
LEAST_FREE_INODES = 10_000
LEFTOVER_AFTER_S = 60.0
"""A file that is being replaced is there for milliseconds."""
MOST_NAMED = 200
_OTHERS = 0o077
_HALF_WRITTEN = re.compile(r"^\..+\.new$|^\.manifests-|^\.probe-\d+$")
_SLACK = 1.25


def exists(patient: Patient) -> Verdict:
    """There is a home, and it takes writes."""
    root = patient.root
    if not root.exists():
        return Skipped(f"there is no {root}; `qt up` makes it")
    if patient.elsewhere:
        return Fine("as the bundle kept it")
    lacking = [what for what, mode in (("read", os.R_OK), ("write", os.W_OK)) if not os.access(root, mode)]
    if lacking:
        return Trouble((kinds.FOREIGN.found(f"you may not {' or '.join(lacking)} {root}", subject=str(root)),))
    return Fine(str(root))


def permissions(patient: Patient) -> Verdict:
    """Folders 0700, files 0600."""
    open_ = [
        kinds.PERMISSIONS.found(
            f"{_name(path, patient)} may be used by others ({stat.filemode(found.st_mode)})",
            subject=_name(path, patient),
        )
        for path, found in _everything(patient.root)
        if found.st_mode & _OTHERS and not stat.S_ISLNK(found.st_mode) and not stat.S_ISSOCK(found.st_mode)
    ]
    return Trouble.of(_fewer(open_), "only the owner may read it")


def owner(patient: Patient) -> Verdict:
    """Everything belongs to one user."""
    mine = patient.root.stat().st_uid if patient.root.exists() else os.geteuid()
    foreign = [
        kinds.FOREIGN.found(f"{_name(path, patient)} belongs to uid {found.st_uid}", subject=_name(path, patient))
        for path, found in _everything(patient.root)
        if found.st_uid != mine
    ]
    return Trouble.of(_fewer(foreign), f"all of it belongs to uid {mine}")


def leftovers(patient: Patient) -> Verdict:
    """Half-written files of processes that are gone."""
    old = time.time() - LEFTOVER_AFTER_S
    left = [
        kinds.LEFTOVER.found(f"{_name(path, patient)} was never finished", subject=_name(path, patient))
        for path, found in _everything(patient.root)
        if stat.S_ISREG(found.st_mode) and _HALF_WRITTEN.match(path.name) and found.st_mtime < old
    ]
    return Trouble.of(_fewer(left), "no file was left half-written")


def space(patient: Patient) -> Verdict:
    """Bytes free on the home's disk."""
    free_mb = shutil.disk_usage(_nearest(patient.root)).free / 2**20
    if free_mb >= LOW_MB:
        return Fine(f"{free_mb:,.0f} MB free")
    severity = Severity.CRITICAL if free_mb < LEAST_FREE_MB else Severity.HIGH
    summary = f"only {free_mb:,.0f} MB are free on the disk of {patient.root}"
    return Trouble((kinds.SPACE.found(summary, severity=severity, evidence={"free_mb": round(free_mb)}),))


def inodes(patient: Patient) -> Verdict:
    """Files that the home's disk can still hold."""
    found = os.statvfs(_nearest(patient.root))
    if not found.f_files:
        return Skipped("this file system does not count files")
    if found.f_favail >= LEAST_FREE_INODES:
        return Fine(f"{found.f_favail:,} more files fit")
    summary = f"only {found.f_favail:,} more files fit on the disk of {patient.root}"
    return Trouble((kinds.SPACE.found(summary, subject="inodes"),))


def sizes(patient: Patient) -> Verdict:
    """Logs and traces within their limits."""
    large = [
        kinds.LARGE.found(
            f"the logs of {name} take {size / 2**20:,.0f} MB; {LOG_LIMIT_BYTES / 2**20:,.0f} MB are allowed",
            subject=name,
        )
        for name, size in oversized_logs(patient.root).items()
    ]
    used = {use.what: use.bytes for use in usage(patient.root)}
    if used.get("traces", 0) > TRACES_MAX_BYTES * _SLACK:
        summary = f"traces take {used['traces'] / 2**20:,.0f} MB; {TRACES_MAX_BYTES / 2**20:,.0f} MB are allowed"
        large.append(kinds.LARGE.found(summary, subject="traces"))
    told = ", ".join(f"{what} {size / 2**20:,.1f} MB" for what, size in used.items() if size)
    return Trouble.of(large, told or "nothing has been recorded yet")


def _everything(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The home and all that is in it; links are not followed, and what goes away meanwhile is passed over."""
    for folder, _, files in os.walk(root, followlinks=False):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            try:
                yield path, path.lstat()
            except FileNotFoundError:
                continue


def _fewer(found: list[Finding]) -> list[Finding]:
    """A tree that is open as a whole need not be listed file by file: the next look names the rest."""
    return found[:MOST_NAMED]


def _name(path: Path, patient: Patient) -> str:
    return str(path.relative_to(patient.root)) if path != patient.root else "."


def _nearest(path: Path) -> Path:
    """The path, or what is there of it."""
    return next(parent for parent in (path, *path.parents) if parent.exists())


CHECKS = (
    Check("home", exists, elsewhere=True),
    Check("home.permissions", permissions),
    Check("home.owner", owner),
    Check("home.leftovers", leftovers),
    Check("home.space", space),
    Check("home.inodes", inodes),
    Check("home.sizes", sizes),
)
