"""The feed's hooks, timers and actions."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from plugins.domain import Candle, Mark, Position, VenueAddress, history_of
from plugins.feed.address import checked, first, moved
from plugins.feed.ages import Ages, Connection, Fault, Limits, Market
from plugins.feed.coverage import covered, marked
from plugins.feed.freshness import judged
from plugins.feed.intake import Intake
from plugins.feed.kinds import KINDS
from plugins.feed.mending import Mending
from plugins.feed.quiet import quiet_bars
from plugins.feed.report import freshness_section
from plugins.feed.session import TROUBLE, Session
from plugins.feed.settings import INTERVAL_S, FeedSettings, Interval
from plugins.feed.staleness import Staleness
from qtcore import Context, FindingKind, Health, NotReady, Plugin, QtError, Section, action, every, hookimpl

Ctx = Context[FeedSettings]

LONGEST_PAGE = 1500
"""The venue's own limit of candles in one answer."""


class UnknownSymbol(QtError):
    """The feed does not follow the symbol it was asked for."""


class Feed(Plugin[FeedSettings]):
    """Publishes closed candles and marks of the followed symbols; answers for their history."""

    reads: ClassVar = [VenueAddress]
    optional_reads: ClassVar = [Position]
    writes: ClassVar = [Candle, Mark]
    area = "data and infrastructure"
    cadence_s = 5.0
    preload: ClassVar = ["ccxt.pro"]

    def __init__(self) -> None:
        self._session: Session | None = None
        self._mending: Mending | None = None
        self._staleness: Staleness | None = None
        self._held: set[str] = set()
        self._spreads: dict[str, float] = {}
        self._spreads_s = float("-inf")

    # --- hooks ------------------------------------------------------------------------------------

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Follow the venue at its address, and at the next one when it moves."""
        async with ctx.subscribe(VenueAddress) as addresses:
            address = await first(ctx, addresses)
            while True:
                session = self._session = Session(ctx, checked(ctx, address), self._held)
                ctx.fact(**address.facts)
                self._mending = Mending(ctx, session)
                self._staleness = Staleness(ctx, session, self._mending)
                async with asyncio.TaskGroup() as tasks:
                    following = [
                        tasks.create_task(session.run(), name="market data"),
                        tasks.create_task(self._say_ready(ctx, session), name="ready"),
                        tasks.create_task(self._follow_positions(ctx, session), name="positions"),
                    ]
                    address = await moved(addresses, address)
                    ctx.log.info("the venue has moved", origin=address.origin)
                    for task in following:
                        task.cancel()

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By effect: how old the newest candle and mark of each symbol are."""
        session = self._session
        if session is None or session.intake is None:
            return Health.unknown("waiting for the venue's address")
        intake, ages = session.intake, _ages(session.intake, ctx.now())
        ctx.fact(
            duplicates=intake.tally.duplicates,
            filled=intake.tally.filled,
            unfilled=intake.tally.unfilled,
            bad_frames=session.bad_frames,
            holes=sum(window.holes for window in intake.windows.values()),
        )
        market = Market(quiet_bars(intake.windows.values()), len(ctx.settings.symbols), session.missing)
        fault = self._staleness.fault if self._staleness else Fault.UNKNOWN
        return judged(ages, _limits(ctx), self._held, _connection(session), market, fault=fault)

    @hookimpl
    async def report(self, ctx: Ctx) -> tuple[Section, ...]:
        """How old the data of each symbol is."""
        intake = self._session.intake if self._session else None
        return (freshness_section(_ages(intake, ctx.now()) if intake else {}, _limits(ctx), self._held),)

    @hookimpl
    async def heal(self) -> str:
        """Subscribe anew, dial anew, ask by REST: until the streams are well again."""
        return await self._mend().mend()

    # --- timers -----------------------------------------------------------------------------------

    @every(0.25)
    async def watch(self, ctx: Ctx) -> None:
        """Notice streams that have fallen silent, for the venue sends marks each second, and data that stands still."""
        if self._mending is not None:
            self._mending.look()
        if self._staleness is not None and self._session is not None and self._session.intake is not None:
            self._staleness.look(_ages(self._session.intake, ctx.now()), _limits(ctx), self._held)

    @every(5.0)
    async def look_at_spreads(self, ctx: Ctx) -> None:
        """Fetch best bids and asks, as often as the settings say."""
        session = self._session
        if session is None or not session.began or ctx.now() - self._spreads_s < ctx.settings.spreads_s:
            return
        self._spreads_s = ctx.now()
        try:
            self._spreads = await session.spreads()
        except TROUBLE as error:
            ctx.log.warning("no new spreads", error=str(error))

    @every(600.0, timeout_s=120.0)
    async def choose(self, ctx: Ctx) -> None:
        """Look which symbols are worth following now."""
        if self._session is not None and self._session.began:
            try:
                ctx.log.info("symbols chosen again", **await self._session.choose_again())
            except TROUBLE as error:
                ctx.log.warning("symbols not chosen again", error=str(error))

    # --- actions ----------------------------------------------------------------------------------

    @action()
    async def history(
        self, ctx: Ctx, symbol: str, limit: int = 500, before_ms: int | None = None, interval: Interval | None = None
    ) -> dict[str, Any]:
        """The newest closed candles of a symbol, oldest first; read it with `plugins.domain.candles_of`.

        Candles before a market time in ms, or of another interval, come from the venue, at most 1500 at once: go
        back page by page with `before_ms` of the first candle until an answer is empty. Raises VenueBusy when
        request weight is short.
        """
        kept = self._intake().windows.get(symbol)
        if kept is None:
            raise UnknownSymbol(f"the feed does not follow {symbol}; `qt call feed.coverage` lists what it follows")
        wanted = interval or ctx.settings.interval
        if before_ms is None and wanted == ctx.settings.interval:
            return history_of(symbol, INTERVAL_S[wanted], kept.tail(max(1, limit)))
        found = await self._following().page(symbol, wanted, min(max(1, limit), LONGEST_PAGE), before_ms)
        return history_of(symbol, INTERVAL_S[wanted], found)

    @action()
    async def coverage(self, _ctx: Ctx) -> dict[str, Any]:
        """Each followed symbol: bars kept, last close, turnover, movement and empty share of the recent, spread."""
        return covered(self._intake().windows, self._spreads)

    @action()
    async def marks(self, _ctx: Ctx) -> dict[str, Any]:
        """Each followed symbol's newest mark price as it was heard, and the end (market ms) of its newest candle."""
        return marked(self._intake().windows, self._intake().marks)

    @action(timeout_s=10.0)
    async def funding(self, _ctx: Ctx, since_ms: int) -> dict[str, Any]:
        """Funding settled since a market time (ms): `settled` rows of time (ms), symbol and rate, oldest first.

        A mark cannot tell it: at the venue it carries an estimate of the next one, in a recording the last rate.
        """
        return {"settled": await self._following().funding(since_ms)}

    @action(effect=True, timeout_s=30.0)
    async def resubscribe(self, _ctx: Ctx) -> dict[str, str]:
        """Ask the venue anew for all streams and fetch what was missed."""
        return {"done": f"subscribed anew to {await self._following().resubscribe()} symbols, fetched what was missed"}

    @action(effect=True, timeout_s=60.0)
    async def refresh(self, _ctx: Ctx) -> dict[str, list[str]]:
        """Look now which symbols are worth following; says which came and which went."""
        return await self._following().choose_again()

    # ----------------------------------------------------------------------------------------------

    async def _say_ready(self, ctx: Ctx, session: Session) -> None:
        await session.connected.wait()
        ctx.ready()

    async def _follow_positions(self, ctx: Ctx, session: Session) -> None:
        """A symbol with an open position is followed whatever the settings say."""
        async with ctx.subscribe(Position) as positions:
            async for position in positions:
                if position.quantity == 0:
                    self._held.discard(position.symbol)
                    continue
                self._held.add(position.symbol)
                try:
                    await session.connected.wait()
                    await session.follow(position.symbol)
                except TROUBLE as error:
                    ctx.log.warning("a held symbol is not followed yet", symbol=position.symbol, error=str(error))

    def _following(self) -> Session:
        if self._session is None:
            raise NotReady("the feed has no venue yet", retry_after_s=1.0)
        return self._session

    def _mend(self) -> Mending:
        if self._mending is None:
            raise NotReady("the feed has no venue yet", retry_after_s=1.0)
        return self._mending

    def _intake(self) -> Intake:
        intake = self._following().intake
        if intake is None:
            raise NotReady("the feed has no candles yet", retry_after_s=1.0)
        return intake


def _connection(session: Session) -> Connection:
    polling = session.polling
    return Connection(
        session.connected.is_set(), session.trouble, session.reconnects, polling.rounds if polling else None
    )


def _ages(intake: Intake, now_s: float) -> dict[str, Ages]:
    return {symbol: Ages(now_s - seen.candle_s, now_s - seen.mark_s) for symbol, seen in intake.seen.items()}


def _limits(ctx: Ctx) -> Limits:
    period_s = INTERVAL_S[ctx.settings.interval]
    return Limits(
        candle_s=ctx.real_limit_s(ctx.settings.stale_after_periods * period_s),
        mark_s=ctx.real_limit_s(ctx.settings.mark_stale_s),
    )
