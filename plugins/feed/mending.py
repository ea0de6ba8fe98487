"""Watches the streams of a session four times a second and climbs the ladder of recovery while any is silent."""

from __future__ import annotations

import asyncio

from plugins.feed.findings import mute_finding
from plugins.feed.kinds import MUTE
from plugins.feed.recovery import Sight, Step, next_step
from plugins.feed.session import TROUBLE, Session
from plugins.feed.settings import FeedSettings
from qtcore import Context

LATE_S = 1.5
"""Real seconds between two looks that say that this process was held up itself, not the venue."""


class Mending:
    """One mending at a time; the steps that were tried are forgotten once the streams are proven."""

    def __init__(self, ctx: Context[FeedSettings], session: Session) -> None:
        self._ctx = ctx
        self._session = session
        self._mute: set[str] | None = None
        self._tried: set[Step] = set()
        self._tried_s = 0.0
        self._task: asyncio.Task[str] | None = None
        self._looked_s: float | None = None
        self._inherited = True
        """An earlier generation may have said that streams are silent, and ended before it could take that back."""

    def look(self) -> None:
        """Notice silence, say so at once, and begin to mend; notice also when it is over."""
        now_s, last_s = self._ctx.now(), self._looked_s
        self._looked_s = now_s
        if last_s is None or now_s - last_s > LATE_S or not self._session.began:
            return
        sight = self._session.sight()
        if sight.well:
            self._well()
            return
        self._say(sight)
        self._forget_old()
        if next_step(sight, self._tried) is not None:
            self._begin()

    async def mend(self) -> str:
        """Climb until the streams are well or nothing is left to try; says what was done.

        What health complains of may be invisible here, so at least one step is taken.
        """
        if not self._session.began:
            return "nothing yet: the first connection is still being made"
        if self._session.sight().well and (self._task is None or self._task.done()):
            return await self._take(next((step for step in Step if step not in self._tried), Step.RECONNECT))
        return await asyncio.shield(self._begin())

    def urge(self) -> None:
        """REST tells more than streams that speak: ask for them anew, or dial anew where that was in vain."""
        if not self._session.sight().well:
            return  # it is being climbed already
        self._forget_old()
        step = next((step for step in (Step.RESUBSCRIBE, Step.RECONNECT) if step not in self._tried), None)
        if step is not None and (self._task is None or self._task.done()):
            self._task = self._session.work.create_task(self._take(step), name="mend")

    def _forget_old(self) -> None:
        if self._ctx.now() - self._tried_s > self._ctx.settings.retry_s:
            self._tried -= {Step.RESUBSCRIBE, Step.RECONNECT}

    def _begin(self) -> asyncio.Task[str]:
        if self._task is None or self._task.done():
            self._task = self._session.work.create_task(self._climb(), name="mend")
        return self._task

    async def _climb(self) -> str:
        done = []
        while (step := next_step(self._session.sight(), self._tried)) is not None:
            done.append(await self._take(step))
            await self._session.until_well(self._ctx.settings.patience_s)
        return ", then ".join(done) or "nothing is left to try here"

    async def _take(self, step: Step) -> str:
        self._tried.add(step)
        self._tried_s = self._ctx.now()
        self._ctx.log.warning("mending the market data", step=step.name.lower(), tried=sorted(self._tried))
        try:
            match step:
                case Step.RESUBSCRIBE:
                    await self._session.drop_untraded()
                    await self._session.resubscribe()
                case Step.RECONNECT:
                    self._session.hang_up("streams had fallen silent")
                case Step.POLL:
                    self._session.poll()
        except TROUBLE as error:
            return f"tried in vain ({error}): {step.value}"
        return step.value

    def _say(self, sight: Sight) -> None:
        if self._mute is None:
            self._mute = set()
            self._ctx.raise_finding(mute_finding(sight, self._session.silence_s, self._session.held))
        self._mute |= set(sight.mute)

    def _well(self) -> None:
        """Being asked for anew is no proof; only what has come since is."""
        told = self._inherited or self._mute is not None
        if not told or not self._session.proven(self._mute or ()):
            return
        self._mute, self._inherited = None, False
        self._tried.clear()
        self._session.stop_polling()
        self._ctx.resolve_finding(MUTE.code)
