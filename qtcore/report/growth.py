"""How long the disk will last at the pace at which the records grow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from qtcore.report.archive import Kept, newest_before
from qtcore.report.document import Usage

_LEAST = timedelta(minutes=10)
"""Growth over less time than this says nothing about days."""
_SPAN = timedelta(days=1)
_DAY_S = 86_400.0
_MOST_DAYS = 3650.0


def days_left(usage: Sequence[Usage], free_bytes: int, kept: Sequence[Kept], at: datetime) -> float | None:
    """By comparing with a report that was kept a day ago, or the oldest one; None where nothing is known or grows."""
    before = newest_before(kept, at - _SPAN) or (kept[0] if kept else None)
    if before is None or at - before.at < _LEAST:
        return None
    then = _bytes_then(before)
    grown = sum(use.bytes for use in usage) - then if then is not None else 0
    if grown <= 0:
        return None
    days = free_bytes / (grown / (at - before.at).total_seconds()) / _DAY_S
    return round(min(days, _MOST_DAYS), 1)


def _bytes_then(kept: Kept) -> int | None:
    try:
        usage = json.loads(kept.path.read_bytes())["usage"]
        return sum(int(use["bytes"]) for use in usage)
    except (OSError, ValueError, KeyError, TypeError):
        return None
