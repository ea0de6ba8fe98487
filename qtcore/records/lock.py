"""One supervisor per home: a lock that the kernel drops with its holder."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import orjson
from pydantic import AwareDatetime, ValidationError

from qtcore.documents import Document
from qtcore.errors import EnvironmentRefused
from qtcore.records.held import boot_id, lock_request


class LockHolder(Document):
    """Who wrote the lock file last; only a held lock proves that it still lives."""

    pid: int
    started: AwareDatetime
    boot_id: str
    run_dir: str


@dataclass(slots=True)
class SupervisorLock:
    """The held lock; `release` (or the end of the process, however it comes) lets the next one in."""

    path: Path
    _descriptor: int

    @classmethod
    def acquire(cls, path: Path, *, run_dir: Path) -> SupervisorLock:
        """Take the lock of one home. Raises EnvironmentRefused naming the pid that holds it.

        Open-file-description locks are used because readers can test them without taking them,
        and because closing some other descriptor of the file does not drop them.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, lock_request(fcntl.F_WRLCK))
        except OSError as error:
            os.close(descriptor)
            if not isinstance(error, BlockingIOError | PermissionError):
                raise EnvironmentRefused(
                    f"{path} cannot be locked ({error.strerror}); put the home folder on a local file system"
                ) from error
            raise EnvironmentRefused(_already_running(path)) from error
        holder = LockHolder(pid=os.getpid(), started=datetime.now(UTC), boot_id=boot_id(), run_dir=str(run_dir))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, orjson.dumps(holder.model_dump(mode="json")) + b"\n", 0)
        return cls(path, descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    @property
    def lost(self) -> bool:
        """Whether the file in the home is another one by now, or none: then nothing keeps a second supervisor out."""
        held = os.fstat(self._descriptor)
        try:
            there = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        return (held.st_dev, held.st_ino) != (there.st_dev, there.st_ino)

    def release(self) -> None:
        """Let the next supervisor in; harmless when done twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def last_holder(path: Path) -> LockHolder | None:
    """What the lock file says, whether its writer lives or not."""
    try:
        return LockHolder.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _already_running(path: Path) -> str:
    holder = last_holder(path)
    who = f"pid {holder.pid}, since {holder.started:%Y-%m-%d %H:%M:%S} UTC" if holder else "pid not yet known"
    return (
        f"a supervisor already runs on the home {path.parent} ({who}); "
        "stop it with `qt down` or choose another folder with --home"
    )
