"""What the guard knows across restarts: one small file of its own, and what to think when it cannot be read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from plugins.risk_guard.latch import Latch
from plugins.risk_guard.limits import Baselines
from plugins.risk_guard.trips import Trips
from qtcore import replace_file

FILE_NAME = "baselines.json"


@dataclass(frozen=True, slots=True)
class Memory:
    """Baselines, what the fills came to, and why entries are stopped if they are."""

    baselines: Baselines
    trips: Trips = field(default_factory=Trips)
    latch: Latch | None = None


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Nothing can be recalled: because there is no file, or because what is there makes no sense."""

    why: str
    missing: bool


_ADAPTER = TypeAdapter(Memory)
_OLDER = TypeAdapter(Baselines)


def recall(folder: Path) -> Memory | Forgotten:
    """What was remembered. A file that cannot be understood is put aside, never taken for an empty one."""
    file = folder / FILE_NAME
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        damaged = file.with_suffix(".damaged").exists()
        return Forgotten(f"{file} was damaged" if damaged else f"there is no {file}", missing=not damaged)
    except OSError as error:
        return Forgotten(f"{file} cannot be read ({error.strerror})", missing=False)
    try:
        return _ADAPTER.validate_json(content)
    except ValidationError:
        pass
    try:
        return Memory(_OLDER.validate_json(content))
    except ValidationError:
        aside = file.with_suffix(".damaged")
        with suppress(OSError):
            file.replace(aside)
        return Forgotten(f"{file} is damaged; it was put aside as {aside.name}", missing=False)


def remember(folder: Path, memory: Memory) -> None:
    """Replace the file as a whole. Raises OSError when the disk refuses.

    It is not synced, for an answer to the executor must not wait on a disk: after a power failure a torn file is
    found damaged, which is the safe side.
    """
    replace_file(folder / FILE_NAME, _ADAPTER.dump_json(memory))
