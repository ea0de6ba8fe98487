"""Replacing a small file as a whole: a reader sees the old content or the new one, never a part."""

from __future__ import annotations

import errno
import os
from pathlib import Path

UNFINISHED = ".*.new"
"""The names of what a crash leaves beside a file whose content was being replaced."""


def replace_file(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Put `content` in place of what is there (0600; the folder, 0700, is made if missing). Raises OSError.

    A killed process leaves the old content or the new one; `durable` promises the same of a power cut,
    and that the new one is there once this returns.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        try:
            if os.write(descriptor, content) < len(content):  # a disk that fills up takes a part without complaint
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(temporary))
            if durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync(path.parent)


def sync(path: Path) -> None:
    """Make a file's content, or a folder's list of names, safe from power loss. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
