"""The user stream's events on their way out, with whatever happens to them on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from plugins.paper_exchange.faults.board import Board
from plugins.paper_exchange.faults.kinds import (
    EventFault,
    EventsDelayed,
    EventsDuplicated,
    EventsLost,
    EventsReordered,
)
from plugins.paper_exchange.server.sockets import Sockets

LONGEST_HOLD_S = 1.0
"""An event that waits to be overtaken goes out after this, even if none has followed."""

Event = Mapping[str, Any]


class UserFeed:
    """Sends events to every private connection, in order and at once unless a fault says otherwise."""

    def __init__(self, sockets: Sockets, board: Board) -> None:
        self._sockets = sockets
        self._board = board
        self._timers: set[asyncio.TimerHandle] = set()
        self._overtaken: Event | None = None

    def send(self, event: Event) -> None:
        def strikes(fault: EventFault) -> bool:
            return fault.event in ("", event["e"])

        if self._board.strike(EventsLost, strikes) is not None:
            return
        if (delayed := self._board.strike(EventsDelayed, strikes)) is not None:
            self._later(delayed.delay_s, event)
        elif self._overtaken is None and self._board.strike(EventsReordered, strikes) is not None:
            self._overtaken = event
            self._later(LONGEST_HOLD_S, None)
        else:
            again = self._board.strike(EventsDuplicated, strikes) is not None
            self._publish(event)
            if again:
                self._publish(event)

    def close(self) -> None:
        """Forget what has not been sent."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _publish(self, event: Event) -> None:
        self._sockets.publish_user(event)
        self._let_go()

    def _let_go(self) -> None:
        held, self._overtaken = self._overtaken, None
        if held is not None:
            self._sockets.publish_user(held)

    def _later(self, delay_s: float, event: Event | None) -> None:
        """Send an event later; without one, let go of the one that waits to be overtaken."""

        def due() -> None:
            self._timers.discard(timer)
            self._let_go() if event is None else self._publish(event)

        timer = asyncio.get_running_loop().call_later(delay_s, due)
        self._timers.add(timer)
