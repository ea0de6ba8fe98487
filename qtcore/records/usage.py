"""How much room each kind of record takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qtcore.records.home import Home


@dataclass(frozen=True, slots=True)
class Use:
    """What one kind of record takes."""

    what: str
    path: Path
    bytes: int


def usage(home: Path) -> list[Use]:
    """What each kind of record under a home takes, databases with their sidecars."""
    place = Home(home)
    parts = [
        ("state", place.state),
        ("logs", place.logs),
        ("traces", place.traces),
        ("reports", place.reports),
        ("data", place.data),
        ("journal", place.journal),
    ]
    parts += [("database", path) for path in sorted(home.glob("*.db")) if path != place.journal]
    return [Use(what, path, size_of(path)) for what, path in parts]


def size_of(path: Path) -> int:
    """Bytes of a folder with everything below it, or of a file with its sidecars."""
    files = path.rglob("*") if path.is_dir() else path.parent.glob(path.name + "*")
    return sum(bytes_of(file) for file in files if file.is_file())


def bytes_of(path: Path) -> int:
    """0 for a file that went away while we looked."""
    try:
        return path.stat().st_size
    except FileNotFoundError:  # rotated or pruned while we looked
        return 0
