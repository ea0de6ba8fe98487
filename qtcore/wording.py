"""Small words about numbers, for summaries that people read."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`counted(1, "position")` is "1 position", `counted(2, "entry", "entries")` is "2 entries"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
