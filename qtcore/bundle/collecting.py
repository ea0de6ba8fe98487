"""What goes into a bundle; each part is read by itself, so that one that hangs costs only itself."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import psutil

from qtcore.config.cached_manifests import cached_manifests
from qtcore.control.client import ask
from qtcore.doctor.check import Patient
from qtcore.hosts import proc
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.records.journal_reader import JournalReader
from qtcore.report.from_records import status_from_records
from qtcore.report.gather import gather

ANSWER_WITHIN_S = 0.7
JOURNAL_EVENTS = 3_000
REPORT_HOURS = 24.0
STACKS = 20

TAIL_BYTES = 192 * 1024
"""Of each log, trace and output, the end: what happened last is why somebody makes a bundle."""
WHOLE_BYTES = 512 * 1024
"""A document larger than this is not what it should be."""


@dataclass(frozen=True, slots=True)
class Collected:
    """One file's content; `cut` says what is missing."""

    name: str
    content: bytes
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A group of files that are read together."""

    name: str
    collect: Callable[[Patient], Iterator[Collected]]


def status(patient: Patient) -> Iterator[Collected]:
    """As the supervisor says it, else as the records do."""
    try:
        found: Any = ask(patient.home.run_dir, "status", timeout_s=ANSWER_WITHIN_S)
    except Exception:  # noqa: BLE001 - whatever is wrong with the supervisor, the records are there
        found = status_from_records(patient.home, silent=patient.home.running).model_dump(mode="json", by_alias=True)
    yield _json("status.json", found)


def report(patient: Patient) -> Iterator[Collected]:
    """The report as data."""
    document = gather(patient.home, REPORT_HOURS)
    yield Collected("report.json", document.model_dump_json(indent=1, by_alias=True).encode())


def journal(patient: Patient) -> Iterator[Collected]:
    """The newest events, one JSON object a line, and the stacks of hosts that had to be ended."""
    with JournalReader.open(patient.home.journal) as reader:
        first, last = reader.bounds()
        events = reader.read(limit=JOURNAL_EVENTS, newest=True)
        deaths = reader.read(kinds=[EventKind.HOST_GONE, EventKind.EVIDENCE], limit=STACKS, newest=True)
    cut = "" if last - first < JOURNAL_EVENTS else f"events before {events[0].seq}; the journal begins at {first}"
    yield Collected("journal.jsonl", b"".join(event.model_dump_json().encode() + b"\n" for event in events), cut)
    yield Collected("stacks.txt", "\n".join(map(_stack, deaths)).encode())


def states(patient: Patient) -> Iterator[Collected]:
    """State files as they are."""
    yield from _documents(patient.home.state, "state")


def sections(patient: Patient) -> Iterator[Collected]:
    """What plugins told for the report."""
    yield from _documents(patient.home.sections, "sections")


def configuration(patient: Patient) -> Iterator[Collected]:
    """The audit of the last run, plugins.yaml as it is now, and what plugins declare."""
    yield from _whole(patient.home.configuration, "configuration.json")
    yield from _whole(patient.config, "plugins.yaml")
    declared = {
        name: {key: manifest.get(key) for key in ("use", "cadence_s", "exclusive", "vital", "content_hash", "failure")}
        for name, manifest in cached_manifests(patient.home.cache).items()
    }
    yield _json("plugins.json", declared)


def logs(patient: Patient) -> Iterator[Collected]:
    """The end of each log and of what hosts printed."""
    for pattern in ("*.jsonl", "*.out"):
        yield from _tails(patient.home.logs, pattern, "logs")


def traces(patient: Patient) -> Iterator[Collected]:
    """The end of each trace file."""
    yield from _tails(patient.home.traces, "*.jsonl", "traces")


def rest(patient: Patient) -> Iterator[Collected]:
    """Small files of the home: notices, the kill switch, what was kept of the newest report."""
    for path in sorted(patient.root.glob("*.json*")):
        if path.name not in {"configuration.json", "supervisor.lock"}:
            yield from _tail(path, path.name)
    newest = sorted(patient.home.reports.glob("*.json"), key=_written)[-1:]
    for path in newest:
        yield from _whole(path, f"reports/{path.name}")


def files(patient: Patient) -> Iterator[Collected]:
    """Every file of the home with its size, age and permissions; not what is in it."""
    rows = []
    for folder, _, names in os.walk(patient.root):
        for name in sorted(names):
            path = Path(folder, name)
            found = path.lstat()
            place = str(path.relative_to(patient.root))
            rows.append({"path": place, "bytes": found.st_size, "mode": f"{found.st_mode:o}", "mtime": found.st_mtime})
    yield _json("files.json", rows)


def versions(_patient: Patient) -> Iterator[Collected]:
    """Python and every installed package."""
    packages = sorted({f"{item.name}=={item.version}" for item in distributions()})
    yield _json("versions.json", {"python": sys.version, "packages": packages})


def system(patient: Patient) -> Iterator[Collected]:
    """The machine and the processes of this home."""
    holder = patient.home.holder
    memory, disk = psutil.virtual_memory(), psutil.disk_usage(str(patient.root))
    facts = {
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
        "memory": {"total": memory.total, "available": memory.available},
        "disk": {"total": disk.total, "free": disk.free},
        "uptime_s": patient.now.monotonic_s,
        "environment": sorted(name for name in patient.environment if name.startswith(("QT_", "OTEL_"))),
        "supervisor": holder.model_dump(mode="json") if holder else None,
        "processes": list(_processes(holder.pid)) if holder and patient.home.running else [],
    }
    yield _json("system.json", facts)


def _processes(supervisor: int) -> Iterator[dict[str, Any]]:
    for process in [psutil.Process(supervisor), *psutil.Process(supervisor).children(recursive=True)]:
        facts = proc.facts(process.pid)
        if facts is not None:
            yield {
                "pid": process.pid,
                "name": process.name(),
                "state": facts.state,
                "waits_in": facts.wchan,
                "rss_bytes": facts.rss_bytes,
                "threads": facts.threads,
                "cpu_s": round(facts.cpu_s, 2),
            }


PARTS = (
    Part("status", status),
    Part("report", report),
    Part("journal", journal),
    Part("state", states),
    Part("sections", sections),
    Part("configuration", configuration),
    Part("logs", logs),
    Part("traces", traces),
    Part("rest", rest),
    Part("files", files),
    Part("versions", versions),
    Part("system", system),
)
"""Without the doctor's own part, which looks at everything by itself."""


