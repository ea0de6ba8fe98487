"""The history of free space across restarts: one small file of the plugin's own."""

from __future__ import annotations

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from plugins.logs.space import Sample
from qtcore import replace_file

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
    replace_file(folder / FILE_NAME, _ADAPTER.dump_json(samples))
