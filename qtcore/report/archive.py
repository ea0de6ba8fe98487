"""Reports that are kept in the home: `reports/20261123T004012Z.json`, each with the page made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qtcore.records.atomic import replace_file

MOST = 600
"""How many are kept: two weeks of one an hour, and a day with many changes."""
MOST_BYTES = 200 * 1024 * 1024
_ALL, _TENS = timedelta(hours=2), timedelta(days=1)
_STAMP = "%Y%m%dT%H%M%SZ"
_DATA, _PAGE = ".json", ".html"


@dataclass(frozen=True, slots=True)
class Kept:
    """One report in the home."""

    at: datetime
    path: Path

    @property
    def page(self) -> Path:
        """The same as HTML."""
        return self.path.with_suffix(_PAGE)

    @property
    def bytes(self) -> int:
        """What both take; 0 for what is gone meanwhile."""
        return sum(path.stat().st_size for path in (self.path, self.page) if path.exists())


def kept_reports(folder: Path) -> list[Kept]:
    """All of them, oldest first."""
    found = []
    for path in folder.glob(f"*{_DATA}") if folder.is_dir() else ():
        try:
            at = datetime.strptime(path.stem, _STAMP).replace(tzinfo=UTC)
        except ValueError:
            continue  # not ours
        found.append(Kept(at, path))
    return sorted(found, key=lambda kept: kept.at)


def keep(folder: Path, at: datetime, data: bytes, page: bytes) -> Kept:
    """Write both, the page first, so that whoever sees the data finds the page. Raises OSError."""
    kept = Kept(at, folder / (at.astimezone(UTC).strftime(_STAMP) + _DATA))
    replace_file(kept.page, page)
    replace_file(kept.path, data)
    return kept


def prune(folder: Path, *, most: int = MOST, most_bytes: int = MOST_BYTES) -> int:
    """Thin out what is old, then delete the oldest until the limits hold; the newest stays. Returns how many went."""
    kept = kept_reports(folder)
    thin = thinned(kept)
    gone = thin[: surplus(thin, [item.bytes for item in thin], most, most_bytes)]
    doomed = [item for item in kept if item not in thin or item in gone]
    for item in doomed:
        item.path.unlink(missing_ok=True)
        item.page.unlink(missing_ok=True)
    return len(doomed)


def thinned(kept: Sequence[Kept]) -> list[Kept]:
    """All of the last hours, then the last of each ten minutes of a day, before that the last of each hour.

    A night of flapping must not push out two weeks.
    """
    if not kept:
        return []
    now = kept[-1].at
    last = {_slot(item.at, now - item.at): item for item in kept}
    return [item for item in kept if last[_slot(item.at, now - item.at)] is item]


def _slot(at: datetime, age: timedelta) -> tuple[str, datetime]:
    """Of the reports with the same one only the last is kept."""
    if age < _ALL:
        return "each", at
    if age < _TENS:
        return "ten minutes", at.replace(minute=at.minute // 10 * 10, second=0)
    return "hour", at.replace(minute=0, second=0)


def surplus(kept: Sequence[Kept], sizes: Sequence[int], most: int, most_bytes: int) -> int:
    """How many of the oldest must go."""
    total, gone = sum(sizes), 0
    while len(kept) - gone > 1 and (len(kept) - gone > most or total > most_bytes):
        total -= sizes[gone]
        gone += 1
    return gone


def newest_before(kept: Sequence[Kept], at: datetime) -> Kept | None:
    """The last one at or before a moment."""
    return next((item for item in reversed(kept) if item.at <= at), None)
