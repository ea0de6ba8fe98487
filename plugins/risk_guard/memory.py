"""The baselines across restarts: one small file of the plugin's own."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from plugins.risk_guard.limits import Baselines

FILE_NAME = "baselines.json"
_ADAPTER = TypeAdapter(Baselines)


def recall(folder: Path) -> Baselines | None:
    """What was remembered; None when nothing was, or when it cannot be read (the day then begins anew)."""
    try:
        return _ADAPTER.validate_json((folder / FILE_NAME).read_bytes())
    except (OSError, ValidationError):
        return None


def remember(folder: Path, baselines: Baselines) -> None:
    """Replace the file as a whole. Raises OSError when the disk refuses."""
    fresh = folder / f".{FILE_NAME}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(baselines), file, default=str)
    fresh.replace(folder / FILE_NAME)
