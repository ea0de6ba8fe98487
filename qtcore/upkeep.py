"""What a plugin may know and do about the records in the home: their size, their log lines, and what may go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qtcore.records.home import Home
from qtcore.records.usage import Use, bytes_of, size_of, usage
from qtcore.telemetry.line_file import LineFile, writer_of
from qtcore.telemetry.log_store import LogFilter, LogFollower, LogLine
from qtcore.telemetry.logs import KEPT_PARTS, PART_BYTES
from qtcore.telemetry.trace_limit import TRACES_MAX_BYTES
from qtcore.telemetry.trace_retention import drop_oldest_traces

__all__ = [
    "LOG_LIMIT_BYTES",
    "TRACES_MAX_BYTES",
    "LineFile",
    "LogFilter",
    "LogFollower",
    "LogLine",
    "Pruned",
    "Use",
    "old_logs",
    "oversized_logs",
    "prune",
    "usage",
]

LOG_LIMIT_BYTES = PART_BYTES * (KEPT_PARTS + 1)
"""What the log of one process may take with its older parts."""

_SLACK = 1.25
_OUTPUT_PART = ".out.1"


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted."""

    files: int
    bytes: int


def oversized_logs(home: Path) -> dict[str, int]:
    """Processes whose log has outgrown its limit by a quarter: their rotation does not work. Name to bytes."""
    sizes: dict[str, int] = {}
    for path in Home(home).logs.glob("*.jsonl"):
        sizes[writer_of(path)] = sizes.get(writer_of(path), 0) + bytes_of(path)
    return {name: size for name, size in sizes.items() if size > LOG_LIMIT_BYTES * _SLACK}


def old_logs(home: Path, before_s: float) -> list[Path]:
    """Older parts of logs and of captured output, last written before `before_s` (unix time); never a present file."""
    return [path for path in _older_parts(Home(home).logs) if _written_s(path) < before_s]


def prune(home: Path, *, before_s: float, traces_bytes: int = TRACES_MAX_BYTES) -> Pruned:
    """Delete `old_logs`, and the oldest traces of ended processes until those that are left fit."""
    logs = old_logs(home, before_s)
    freed = sum(map(bytes_of, logs))
    for path in logs:
        path.unlink(missing_ok=True)
    traces = Home(home).traces
    before = size_of(traces)
    gone = drop_oldest_traces(traces, traces_bytes)
    return Pruned(len(logs) + gone, freed + max(0, before - size_of(traces)))


def _older_parts(folder: Path) -> Iterator[Path]:
    for path in folder.glob("*"):
        if path.name.endswith(_OUTPUT_PART) or (path.suffix == ".jsonl" and path.stem != writer_of(path)):
            yield path


def _written_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
