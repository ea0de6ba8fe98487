"""Watches the age of all data four times a second: says at once what is stale, and finds out whose fault it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from plugins.feed.ages import Ages, Fault, Limits
from plugins.feed.findings import stale_finding
from plugins.feed.freshness import stale_symbols
from plugins.feed.kinds import STALE
from plugins.feed.mending import LATE_S, Mending
from plugins.feed.second_look import SecondLook
from plugins.feed.session import Session
from plugins.feed.settings import FeedSettings
from qtcore import Context


class Staleness:
    """What is stale now. A symbol may stand still while its streams speak, so silence alone does not tell it."""

    def __init__(self, ctx: Context[FeedSettings], session: Session, mending: Mending) -> None:
        self._ctx = ctx
        self._session = session
        self._second_look = SecondLook(ctx, session, mending)
        self._looked_s: float | None = None
        self._told: tuple[object, ...] | None = None

    @property
    def fault(self) -> Fault:
        """Whose fault it is that something is stale."""
        return self._second_look.fault

    def look(self, ages: Mapping[str, Ages], limits: Limits, held: Collection[str]) -> None:
        """Say what is stale, take it back once nothing is, and ask the venue about it."""
        now_s, last_s = self._ctx.now(), self._looked_s
        self._looked_s = now_s
        if last_s is None or now_s - last_s > LATE_S or not self._session.began:
            return  # this process was held up itself: what has come meanwhile is read first
        stale = stale_symbols(ages, limits, held)
        self._second_look.look(stale)
        if not stale:
            self._fresh()
        elif self._session.sight().well:  # else the streams' silence is told, and this with health
            self._say(stale, ages, limits, held)

    def _say(self, stale: list[str], ages: Mapping[str, Ages], limits: Limits, held: Collection[str]) -> None:
        news = (*stale, stale[0] in held, self.fault)
        if news != self._told:
            self._told = news
            self._ctx.raise_finding(stale_finding(stale, ages, limits, held, self.fault))

    def _fresh(self) -> None:
        if self._told is not None:
            self._told = None
            self._ctx.resolve_finding(STALE.code)
