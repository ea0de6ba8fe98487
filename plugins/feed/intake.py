"""Takes closed candles as they come, fills the holes between them, and publishes each once and in order."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from plugins.domain import Candle, Mark, Succession, market_ms, market_speed
from plugins.feed.frames import BadFrame
from plugins.feed.rest import Rest, VenueRefused, VenueSilent
from plugins.feed.settings import INTERVAL_S, FeedSettings
from plugins.feed.window import Window
from qtcore import Context

MOST_NEWS = 10
"""Candles of one symbol that are published after a silence; what is older is history, and asked for."""

SETTLE_S = 1.0
"""Real seconds after a candle's end until the venue has surely closed it, whatever clocks differ."""


@dataclass(slots=True)
class Seen:
    """When something of a symbol last came in, in monotonic real seconds.

    `candle_s` and `mark_s` count whatever brought it; `streamed_s` only what the candle stream brought.
    """

    candle_s: float
    mark_s: float
    streamed_s: float
    marked_at: datetime | None = None


@dataclass(slots=True)
class Tally:
    """What became of candles that were not simply published."""

    duplicates: int = 0
    filled: int = 0
    unfilled: int = 0


class Intake:
    """The windows of all followed symbols. A missing candle is asked of the venue before the next is published."""

    def __init__(self, ctx: Context[FeedSettings], rest: Rest, tasks: asyncio.TaskGroup) -> None:
        self.windows: dict[str, Window] = {}
        self.seen: dict[str, Seen] = {}
        self.tally = Tally()
        self.marks: dict[str, Mark] = {}
        self._ctx = ctx
        self._rest = rest
        self._tasks = tasks
        self._interval = ctx.settings.interval
        self._interval_s = INTERVAL_S[ctx.settings.interval]
        self._waiting: dict[str, list[Candle]] = {}

    async def begin(self, symbol: str) -> None:
        """Follow a symbol, with its history. Raises VenueSilent, VenueRefused, BadFrame."""
        window = Window(self._ctx.settings.history_bars)
        window.extend(await self._newest(symbol, self._ctx.settings.history_bars))
        self.windows[symbol] = window
        now_s = self._ctx.now()
        candle_s = now_s if window.last is None else now_s - self._age_s(window.last.closed_at)
        self.seen[symbol] = Seen(candle_s, now_s, now_s)

    def end(self, symbol: str) -> None:
        """Follow a symbol no more."""
        del self.windows[symbol], self.seen[symbol]
        self.marks.pop(symbol, None)

    def heard(self, symbol: str) -> None:
        """The candle stream of a symbol has said something, if only that the candle is not closed yet."""
        if seen := self.seen.get(symbol):
            seen.streamed_s = self._ctx.now()

    def fresh_marks(self, marks: list[Mark]) -> list[Mark]:
        """The marks to publish; one whose time stands still is a price that nobody has looked at again."""
        now_s = self._ctx.now()
        self.marks.update((mark.symbol, mark) for mark in marks)
        for mark in marks:
            seen = self.seen.get(mark.symbol)
            if seen is None:
                continue
            if seen.marked_at is None:  # nothing to compare it with: its own time says how old it is
                seen.mark_s, seen.marked_at = now_s - self._age_s(mark.at), mark.at
            elif mark.at > seen.marked_at:
                seen.mark_s, seen.marked_at = now_s, mark.at
        return [mark for mark in marks if mark.symbol in self.seen]

    def newer_marks(self, marks: list[Mark]) -> set[str]:
        """The symbols of those marks that are newer than any that came."""
        known = {symbol: seen.marked_at for symbol, seen in self.seen.items()}
        return {mark.symbol for mark in marks if (at := known.get(mark.symbol)) is not None and mark.at > at}

    async def has_closed(self, symbol: str) -> bool:
        """Whether the venue has a closed candle newer than ours. Raises VenueSilent, VenueRefused, BadFrame."""
        window = self.windows.get(symbol)
        if window is None or window.last is None:
            return False
        last = window.last
        return any(candle.closed_at > last.closed_at for candle in await self._newest(symbol, 1))

    def came_since(self, symbol: str, at_s: float) -> bool:
        """Whether a candle or a mark of the symbol was taken in since that moment, or it is followed no more."""
        seen = self.seen.get(symbol)
        return seen is None or max(seen.candle_s, seen.mark_s) >= at_s

    def _age_s(self, at: datetime) -> float:
        """Real seconds since a market time; none while the market stands still."""
        speed = market_speed(self._ctx.real_limit_s)
        return max(0.0, (self._ctx.market_now() - at).total_seconds() / speed) if speed else 0.0

    async def catch_up(self, symbol: str) -> None:
        """Ask for what closed since the last candle and publish it. Raises VenueSilent, VenueRefused, BadFrame."""
        window = self.windows.get(symbol)
        if window is None or window.last is None or symbol in self._waiting:
            return
        behind_s = (self._ctx.market_now() - window.last.closed_at).total_seconds()
        bars = min(int(behind_s // self._interval_s) + 1, self._ctx.settings.history_bars)
        if bars < 1:
            return
        waiting = self._waiting[symbol] = []
        try:
            found = await self._newest(symbol, bars)
            await self._release(window, found, waiting)
        finally:
            del self._waiting[symbol]

    async def take(self, candle: Candle) -> None:
        """A closed candle has come in."""
        window = self.windows.get(candle.symbol)
        if window is None:
            return
        waiting = self._waiting.get(candle.symbol)
        if waiting is not None:
            waiting.append(candle)
            return
        match window.place(candle):
            case Succession.NEXT:
                await self._publish(window.extend([candle]))
            case Succession.OLD:
                self.tally.duplicates += 1
            case Succession.GAP:
                self._waiting[candle.symbol] = [candle]
                self._tasks.create_task(self._fill(window, candle), name=f"fill {candle.symbol}")

    async def _fill(self, window: Window, first: Candle) -> None:
        symbol = first.symbol
        try:
            found = await self._missing(window, first)
            self.tally.filled += len(found)
            await self._release(window, found, self._waiting[symbol])
        except (VenueSilent, VenueRefused, BadFrame) as error:
            # The next candle shows the same hole, one wider, and is the next try.
            self.tally.unfilled += 1
            self._ctx.log.warning("hole not filled", symbol=symbol, before=first.opened_at, error=str(error))
        finally:
            del self._waiting[symbol]

    async def _missing(self, window: Window, first: Candle) -> list[Candle]:
        before_ms = market_ms(first.opened_at)
        earliest_ms = before_ms - self._ctx.settings.history_bars * self._interval_s * 1000
        last_ms = market_ms(window.last.closed_at) if window.last else earliest_ms
        found = await self._rest.between(
            first.symbol, self._interval, self._interval_s, max(last_ms, earliest_ms), before_ms
        )
        return _received_now(found)

    async def _newest(self, symbol: str, bars: int) -> list[Candle]:
        found = await self._rest.newest(symbol, self._interval, self._interval_s, bars, settled=settled(self._ctx))
        return _received_now(found)

    async def _release(self, window: Window, found: list[Candle], waiting: list[Candle]) -> None:
        """Publish what was found and then what came in meanwhile, until nothing is waiting."""
        fresh = window.extend(found)
        while fresh or waiting:
            fresh += window.extend(waiting)
            waiting.clear()
            await self._publish(fresh[-MOST_NEWS:])
            fresh = []

    async def _publish(self, candles: list[Candle]) -> None:
        for candle in candles:
            # No span: a candle's trace begins, from `received_ns` on, with who finds a signal in it. For the
            # many in which nobody does it would cost half of the time that they take.
            await self._ctx.publish(candle)
            self._ctx.progress("candles", data_as_of=candle.closed_at)
            if seen := self.seen.get(candle.symbol):
                seen.candle_s = self._ctx.now()


def settled(ctx: Context[FeedSettings]) -> datetime:
    """The market time up to which the venue has surely closed its candles."""
    return ctx.market_now() - timedelta(seconds=SETTLE_S * market_speed(ctx.real_limit_s))


def _received_now(candles: list[Candle]) -> list[Candle]:
    now_ns = time.monotonic_ns()
    return [replace(candle, received_ns=now_ns) for candle in candles]
