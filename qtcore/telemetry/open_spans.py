"""Marks of the spans that have started and not ended, readable after their process was killed.

The file is a row of slots, each one padded JSON line, mapped into memory: setting and clearing a
mark costs a microsecond and no system call, and what is in the mapping outlives SIGKILL. A free
slot begins with a blank; behind the last slot that was ever used are zeros, because blanking them all
would be most of what a host's telemetry costs to open. A slot's first byte is written last and blanked
first, so none is ever half valid.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import orjson

from qtcore.telemetry.otlp import Json, dumps
from qtcore.telemetry.redaction import SECRETS, Redactor

SUFFIX = ".open.jsonl"
SLOT_BYTES = 1024
HEADER_SLOTS = 4
SLOTS = 256
_BLANK = 0x20


class OpenSpans:
    """The slots of one process. Spans beyond the last slot have no mark and count in `unmarked`."""

    def __init__(self, path: Path, resource: Json, *, redactor: Redactor = SECRETS, slots: int = SLOTS) -> None:
        self.path = path
        self._redactor = redactor
        self.unmarked = 0
        self._free = list(range(HEADER_SLOTS, HEADER_SLOTS + slots))[::-1]
        self._slot_of: dict[int, int] = {}
        self._size = (HEADER_SLOTS + slots) * SLOT_BYTES
        self._map = self._mapped()
        self._fill(0, dumps({"resource": resource}), HEADER_SLOTS * SLOT_BYTES)

    def mark(self, span_id: int, opening: Json) -> None:
        """The span has started."""
        content = self._redactor.clean(dumps(opening))
        if len(content) >= SLOT_BYTES:
            content = self._redactor.clean(dumps({**opening, "name": opening["name"][:100], "attributes": []}))
        if not self._free or len(content) >= SLOT_BYTES:
            self.unmarked += 1
            return
        slot = self._free.pop()
        self._slot_of[span_id] = slot
        self._fill(slot * SLOT_BYTES, content, SLOT_BYTES)

    def clear(self, span_id: int) -> None:
        """The span has ended and is written."""
        slot = self._slot_of.pop(span_id, None)
        if slot is not None:
            self._map[slot * SLOT_BYTES] = _BLANK
            self._free.append(slot)

    def mend(self) -> bool:
        """Make the file anew, with its marks, when it was removed; True when that was done."""
        if self._map.closed or self.path.exists():
            return False
        try:
            fresh = self._mapped()
        except OSError:
            return False
        fresh[:] = self._map[:]
        self._map = fresh  # the old one goes with its last user, who may be another thread
        return True

    def close(self) -> None:
        """The process ends in order: without open spans the file goes, otherwise it stays for the supervisor."""
        if self._map.closed:
            return
        self._map.close()
        if not self._slot_of:
            self.path.unlink(missing_ok=True)

    def _mapped(self) -> mmap.mmap:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size)  # else a full disk would kill us by SIGBUS
            return mmap.mmap(descriptor, self._size)
        finally:
            os.close(descriptor)

    def _fill(self, start: int, content: bytes, size: int) -> None:
        if len(content) >= size:
            return
        self._map[start + 1 : start + size] = content[1:].ljust(size - 2) + b"\n"
        self._map[start] = content[0]


def read_open(path: Path) -> tuple[Json, list[Json]]:
    """The resource of a dead process and the spans it left open; lines that make no sense are left out."""
    lines = list(_documents(path.read_bytes()))
    resource: Json = next((line["resource"] for line in lines if "resource" in line), {})
    return resource, [line for line in lines if "spanId" in line]


def _documents(content: bytes) -> Iterator[Json]:
    for line in content.splitlines():
        if line.startswith(b"{"):
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError:
                continue
