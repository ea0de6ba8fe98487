"""How wide the columns of a table may be (pure)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

_ROOM_FOR_WORDS = 12
"""A column is not made narrower than this, or than its content, to give others room."""


def widths_for(rows: Sequence[Sequence[str]], room: int | None, gap: int) -> list[int] | None:
    """The natural widths where there is room for them, else the widest are cut down; None when it cannot be done."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if room is None:
        return widths
    least = [min(width, _ROOM_FOR_WORDS) for width in widths]
    free = room - gap * (len(widths) - 1)
    if sum(least) > free:
        return None
    while sum(widths) > free:
        widest = max(range(len(widths)), key=lambda index: widths[index] - least[index])
        others = sorted((widths[index] for index in range(len(widths)) if index != widest), reverse=True)
        over = sum(widths) - free
        lower = max(least[widest], others[0] if others and others[0] < widths[widest] else widths[widest] - over)
        widths[widest] = max(lower, widths[widest] - over, least[widest])
    return widths


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width`; a word that is longer is broken."""
    if len(text) <= width:
        return [text]
    return textwrap.wrap(text, max(width, 1), break_on_hyphens=False) or [""]
