"""One address of the venue: its symbols, their history, and one socket for candles and marks that stays open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from opentelemetry import context as otel_context

from plugins.domain import Mark
from plugins.feed.backoff import backoff_s
from plugins.feed.frames import ALL_MARKS, BadFrame, closed_candle, kline_stream, marks_of
from plugins.feed.intake import Intake
from plugins.feed.rest import INVALID_INTERVAL, Rest, VenueRefused, VenueSilent
from plugins.feed.settings import INTERVAL_S, FeedSettings
from plugins.venue import Frame, Stream, StreamClosed, VenueClient, open_stream
from qtcore import Context, NeedsOperator, NotReady

AT_ONCE = 4
"""History requests under way at a time."""

MARKS_A_TURN = 8
"""Marks published before others may run: a candle must not wait behind a market full of them."""

TROUBLE = (StreamClosed, VenueSilent, VenueRefused, BadFrame)


class Session:
    """Follows the market at one origin until cancelled; `connected` is set while the socket is open."""

    def __init__(self, ctx: Context[FeedSettings], origin: str) -> None:
        self.connected = asyncio.Event()
        self.stream: Stream | None = None
        self.reconnects = 0
        self.bad_frames = 0
        self.intake: Intake | None = None
        self.trouble = ""
        self._ctx = ctx
        self._client = VenueClient(origin, throttle=False, timeout_s=ctx.settings.request_timeout_s)
        self._rest = Rest(self._client, ctx.settings.weight_ceiling)
        self._interval_s = INTERVAL_S[ctx.settings.interval]
        self._marks: dict[str, Mark] = {}
        self._marks_due = asyncio.Event()

    async def run(self) -> None:
        """Load, dial, and dial again. Raises NotReady while the first connection fails, NeedsOperator."""
        otel_context.attach(otel_context.Context())  # a candle's trace begins with the candle, not with our start
        try:
            async with asyncio.TaskGroup() as tasks:
                self.intake = Intake(self._ctx, self._rest, tasks)
                tasks.create_task(self._publish_marks(), name="marks")
                await self._load(self.intake)
                await self._stay_connected(self.intake)
        finally:
            self.connected.clear()
            await self._client.close()

    async def follow(self, symbol: str) -> None:
        """Follow one more symbol. Raises StreamClosed, VenueSilent, VenueRefused, BadFrame."""
        if self.intake is None or symbol in self.intake.windows:
            return
        await self.intake.begin(symbol)
        if self.stream is not None:
            await self.stream.subscribe([kline_stream(symbol, self._ctx.settings.interval)])

    async def resubscribe(self, symbols: Iterable[str]) -> None:
        """Ask anew for the candles of these symbols and for all marks, and fetch what was missed.

        Raises StreamClosed, VenueSilent, VenueRefused, BadFrame.
        """
        if self.stream is None or self.intake is None:
            raise StreamClosed("no socket is open; it is being dialled again already")
        followed = [symbol for symbol in symbols if symbol in self.intake.windows]
        names = [*(kline_stream(symbol, self._ctx.settings.interval) for symbol in followed), ALL_MARKS]
        await self.stream.unsubscribe(names)
        await self.stream.subscribe(names)
        await _for_each(followed, self.intake.catch_up)

    def hang_up(self, why: str) -> None:
        """End the socket; it is dialled again at once."""
        if self.stream is not None:
            self.stream.end("", why)

    async def _load(self, intake: Intake) -> None:
        try:
            symbols = await self._chosen()
            await _for_each(symbols, intake.begin)
        except VenueRefused as error:
            if error.code == INVALID_INTERVAL:
                raise NeedsOperator(
                    f"the venue has no {self._ctx.settings.interval} candles (its market may be made of longer bars): "
                    "set feed.settings.interval to one that it has, like 5m"
                ) from error
            raise NotReady(str(error), retry_after_s=2.0) from error
        except (VenueSilent, BadFrame) as error:
            raise NotReady(str(error), retry_after_s=1.0) from error

    async def _chosen(self) -> list[str]:
        settings = self._ctx.settings
        tradable = await self._rest.tradable()
        if settings.symbols:
            if missing := sorted(set(settings.symbols) - set(tradable)):
                self._ctx.log.warning("symbols not traded at the venue are left out", symbols=missing)
            return [symbol for symbol in settings.symbols if symbol in tradable]
        if len(tradable) > settings.max_symbols:
            return await self._rest.most_traded(tradable, settings.max_symbols)
        return tradable

    async def _stay_connected(self, intake: Intake) -> None:
        attempt = 0
        while True:
            try:
                await self._listen(intake)
            except TROUBLE as error:
                self.trouble = str(error)
                attempt = 0 if self.connected.is_set() else attempt + 1
                if self.reconnects == 0 and not self.connected.is_set() and attempt >= 2:
                    raise NotReady(f"no market data yet: {error}", retry_after_s=1.0) from error
                self._ctx.log.warning("market data interrupted", error=str(error), attempt=attempt)
            self.connected.clear()
            self.stream = None
            self.reconnects += 1
            await asyncio.sleep(backoff_s(attempt, self._ctx.settings))

    async def _listen(self, intake: Intake) -> None:
        names = [kline_stream(symbol, self._ctx.settings.interval) for symbol in intake.windows]
        url = self._client.get_ws_url("linear", "market")
        async with open_stream(self._client, url, subscribe=[*names, ALL_MARKS]) as stream:
            # Frames wait in the stream meanwhile: between what REST tells and what they tell nothing is lost.
            await _for_each(list(intake.windows), intake.catch_up)
            self.stream = stream
            self.connected.set()
            async for frame in stream:
                await self._read(intake, frame)

    async def _read(self, intake: Intake, frame: Frame) -> None:
        try:
            match frame.message:
                case {"e": "kline"} as event:
                    candle = closed_candle(event, self._interval_s, frame.received_ns)
                    if candle is not None:
                        await intake.take(candle)
                case [*events]:
                    self._note_marks(intake, events)
                case {"error": refusal}:
                    self._ctx.log.error("the venue refused a subscription", refusal=refusal)
                case _:
                    pass  # answers to our subscriptions
        except BadFrame as error:
            self.bad_frames += 1
            self._ctx.log.warning("frame refused", error=str(error))

    def _note_marks(self, intake: Intake, events: list[Mapping[str, Any]]) -> None:
        marks = marks_of(events, intake.windows)
        now_s = self._ctx.now()
        for mark in marks:
            self._marks[mark.symbol] = mark
            intake.seen[mark.symbol].mark_s = now_s
        self._marks_due.set()

    async def _publish_marks(self) -> None:
        while True:
            await self._marks_due.wait()
            self._marks_due.clear()
            due, self._marks = self._marks, {}
            for number, mark in enumerate(due.values(), start=1):
                await self._ctx.publish(mark)
                if number % MARKS_A_TURN == 0:
                    await asyncio.sleep(0)
            self._ctx.progress("marks", len(due))


async def _for_each(symbols: Iterable[str], ask: Callable[[str], Awaitable[None]]) -> None:
    """Ask for every symbol, a few at a time. Raises the first trouble; the others are cancelled."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(symbol: str) -> None:
        async with room:
            await ask(symbol)

    try:
        async with asyncio.TaskGroup() as tasks:
            for symbol in symbols:
                tasks.create_task(one(symbol), name=f"ask for {symbol}")
    except ExceptionGroup as group:
        raise group.exceptions[0] from group
