"""The history of free space across restarts: one small file of the plugin's own."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from plugins.logs.space import Sample

FILE_NAME = "space.json"
_ADAPTER = TypeAdapter(tuple[Sample, ...])


def recall(folder: Path) -> tuple[Sample, ...]:
    """What was remembered; nothing when it cannot be read: the trend then begins anew."""
    try:
        return _ADAPTER.validate_json((folder / FILE_NAME).read_bytes())
    except (OSError, ValidationError):
        return ()


def remember(folder: Path, samples: tuple[Sample, ...]) -> None:
    """Replace the file as a whole. Raises OSError when the disk refuses."""
    fresh = folder / f".{FILE_NAME}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_ADAPTER.dump_json(samples))
    fresh.replace(folder / FILE_NAME)
