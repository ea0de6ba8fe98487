"""Where the history was opened last, so that one that is looked for elsewhere is told from one that was lost."""

from __future__ import annotations

from pathlib import Path

from qtcore import replace_file

MARKER = "opened"
"""A file that says that there has been a history, and where: so that a lost one is told from a first start."""


def has_been(folder: Path) -> bool:
    """Whether a history was ever opened for the plugin with this data folder."""
    return (folder / MARKER).exists()


def elsewhere(folder: Path, home: Path, file: Path) -> Path | None:
    """The file in which the history was until now, if that is another one and still is there."""
    try:
        said = (folder / MARKER).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    before = home / said if said else file
    return before if before != file and before.is_file() else None


def remember(folder: Path, home: Path, file: Path | None) -> None:
    """Write down where the history is; within the home by its name only, so that the home may be moved."""
    within = file.relative_to(home) if file is not None and file.is_relative_to(home) else file
    replace_file(folder / MARKER, f"{within}\n".encode() if within is not None else b"")
