"""A disk that is nearly full: the limits are set just below what is free, and a file takes what is left."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from plugins.drills.place import Outside

MB = 2**20
FILE = "logs/drill.out.1"
"""An older part of what a process printed: what may be deleted when room is short."""
FILLED_MB, LOW_MB, CRITICAL_MB = 3000, 1000, 2000
"""The file takes more than stands between what is free and either limit."""


def limits() -> dict[str, Any]:
    """A patch by which this disk, as it is now, is not yet short of room."""
    free_mb = shutil.disk_usage(gettempdir()).free // MB
    logs = {"low_mb": free_mb - LOW_MB, "critical_mb": free_mb - CRITICAL_MB, "days_left": 0.001}
    return {"plugins": {"logs": {"settings": logs}}}


def fill(outside: Outside) -> None:
    """Take the room."""
    with _file(outside).open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, FILLED_MB * MB)


def make_room(outside: Outside) -> None:
    """Give it back."""
    _file(outside).unlink(missing_ok=True)


def _file(outside: Outside) -> Path:
    return outside.home / FILE
