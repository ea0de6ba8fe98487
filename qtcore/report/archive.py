"""Reports that are kept in the home: `reports/20261123T004012Z.json`, each with the page made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qtcore.records.atomic import replace_file

MOST = 400
"""How many are kept: two weeks of one an hour, with some changes between."""
MOST_BYTES = 200 * 1024 * 1024
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
    """Delete the oldest until count and size are within their limits; the newest always stays. Returns how many."""
    kept = kept_reports(folder)
    gone = surplus(kept, [item.bytes for item in kept], most, most_bytes)
    for item in kept[:gone]:
        item.path.unlink(missing_ok=True)
        item.page.unlink(missing_ok=True)
    return gone


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
