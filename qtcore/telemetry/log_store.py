"""The log lines kept under a home, merged over processes in order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from qtcore.telemetry.line_file import parts, writer_of

LEVELS = ("debug", "info", "warning", "error", "critical")

LogLine = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which lines to show; what is left out matches all. `since` is an ISO time in UTC."""

    plugin: str | None = None
    level: str = "debug"
    since: str = ""
    trace_id: str | None = None

    def matches(self, line: LogLine) -> bool:
        """Whether the line is asked for; `plugin` may also name a process (`supervisor`, `host-main`)."""
        return (
            self.plugin in (None, line.get("plugin"), line.get("process"))
            and _rank(line.get("level")) >= _rank(self.level)
            and str(line.get("time", "")) >= self.since
            and (self.trace_id is None or str(line.get("trace_id", "")).startswith(self.trace_id))
        )


class LogStore:
    """The folder of logs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lines(self, wanted: LogFilter) -> Iterator[LogLine]:
        """All matching lines, oldest first."""
        streams = [self._of_process(path) for path in current_files(self._folder)]
        merged = heapq.merge(*streams, key=lambda line: str(line.get("time", "")))
        return (line for line in merged if wanted.matches(line))

    def follower(self) -> LogFollower:
        """What is written from now on."""
        return LogFollower(self._folder)

    def _of_process(self, path: Path) -> Iterator[LogLine]:
        for part in parts(path):
            try:
                with part.open("rb") as lines:
                    yield from parsed(lines, path.stem)
            except FileNotFoundError:  # rotated away while we read
                continue


class LogFollower:
    """Remembers how far each file was read; `new` returns what came since."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[int, int]] = {
            path: (path.stat().st_ino, path.stat().st_size) for path in current_files(folder)
        }

    def new(self, wanted: LogFilter) -> list[LogLine]:
        """The matching lines written since the last call, in order of time."""
        lines = [line for path in current_files(self._folder) for line in self._grown(path)]
        return sorted((line for line in lines if wanted.matches(line)), key=lambda line: str(line.get("time", "")))

    def _grown(self, path: Path) -> Iterator[LogLine]:
        inode, offset = self._read.get(path, (0, 0))
        with path.open("rb") as file:
            status = path.stat()
            if status.st_ino != inode and inode:
                yield from self._rest_of_rotated(path, inode, offset)
            start = offset if status.st_ino == inode and offset <= status.st_size else 0
            file.seek(start)
            content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read[path] = (status.st_ino, start + len(whole))
        yield from parsed(whole.splitlines(), path.stem)

    def _rest_of_rotated(self, path: Path, inode: int, offset: int) -> Iterator[LogLine]:
        for part in parts(path)[:-1]:
            if part.stat().st_ino == inode:
                with part.open("rb") as file:
                    file.seek(offset)
                    yield from parsed(file, path.stem)


def parsed(lines: Iterable[bytes], process: str) -> Iterator[LogLine]:
    """The lines that are JSON objects, each with the name of its process."""
    for line in lines:
        try:
            content = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(content, dict):
            yield {**content, "process": process}


def current_files(folder: Path) -> list[Path]:
    """The files being written now, one per process; older parts are reached through them."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.glob("*.jsonl") if path.stem == writer_of(path))


def _rank(level: object) -> int:
    return LEVELS.index(level) if level in LEVELS else LEVELS.index("info")
