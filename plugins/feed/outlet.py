"""Publishes mark prices without ever standing in a candle's way."""

from __future__ import annotations

import asyncio

from plugins.domain import Mark
from plugins.feed.settings import FeedSettings
from qtcore import Context

MARKS_A_TURN = 8
"""Marks published before others may run: a candle must not wait behind a market full of them."""


class Outlet:
    """Holds the newest mark of each symbol until it is its turn; an older one that was still waiting is left out."""

    def __init__(self, ctx: Context[FeedSettings]) -> None:
        self._ctx = ctx
        self._waiting: dict[str, Mark] = {}
        self._filled = asyncio.Event()

    def put(self, marks: list[Mark]) -> None:
        """Take marks to publish."""
        self._waiting.update((mark.symbol, mark) for mark in marks)
        self._filled.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            due, self._waiting = self._waiting, {}
            for number, mark in enumerate(due.values(), start=1):
                await self._ctx.publish(mark)
                if number % MARKS_A_TURN == 0:
                    await asyncio.sleep(0)
            self._ctx.progress("marks", len(due))
