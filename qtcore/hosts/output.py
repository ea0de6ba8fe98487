"""What a host prints: a file that never blocks the writer and never grows without bound."""

from __future__ import annotations

import os
from pathlib import Path

import anyio

CAP_BYTES = 5_000_000
"""Size at which the file is moved to `.1`; one such copy is kept."""

_CHUNK = 1 << 20
_LINE = 400
"""Bytes that one line of a tail is assumed to need."""


class OutputFile:
    """`logs/<host>.out`, opened for appending; incarnations of a host follow each other in it."""

    def __init__(self, path: Path, *, cap_bytes: int = CAP_BYTES) -> None:
        self.path = path
        self.cap_bytes = cap_bytes

    def open(self) -> int:
        """A descriptor for a new host's stdout and stderr, which the caller closes."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def tail(self, lines: int) -> tuple[str, ...]:
        """The last lines, as far as a few hundred bytes each; empty when there is no file."""
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return ()
        try:
            size = os.fstat(fd).st_size
            text = os.pread(fd, lines * _LINE, max(0, size - lines * _LINE)).decode(errors="replace")
        finally:
            os.close(fd)
        return tuple(text.splitlines()[-lines:])

    async def rotate_when_full(self) -> bool:
        """Copy the end of a full file to `.1` and empty it; True when that was done.

        Writers hold the file open for appending, so it is emptied in place; what they write between
        the copy and the cut (microseconds) is lost. At most `cap_bytes` are kept.
        """
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            return False
        if size <= self.cap_bytes:
            return False
        source = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            await self._copy_end(source)
            os.ftruncate(source, 0)
        finally:
            os.close(source)
        return True

    async def _copy_end(self, source: int) -> None:
        kept = self.path.with_name(self.path.name + ".1")
        target = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            offset = max(0, os.fstat(source).st_size - self.cap_bytes)
            end = offset + self.cap_bytes
            while offset < end and (sent := os.sendfile(target, source, offset, min(_CHUNK, end - offset))):
                offset += sent
                await anyio.lowlevel.checkpoint()  # the supervisor's loop turns between two megabytes
        finally:
            os.close(target)
