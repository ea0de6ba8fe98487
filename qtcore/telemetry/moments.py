"""Times and durations as people type and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from qtcore.errors import ConfigurationError

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_AGO = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


def parse_since(text: str, now: datetime) -> datetime:
    """`10m` (s, m, h, d ago) or an ISO time, taken as UTC when it names no zone. Raises ConfigurationError."""
    ago = _AGO.fullmatch(text.strip())
    if ago:
        return now - timedelta(seconds=float(ago[1]) * _UNITS[ago[2]])
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ConfigurationError(
            f'"{text}" is no time; write how long ago (30s, 10m, 2h, 1d) or a time such as 2026-11-23T02:15'
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_duration_s(text: str) -> float:
    """`90s`, `30m`, `2h`, `1d` as seconds. Raises ConfigurationError."""
    found = _AGO.fullmatch(text.strip())
    if not found:
        raise ConfigurationError(f'"{text}" is no duration; write a number with s, m, h or d, such as 30m or 2h')
    return float(found[1]) * _UNITS[found[2]]


def duration_text(nanoseconds: int) -> str:
    """Three figures and a unit: `412 us`, `12.3 ms`, `1.23 s`, `2 min 05 s`."""
    if nanoseconds < 999_500:
        return f"{nanoseconds / 1e3:.0f} us"
    if nanoseconds < 999_500_000:
        return f"{nanoseconds / 1e6:.3g} ms"
    seconds = nanoseconds / 1e9
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def time_text(unix_ns: int) -> str:
    """A moment in UTC to the millisecond."""
    moment = datetime.fromtimestamp(unix_ns // 1_000_000_000, tz=UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{unix_ns // 1_000_000 % 1_000:03d}"
