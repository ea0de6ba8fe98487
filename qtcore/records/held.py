"""Whether somebody holds a home's lock, and which boot this is: what a quick reading asks, without pydantic."""

from __future__ import annotations

import fcntl
import os
import struct
from functools import cache
from pathlib import Path

# struct flock {short type, whence; off_t start, len; pid_t pid} with its trailing padding.
_FLOCK = struct.Struct("hhqqi0q")


@cache
def boot_id() -> str:
    """The kernel's id of this boot; monotonic times of another boot mean nothing here."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def is_held(path: Path) -> bool:
    """True while some process holds the lock; takes nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # a home on a read-only disk can still be read
    except FileNotFoundError:
        return False
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, lock_request(fcntl.F_WRLCK))
    finally:
        os.close(descriptor)
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)


def lock_request(kind: int) -> bytes:
    """A `struct flock` over the whole file."""
    return _FLOCK.pack(kind, os.SEEK_SET, 0, 0, 0)
