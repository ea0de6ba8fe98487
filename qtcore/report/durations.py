"""Moments and durations as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def moment(text: str | None) -> datetime | None:
    """A JSON timestamp as an aware datetime."""
    return datetime.fromisoformat(text) if text else None


def clock_time(at: datetime | None) -> str:
    """`2026-11-23 00:40:12 UTC`; `-` when there is none."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "-"


def duration(seconds: float) -> str:
    """`8 s`, `9 min`, `2 h 5 min`: never more than two units."""
    seconds = max(0, round(seconds))
    for index, (size, name) in enumerate(_UNITS):
        if seconds >= size:
            count, rest = divmod(seconds, size)
            below, unit = _UNITS[index + 1] if index + 1 < len(_UNITS) else (1, "s")
            minor = rest // below
            return f"{count} {name} {minor} {unit}" if minor and size != 60 else f"{count} {name}"
    return f"{seconds} s"


def ago(at: datetime | None, now: datetime) -> str:
    """How long ago `at` was; `-` when there is none."""
    return duration((now - at).total_seconds()) if at else "-"
