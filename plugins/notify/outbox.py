"""Letters on their way to one receiver: in order, tried again a bounded number of times, never in each other's way."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from plugins.notify.letter import Letter
from plugins.notify.receivers import Receiver, Undelivered


@dataclass(slots=True)
class Tally:
    """What has become of the letters to one receiver."""

    delivered: int = 0
    given_up: int = 0
    last_at: datetime | None = None
    trouble: str | None = None
    """Why the last try failed; None after one that did not."""


class Outbox:
    """`put` never waits; `run` delivers until cancelled."""

    def __init__(self, receiver: Receiver, *, retry_s: tuple[float, ...], limit: int, timeout_s: float) -> None:
        self.name = receiver.name
        self.tally = Tally()
        self._receiver = receiver
        self._retry_s = retry_s
        self._timeout_s = timeout_s
        self._limit = limit
        self._waiting: deque[Letter] = deque()
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Letters that are not yet delivered."""
        return len(self._waiting)

    def put(self, letter: Letter) -> None:
        """Take a letter; when too many wait the oldest is given up."""
        self._waiting.append(letter)
        if len(self._waiting) > self._limit:
            self._waiting.popleft()
            self.tally.given_up += 1
        self._news.set()

    def hurry(self) -> None:
        """Try now instead of waiting for the end of a pause."""
        self._news.set()

    async def run(self, wall: Callable[[], datetime]) -> None:
        """Deliver, one letter after the other."""
        while True:
            while self._waiting:
                letter = self._waiting[0]
                arrived = await self._tried(letter)
                self.tally.delivered += arrived
                self.tally.given_up += not arrived
                self.tally.last_at = wall() if arrived else self.tally.last_at
                if self._waiting and self._waiting[0] is letter:
                    self._waiting.popleft()
            self._news.clear()
            await self._news.wait()

    async def _tried(self, letter: Letter) -> bool:
        for pause_s in (*self._retry_s, None):
            try:
                # A thread cannot be cancelled; the receiver's own deadline for each step ends it.
                async with asyncio.timeout(self._timeout_s * 2):
                    await asyncio.to_thread(self._receiver.deliver, letter)
            except Undelivered as error:
                self.tally.trouble = str(error)
            except TimeoutError:
                self.tally.trouble = f"{self.name} took longer than {self._timeout_s * 2:g} s"
            else:
                self.tally.trouble = None
                return True
            if pause_s is not None:
                await self._pause(pause_s)
        return False

    async def _pause(self, seconds: float) -> None:
        self._news.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
