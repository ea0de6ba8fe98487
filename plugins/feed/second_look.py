"""Asks the venue itself, by REST, about symbols that have gone stale: has it nothing newer, or does it not reach us?

What it finds is taken in like anything else, so asking is a remedy too. Only where the venue has newer data that
does not get in, or where nobody gets round to asking, is the feed itself at fault, and a new start of use.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from plugins.feed.ages import Fault
from plugins.feed.mending import Mending
from plugins.feed.session import TROUBLE, Session
from plugins.feed.settings import FeedSettings
from qtcore import Context

AGAIN_S = 5.0
"""Real seconds between two questions while symbols stay stale."""
LONGEST_S = 30.0
"""Real seconds after which a question without an end is stuck here: each try of it has a shorter limit of its own."""
ASKED_ABOUT = 3
"""Symbols whose candles are asked for; those with an open position stand first."""


class SecondLook:
    """One question at a time; what it told holds until the data is fresh again."""

    def __init__(self, ctx: Context[FeedSettings], session: Session, mending: Mending) -> None:
        self._ctx = ctx
        self._session = session
        self._mending = mending
        self._task: asyncio.Task[None] | None = None
        self._asked_s = float("-inf")
        self._told: Fault | None = None

    @property
    def fault(self) -> Fault:
        """Whose fault it is that something is stale; a venue that has not been asked lately is no excuse."""
        if self._ctx.now() - self._asked_s > LONGEST_S:
            return Fault.FEED
        return self._told or Fault.UNKNOWN

    def look(self, stale: Sequence[str]) -> None:
        """Ask about what is stale, again and again; forget the answers once nothing is."""
        if not stale:
            self._told = None
            return
        idle = self._task is None or self._task.done()
        if idle and self._ctx.now() - self._asked_s >= AGAIN_S:
            self._asked_s = self._ctx.now()
            self._task = self._session.work.create_task(self._ask(tuple(stale)), name="second look")

    async def _ask(self, stale: Sequence[str]) -> None:
        try:
            newer = await self._session.newer(stale[:ASKED_ABOUT])
        except TROUBLE as error:
            self._ctx.log.warning("the venue was asked about stale symbols in vain", symbols=stale, error=str(error))
            self._told = Fault.SILENT
            return
        if newer.taken:
            self._mending.urge()
        self._told = Fault.FEED if newer.left else Fault.VENUE
