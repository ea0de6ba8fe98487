"""A clock whose hands the test moves."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2025, 1, 1, tzinfo=UTC)
_TURNS = 20
"""Turns of the loop given to whoever was woken before time moves on."""


class VirtualClock:
    """Satisfies `qtcore.messaging.clock.Clock`; time stands still until `advance`."""

    def __init__(self, *, wall: datetime = START, now_s: float = 1_000.0) -> None:
        self._start_s = now_s
        self._now_s = now_s
        self._wall = wall
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> float:
        """Virtual monotonic seconds."""
        return self._now_s

    def wall(self) -> datetime:
        """Virtual wall time, aware UTC."""
        return self._wall + timedelta(seconds=self._now_s - self._start_s)

    async def sleep(self, seconds: float) -> None:
        """Wait until `advance` has moved time this far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now_s + seconds, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move time on, waking sleepers in order, each at its own moment."""
        until_s = self._now_s + seconds
        await turns()
        while self._sleepers and self._sleepers[0][0] <= until_s:
            at_s, _, woken = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._now_s = max(self._now_s, at_s)
            woken.set_result(None)
            await turns()
        self._now_s = until_s
        await turns()


async def turns(n: int = _TURNS) -> None:
    """Let everybody who can run do so."""
    for _ in range(n):
        await asyncio.sleep(0)
