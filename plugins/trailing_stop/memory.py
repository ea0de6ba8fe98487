"""Best prices across restarts: one small file of the plugin's own.

Losing it costs little: the stop on the venue keeps what was gained, and the next best price is found again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from qtcore import replace_file

FILE_NAME = "best_prices.json"
MOST = 500
"""Positions remembered; those that closed while nobody listened are pushed out by newer ones."""
_ADAPTER = TypeAdapter(dict[str, Decimal])


class Forgotten(Exception):
    """The file is there but cannot be used."""


def recall(folder: Path) -> dict[str, Decimal]:
    """Best price by position id; empty when nothing was ever written. Raises Forgotten."""
    try:
        return _ADAPTER.validate_json((folder / FILE_NAME).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValidationError) as error:
        raise Forgotten(f"{folder / FILE_NAME} cannot be used: {error}") from error


def remember(folder: Path, best: Mapping[str, Decimal]) -> None:
    """Replace the file as a whole. Raises OSError when the disk refuses."""
    kept = dict(list(best.items())[-MOST:])
    rows = {position_id: str(price) for position_id, price in kept.items()}
    replace_file(folder / FILE_NAME, json.dumps(rows).encode())
