"""Keeping the traces of all processes within one size."""

from __future__ import annotations

from pathlib import Path

from qtcore.telemetry.line_file import writer_of
from qtcore.telemetry.open_spans import SUFFIX
from qtcore.telemetry.trace_limit import TRACES_MAX_BYTES

MAX_BYTES = TRACES_MAX_BYTES


def drop_oldest_traces(folder: Path, max_bytes: int = MAX_BYTES) -> int:
    """Delete the files of ended processes, longest unwritten first, until all fit; returns how many went.

    A process that has a file of marks still lives (or has not been looked at) and keeps its traces:
    what it writes next must not go into a file that nobody can find.
    """
    files = [path for path in folder.glob("*.jsonl") if not path.name.endswith(SUFFIX)]
    aged = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in files)
    excess = sum(size for _, size, _ in aged) - max_bytes
    gone = 0
    for _, size, path in aged:
        if excess > 0 and not (folder / f"{writer_of(path)}{SUFFIX}").exists():
            path.unlink()
            excess -= size
            gone += 1
    return gone
