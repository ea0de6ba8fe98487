"""The kill switch: one small file that any process may write and the door reads before each entry."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from qtcore.documents import Document

FILE_NAME = "kill.json"


class KillSwitch(Document):
    """Whether entries are stopped by hand, and by whom, when and why."""

    on: bool
    who: str
    when: AwareDatetime | None
    why: str


OFF = KillSwitch(on=False, who="", when=None, why="never set")


def read_kill_switch(home: Path) -> KillSwitch:
    """What the file in `home` says; no file is off, a file that cannot be read or understood is on."""
    path = home / FILE_NAME
    try:
        return KillSwitch.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return OFF
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not the kill switch's JSON"
        return KillSwitch(
            on=True,
            who="nobody",
            when=None,
            why=f"{path} cannot be read ({why}), which counts as killed; set it anew with `qt kill on` or `off`",
        )


def write_kill_switch(home: Path, *, on: bool, who: str, when: datetime, why: str) -> KillSwitch:
    """Replace the file in `home` in one step that survives power loss. Raises OSError when the disk refuses."""
    switch = KillSwitch(on=on, who=who, when=when, why=why)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = home / f".{FILE_NAME}.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, switch.model_dump_json().encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    fresh.replace(home / FILE_NAME)
    _sync_folder(home)
    return switch


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
