"""Faults as they are shown to whoever asks which are on."""

from __future__ import annotations

from typing import Any

from plugins.paper_exchange.faults.board import Active, Board


def shown(board: Board) -> list[dict[str, Any]]:
    """The faults that are on, oldest first."""
    return [row(board, active) for active in board.active()]


def row(board: Board, active: Active) -> dict[str, Any]:
    """One fault; `seconds_left` and `strikes_left` are null where there is no such bound."""
    return {
        "number": active.number,
        "kind": str(active.fault.kind),
        "shown": active.fault.shown(),
        "seconds_left": board.seconds_left(active),
        "strikes_left": active.left,
    }
