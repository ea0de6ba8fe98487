"""The kill switch: one small file that any process may write and the door reads before each entry."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, ValidationError

from qtcore import replace_file
from qtcore.documents import Document
from qtcore.errors import EnvironmentRefused

FILE_NAME = "kill.json"
ARMED_FILE = "armed.json"
"""What allows entries with real money (see `arming`); a kill ends that, and its time stamp makes a rest of it void."""


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
    """Replace the file in `home` in one step that survives power loss.

    A disk that takes no bytes may still take an empty file, which counts as killed. Raises
    EnvironmentRefused, saying what holds now, when the disk refuses that as well, or refuses `off`.
    """
    switch = KillSwitch(on=on, who=who, when=when, why=why)
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(home / FILE_NAME, switch.model_dump_json().encode(), durable=True)
        with suppress(OSError):
            (home / ARMED_FILE).unlink(missing_ok=True)
    except OSError as error:
        if not on:
            raise EnvironmentRefused(
                f"{home / FILE_NAME} cannot be written ({error.strerror}), so the kill switch is as it was; "
                "free space on that disk or mend its permissions, then ask again"
            ) from error
        if not read_kill_switch(home).on:
            _empty(home / FILE_NAME)
        return read_kill_switch(home)
    return switch


def _empty(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as error:
        raise EnvironmentRefused(
            f"ENTRIES ARE NOT STOPPED: {path} cannot be written ({error.strerror}); "
            "stop them with `qt stop executor`, or everything with `qt down`"
        ) from error
