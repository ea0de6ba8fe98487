"""The three classes that every model answers with, in the one order that all of them use.

The original had two models whose class maps disagreed (HOLD, BUY, SELL against SELL, HOLD, BUY) and mixed their
columns. Here a column's meaning is its index in `Direction`, and an artefact records the order it was trained with.
"""

from __future__ import annotations

from enum import IntEnum
from typing import assert_never

from plugins.domain import View


class Direction(IntEnum):
    """Where the price goes next, net of costs; the value is the column of a probability matrix."""

    DOWN = 0
    FLAT = 1
    UP = 2


CLASS_ORDER: tuple[str, ...] = tuple(direction.name for direction in Direction)
"""What an artefact's manifest says about its columns; compare before using it."""


def view_of(direction: Direction) -> View:
    """What a trader calls the class."""
    match direction:
        case Direction.DOWN:
            return View.SHORT
        case Direction.FLAT:
            return View.NEUTRAL
        case Direction.UP:
            return View.LONG
        case _:
            assert_never(direction)
