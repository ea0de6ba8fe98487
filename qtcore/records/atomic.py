"""Replacing a small file as a whole: a reader sees the old content or the new one, never a part."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in place of what is there (0600; the folder, 0700, is made if missing). Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        try:
            if os.write(descriptor, content) < len(content):  # a disk that fills up takes a part without complaint
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(temporary))
        finally:
            os.close(descriptor)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
