"""The other transport: asks the venue by REST for what its streams do not bring, open positions first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta

from plugins.domain import Mark
from plugins.feed.frames import BadFrame
from plugins.feed.intake import Intake, settled
from plugins.feed.order import held_first
from plugins.feed.rest import Rest, VenueRefused, VenueSilent
from plugins.feed.settings import INTERVAL_S, FeedSettings
from qtcore import Context


class Polling:
    """Marks each `poll_s`, candles once they have closed. Real data, only later; nothing is made up in between."""

    def __init__(
        self,
        ctx: Context[FeedSettings],
        rest: Rest,
        intake: Intake,
        held: Collection[str],
        take_marks: Callable[[list[Mark]], None],
    ) -> None:
        self.rounds = 0
        self._ctx = ctx
        self._rest = rest
        self._intake = intake
        self._held = held
        self._take_marks = take_marks
        self._interval_s = INTERVAL_S[ctx.settings.interval]

    async def run(self) -> None:
        """Ask until cancelled; a venue that does not answer is asked again in the next round."""
        while True:
            try:
                await self._round()
            except (VenueSilent, VenueRefused, BadFrame) as error:
                self._ctx.log.warning("polling was refused", error=str(error))
            await asyncio.sleep(self._ctx.settings.poll_s)

    async def _round(self) -> None:
        self._take_marks(await self._rest.marks(self._intake.windows))
        for symbol in held_first(self._due(), self._held):
            await self._intake.catch_up(symbol)
        self.rounds += 1
        self._ctx.progress("polls")

    def _due(self) -> list[str]:
        """Symbols of which a candle has closed since the last one that is known."""
        closed = settled(self._ctx) - timedelta(seconds=self._interval_s)
        windows = self._intake.windows
        return [symbol for symbol, window in windows.items() if window.last and window.last.closed_at <= closed]
