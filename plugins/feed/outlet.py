"""Publishes mark prices without ever standing in a candle's way."""

from __future__ import annotations

import asyncio

from plugins.domain import Mark
from plugins.feed.settings import FeedSettings
from qtcore import Context

MARKS_A_TURN = 8
"""Marks published before others may run: a candle must not wait behind a market full of them."""
LULL_S = 0.05
"""How long after a closed candle marks wait: others of the same moment follow, and whoever acts on them goes first."""


class Outlet:
    """Holds the newest mark of each symbol until it is its turn; an older one that was still waiting is left out."""

    def __init__(self, ctx: Context[FeedSettings]) -> None:
        self._ctx = ctx
        self._waiting: dict[str, Mark] = {}
        self._filled = asyncio.Event()
        self._candle_s = float("-inf")

    def candle_closed(self) -> None:
        """A closed candle has come."""
        self._candle_s = self._ctx.now()

    def put(self, marks: list[Mark]) -> None:
        """Take marks to publish."""
        self._waiting.update((mark.symbol, mark) for mark in marks)
        self._filled.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._filled.wait()
            await asyncio.sleep(self._candle_s + LULL_S - self._ctx.now())
            self._filled.clear()
            due, self._waiting = self._waiting, {}
            for number, mark in enumerate(due.values(), start=1):
                await self._ctx.publish(mark)
                if number % MARKS_A_TURN == 0:
                    await asyncio.sleep(0)
            self._ctx.progress("marks", len(due))
