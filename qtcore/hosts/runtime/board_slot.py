"""One generation's place on the board that supervisor and hosts share."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from qtcore.hosts.board import Board


@dataclass(frozen=True, slots=True)
class BoardSlot:
    """The lease and the work of one generation; its time is CLOCK_MONOTONIC."""

    board: Board
    host: int
    plugin: int
    generation: int

    def holds_lease(self) -> bool:
        """Whether the supervisor still names this generation as the one that may act."""
        return self.board.lease(self.plugin) == self.generation

    def supervisor_silent_s(self) -> float:
        """Seconds since the supervisor's last beat."""
        return (time.monotonic_ns() - self.board.supervisor_beat()) / 1e9

    def note_progress(self, n: int) -> None:
        """Count work done now."""
        self.board.note_progress(self.plugin, n, time.monotonic_ns())

    def note_data_as_of(self, at: datetime) -> None:
        """Note how old the newest data is."""
        self.board.set_data_as_of(self.plugin, int(at.timestamp() * 1000))

    def note_entered(self) -> None:
        """Note that this plugin's code runs next: who it was, should the loop stand still."""
        self.board.set_running(self.host, self.plugin)