def _stack(event: JournalEvent) -> str:
    told = [f"{event.seq} {event.at.wall:%Y-%m-%d %H:%M:%S} {event.host or ''} {event.plugin or ''}: {event.reason}"]
    told += [str(event.details[key]) for key in ("stacks", "traceback") if event.details.get(key)]
    output = event.details.get("output")
    return "\n".join([*told, *(map(str, output) if isinstance(output, list) else ())]) + "\n"


def _documents(folder: Path, name: str) -> Iterator[Collected]:
    for path in sorted(folder.glob("[!.]*.json")):
        yield from _whole(path, f"{name}/{path.name}")


def _whole(path: Path, name: str) -> Iterator[Collected]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return
    if len(content) > WHOLE_BYTES:
        yield Collected(name, content[:WHOLE_BYTES], f"it has {len(content)} bytes; the rest is left out")
    else:
        yield Collected(name, content)


def _tails(folder: Path, pattern: str, name: str) -> Iterator[Collected]:
    for path in sorted(folder.glob(pattern), key=_written, reverse=True):
        yield from _tail(path, f"{name}/{path.name}")


def _tail(path: Path, name: str) -> Iterator[Collected]:
    """The end of a file of lines, from the beginning of a line on."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            start = max(0, size - TAIL_BYTES)
            file.seek(start)
            content = file.read(TAIL_BYTES)
    except FileNotFoundError:
        return
    if not start:
        yield Collected(name, content)
        return
    kept = content.partition(b"\n")[2]
    yield Collected(name, kept, f"its first {size - len(kept)} bytes; the end is here")


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _json(name: str, data: Any) -> Collected:
    return Collected(name, json.dumps(data, indent=1, ensure_ascii=False, default=str).encode())
