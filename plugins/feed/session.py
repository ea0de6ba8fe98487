"""One address of the venue: its symbols, their history, and one socket for candles and marks that stays open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from opentelemetry import context as otel_context

from plugins.domain import Candle, Mark, Mode
from plugins.feed.backoff import backoff_s
from plugins.feed.frames import ALL_MARKS, BadFrame, closed_candle, kline_stream, marks_of
from plugins.feed.intake import Intake, settled
from plugins.feed.order import followed, held_first
from plugins.feed.outlet import Outlet
from plugins.feed.polling import Polling
from plugins.feed.recovery import Sight
from plugins.feed.rest import INVALID_INTERVAL, Rest, VenueRefused, VenueSilent
from plugins.feed.settings import INTERVAL_S, FeedSettings, Interval
from plugins.venue import Frame, Stream, StreamClosed, VenueClient, open_stream
from qtcore import Context, NeedsOperator, NotReady

AT_ONCE = 4
"""History requests under way at a time."""

MARKS = "marks"
"""How the stream of all mark prices is called where streams are named by their symbol."""

TROUBLE = (StreamClosed, VenueSilent, VenueRefused, BadFrame)


@dataclass(frozen=True, slots=True)
class Newer:
    """Symbols of which REST told something newer than was known: what was `taken` in, and what was `left`."""

    taken: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


class Session:
    """Follows the market at one origin until cancelled; `connected` is set while the socket is open.

    `held` are the symbols with an open position: they come first in everything and are never given up.
    """

    def __init__(self, ctx: Context[FeedSettings], origin: str, held: Collection[str] = ()) -> None:
        self.held = held
        self.connected = asyncio.Event()
        self.began = False
        self.stream: Stream | None = None
        self.reconnects = 0
        self.bad_frames = 0
        self.intake: Intake | None = None
        self.trouble = ""
        self.missing: tuple[str, ...] = ()
        self.polling: Polling | None = None
        self.work = asyncio.TaskGroup()
        self._ctx = ctx
        # prices come from the world that is traded on: paper's from its address, the testnet's not from the real market
        self._client = VenueClient(
            origin, mode=Mode(ctx.mode), throttle=False, timeout_s=ctx.settings.request_timeout_s
        )
        self._rest = Rest(self._client, ctx.settings.weight_ceiling)
        self._interval_s = INTERVAL_S[ctx.settings.interval]
        self._outlet = Outlet(ctx)
        self._news = asyncio.Event()
        self._poll_task: asyncio.Task[None] | None = None
        self._asked_s = self._closed_s = self._frame_s = self._marks_s = ctx.now()

    async def run(self) -> None:
        """Load, dial, and dial again. Raises NotReady while the first connection fails, NeedsOperator."""
        otel_context.attach(otel_context.Context())  # a candle's trace begins with the candle, not with our start
        try:
            async with self.work:
                self.intake = Intake(self._ctx, self._rest, self.work)
                self.work.create_task(self._outlet.run(), name="marks")
                await self._load(self.intake)
                await self._stay_connected(self.intake)
        finally:
            self.connected.clear()
            await self._client.close()

    # --- which symbols ----------------------------------------------------------------------------

    async def follow(self, symbol: str) -> None:
        """Follow one more symbol. Raises StreamClosed, VenueSilent, VenueRefused, BadFrame."""
        if self.intake is None or symbol in self.intake.windows:
            return
        await self.intake.begin(symbol)
        if self.stream is not None:
            await self.stream.subscribe([self._kline(symbol)])

    async def choose_again(self) -> dict[str, list[str]]:
        """Look which symbols to follow now; says which came and which went.

        Raises StreamClosed, VenueSilent, VenueRefused, BadFrame.
        """
        if self.intake is None:
            return {"came": [], "went": []}
        chosen = await self._chosen()
        came = [symbol for symbol in chosen if symbol not in self.intake.windows]
        went = [symbol for symbol in self.intake.windows if symbol not in chosen and symbol not in self.held]
        for symbol in came:
            await self.follow(symbol)
        await self._forget(went)
        return {"came": came, "went": went}

    async def drop_untraded(self) -> None:
        """Stop following what the venue trades no more: its streams are silent for good.

        Raises VenueSilent, VenueRefused.
        """
        if self.intake is not None:
            tradable = await self._rest.tradable()
            await self._forget([s for s in self.intake.windows if s not in tradable and s not in self.held])

    async def _forget(self, symbols: list[str]) -> None:
        if self.intake is None or not symbols:
            return
        self._ctx.log.info("symbols are followed no more", symbols=symbols)
        for symbol in symbols:
            self.intake.end(symbol)
        if self.stream is not None:
            with suppress(StreamClosed):  # the next dial asks only for those that are left
                await self.stream.unsubscribe([self._kline(symbol) for symbol in symbols])

    async def _chosen(self) -> list[str]:
        settings, tradable = self._ctx.settings, await self._rest.tradable()
        if settings.symbols:
            self.missing = tuple(sorted(set(settings.symbols) - set(tradable)))
            return [symbol for symbol in settings.symbols if symbol in tradable]
        if len(tradable) <= settings.max_symbols:
            return tradable
        ranked = await self._rest.most_traded(tradable)
        present = self.intake.windows if self.intake is not None else ()
        return followed(ranked, present, self.held, settings.max_symbols)

    # --- the streams and what is seen of them -----------------------------------------------------

    def sight(self) -> Sight:
        """What is seen of the streams now."""
        settings, now_s = self._ctx.settings, self._ctx.now()
        mute_s = self._ctx.real_limit_s(settings.mute_after_s)
        if not self.connected.is_set() or self.intake is None:
            return Sight(connected=False, away=now_s - self._closed_s > settings.patience_s)
        if self.silence_s > mute_s:
            return Sight(silent=True)
        candle_s = self._ctx.real_limit_s(settings.stale_after_periods * self._interval_s)
        mute = [s for s, seen in self.intake.seen.items() if now_s - max(seen.streamed_s, self._asked_s) > candle_s]
        if now_s - max(self._marks_s, self._asked_s) > mute_s:
            mute.insert(0, MARKS)
        return Sight(mute=tuple(mute))

    @property
    def silence_s(self) -> float:
        """Seconds for which the socket has carried nothing."""
        return self._ctx.now() - (self._closed_s if self.stream is None else self._frame_s)

    def proven(self, mute: Collection[str]) -> bool:
        """Whether marks, and the candles of the streams that were `mute`, have come since they were last asked for."""
        seen = self.intake.seen if self.intake is not None else {}
        heard = (seen[symbol].streamed_s for symbol in mute if symbol in seen)
        return all(at_s > self._asked_s for at_s in (self._marks_s, *heard))

    async def until_well(self, timeout_s: float) -> None:
        """Wait until the streams are well, at most so many real seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self.sight().well:
                    self._news.clear()
                    await self._news.wait()

    async def resubscribe(self) -> int:
        """Ask anew for all candles and marks, and fetch what was missed, held symbols first; says how many.

        Raises StreamClosed, VenueSilent, VenueRefused, BadFrame.
        """
        if self.stream is None or self.intake is None:
            raise StreamClosed("no socket is open; it is being dialled again already")
        symbols = held_first(self.intake.windows, self.held)
        names = [*map(self._kline, symbols), ALL_MARKS]
        self._asked_s = self._ctx.now()
        await self.stream.unsubscribe(names)
        await self.stream.subscribe(names)
        await for_each(symbols, self.intake.catch_up)
        return len(symbols)

    async def newer(self, symbols: Collection[str]) -> Newer:
        """Ask by REST for what is newer of these symbols, and take it in.

        Raises VenueSilent, VenueRefused, BadFrame.
        """
        if self.intake is None:
            return Newer()
        asked_s = self._ctx.now()
        found = self.intake.newer_marks(marks := await self._rest.marks(symbols))
        self._take_marks(marks)
        for symbol in symbols:
            if await self.intake.has_closed(symbol):
                found.add(symbol)
                await self.intake.catch_up(symbol)
        taken = {symbol for symbol in found if self.intake.came_since(symbol, asked_s)}
        return Newer(tuple(sorted(taken)), tuple(sorted(found - taken)))

    def hang_up(self, why: str) -> None:
        """End the socket; it is dialled again at once."""
        if self.stream is not None:
            self.stream.end("", why)

    def poll(self) -> None:
        """Ask by REST from now on, beside whatever the streams bring."""
        if self.polling is None and self.intake is not None:
            self.polling = Polling(self._ctx, self._rest, self.intake, self.held, self._take_marks)
            self._poll_task = self.work.create_task(self.polling.run(), name="poll")

    def stop_polling(self) -> None:
        """The streams are back."""
        if self._poll_task is not None:
            self._poll_task.cancel()
        self._poll_task = self.polling = None

    # --- for whoever wants more than the window ---------------------------------------------------

    async def page(self, symbol: str, interval: Interval, limit: int, before_ms: int | None) -> list[Candle]:
        """Closed candles straight from the venue. Raises VenueBusy, VenueSilent, VenueRefused, BadFrame."""
        return await self._rest.page(
            symbol, interval, INTERVAL_S[interval], limit, before_ms=before_ms, settled=settled(self._ctx)
        )

    async def spreads(self) -> dict[str, float]:
        """Each symbol's distance of ask from bid, as a part of their middle. Raises VenueSilent, VenueRefused."""
        return await self._rest.spreads()

    async def funding(self, since_ms: int) -> list[tuple[int, str, float]]:
        """Time (ms), symbol and rate of what was settled of the followed symbols since then, oldest first.

        Raises VenueSilent, VenueRefused, BadFrame.
        """
        followed = self.intake.windows if self.intake is not None else ()
        settled = await self._rest.settlements(since_ms)
        return sorted((at_ms, symbol, rate) for (at_ms, symbol), rate in settled.items() if symbol in followed)

    # ----------------------------------------------------------------------------------------------

    async def _load(self, intake: Intake) -> None:
        try:
            chosen = {*await self._chosen(), *self.held}
            await for_each(held_first(chosen, self.held), lambda symbol: self._begin(intake, symbol))
            await self._first_marks(intake)
        except VenueRefused as error:
            if error.code == INVALID_INTERVAL:
                raise NeedsOperator(
                    f"the venue has no {self._ctx.settings.interval} candles (its market may be made of longer bars): "
                    "set feed.settings.interval to one that it has, like 5m"
                ) from error
            raise NotReady(str(error), retry_after_s=2.0) from error
        except (VenueSilent, BadFrame) as error:
            raise NotReady(str(error), retry_after_s=1.0) from error

    async def _begin(self, intake: Intake, symbol: str) -> None:
        """Begin one symbol; a held one that the venue has already ended does not keep the others from beginning."""
        try:
            await intake.begin(symbol)
        except VenueRefused as error:
            if symbol not in self.held or error.code == INVALID_INTERVAL:
                raise
            self._ctx.log.warning("a held symbol has no candles at the venue", symbol=symbol, error=str(error))

    async def _first_marks(self, intake: Intake) -> None:
        """What stood still before a start is old after it: the streams alone would tell it as the first of its kind."""
        try:
            intake.fresh_marks(await self._rest.marks(intake.windows))
        except (VenueSilent, VenueRefused, BadFrame) as error:
            self._ctx.log.warning("no marks yet: the streams will bring them", error=str(error))

    async def _stay_connected(self, intake: Intake) -> None:
        attempt = 0
        while True:
            try:
                await self._listen(intake)
            except TROUBLE as error:
                self.trouble = str(error)
                attempt = 0 if self.connected.is_set() else attempt + 1
                if not self.began and attempt >= 2:
                    raise NotReady(f"no market data yet: {error}", retry_after_s=1.0) from error
                self._ctx.log.warning("market data interrupted", error=str(error), attempt=attempt)
            if self.connected.is_set():
                self._closed_s = self._ctx.now()
            self.connected.clear()
            self.stream = None
            self.reconnects += 1
            await asyncio.sleep(backoff_s(attempt, self._ctx.settings))

    async def _listen(self, intake: Intake) -> None:
        symbols = held_first(intake.windows, self.held)
        url = self._client.get_ws_url("linear", "market")
        async with open_stream(self._client, url, subscribe=[*map(self._kline, symbols), ALL_MARKS]) as stream:
            # Frames wait in the stream meanwhile: between what REST tells and what they tell nothing is lost.
            await for_each(symbols, intake.catch_up)
            self.stream = stream
            self._asked_s = self._frame_s = self._ctx.now()
            self.began = True
            self.connected.set()
            async for frame in stream:
                self._frame_s = self._ctx.now()
                await self._read(intake, frame)
                self._news.set()

    async def _read(self, intake: Intake, frame: Frame) -> None:
        try:
            match frame.message:
                case {"e": "kline", "s": symbol} as event:
                    intake.heard(symbol)
                    candle = closed_candle(event, self._interval_s, frame.received_ns)
                    if candle is not None:
                        self._outlet.candle_closed()
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
        self._marks_s = self._ctx.now()
        self._take_marks(marks_of(events, intake.windows))

    def _take_marks(self, marks: list[Mark]) -> None:
        if self.intake is not None:
            self._outlet.put(self.intake.fresh_marks(marks))

    def _kline(self, symbol: str) -> str:
        return kline_stream(symbol, self._ctx.settings.interval)


async def for_each(symbols: Iterable[str], ask: Callable[[str], Awaitable[None]]) -> None:
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
