"""The folder for sockets: private, short-lived, and short enough for a Unix socket's path."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from qtcore.errors import EnvironmentRefused

_MAX_SOCKET_PATH = 107
_LONGEST_SOCKET_NAME = 48
"""Room kept for the names of sockets inside the folder."""


def run_dir_of(home: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the sockets of a supervisor on `home` live; nothing is created."""
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    runtime = Path(environment.get("XDG_RUNTIME_DIR", ""))
    wanted = runtime / f"qt-{digest}"
    if runtime.is_absolute() and os.access(runtime, os.W_OK | os.X_OK) and _fits(wanted):
        return wanted
    return Path(f"/tmp/qt-{os.geteuid()}-{digest}")  # noqa: S108 - owner and mode are checked before use


def create_run_dir(folder: Path) -> None:
    """Make the folder (0700), or check one that exists. Raises EnvironmentRefused when it is not ours alone."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise EnvironmentRefused(
            f"the socket folder {folder} cannot be created ({error.strerror}); set XDG_RUNTIME_DIR to a folder of yours"
        ) from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise EnvironmentRefused(
            f"the socket folder {folder} belongs to somebody else (uid {found.st_uid}); "
            "remove it, or set XDG_RUNTIME_DIR to a folder of yours"
        )
    folder.chmod(0o700)


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + 1 + _LONGEST_SOCKET_NAME <= _MAX_SOCKET_PATH
