"""What a position was when it was first seen, across restarts: one small file of the plugin's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from qtcore import replace_file

FILE_NAME = "first_seen.json"
MOST = 500
"""Positions remembered; those that closed while nobody listened are pushed out by newer ones."""


@dataclass(frozen=True, slots=True)
class First:
    """The largest quantity seen, and the distance of the first live stop in price units (None before there was one)."""

    entered: Decimal
    risk: Decimal | None = None


_ADAPTER = TypeAdapter(dict[str, First])


class Forgotten(Exception):
    """The file is there but cannot be used."""


def recall(folder: Path) -> dict[str, First]:
    """By position id; empty when nothing was ever written. Raises Forgotten."""
    try:
        return _ADAPTER.validate_json((folder / FILE_NAME).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise Forgotten(f"{folder / FILE_NAME} cannot be used: {error}") from error


def remember(folder: Path, first: Mapping[str, First]) -> None:
    """Replace the file as a whole. Raises OSError when the disk refuses."""
    kept = dict(list(first.items())[-MOST:])
    rows = {position_id: asdict(each) for position_id, each in kept.items()}
    replace_file(folder / FILE_NAME, json.dumps(rows, default=str).encode())
