"""The folder for sockets: private, short-lived, and short enough for a Unix socket's path."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from qtcore.errors import EnvironmentRefused

_MAX_SOCKET_PATH = 107
_LONGEST_SOCKET_NAME = 48
"""Room kept for the names of sockets inside the folder."""


def run_dir_of(home: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Where the sockets of a supervisor on `home` would live; nothing is created."""
    places = _places(home, environment)
    return next((folder for folder in places if os.access(folder.parent, os.W_OK | os.X_OK)), places[-1])


def create_run_dir(home: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Make the folder (0700) in the first place that takes it, or check one that exists.

    Raises EnvironmentRefused when no place takes it, or when it is not ours alone.
    """
    obstacles = []
    for folder in _places(home, environment):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
        except OSError as error:
            obstacles.append(f"{folder}: {error.strerror}")
            continue
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise EnvironmentRefused(
                f"the socket folder {folder} belongs to somebody else (uid {found.st_uid}); "
                "remove it, or set XDG_RUNTIME_DIR to a folder of yours"
            )
        folder.chmod(0o700)
        return folder
    raise EnvironmentRefused(
        f"no folder for sockets can be created ({'; '.join(obstacles)}); set XDG_RUNTIME_DIR to a folder of yours"
    )


def _places(home: Path, environment: Mapping[str, str]) -> list[Path]:
    """Where the folder may be, best first; owner and mode are checked before use."""
    digest = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]
    private = f"qt-{os.geteuid()}-{digest}"
    runtime = Path(environment.get("XDG_RUNTIME_DIR", ""))
    wanted = [runtime / f"qt-{digest}"] if runtime.is_absolute() else []
    wanted.append(Path(tempfile.gettempdir()) / private)
    return [*filter(_fits, wanted), Path("/tmp") / private]  # noqa: S108


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder)) + 1 + _LONGEST_SOCKET_NAME <= _MAX_SOCKET_PATH
