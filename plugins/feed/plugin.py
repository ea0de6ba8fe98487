"""The feed's hooks, timer and actions."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from plugins.domain import Candle, Mark, Position, VenueAddress, history_of, market_ms
from plugins.feed.freshness import Ages, Connection, Limits, judged
from plugins.feed.intake import Intake
from plugins.feed.session import TROUBLE, Session
from plugins.feed.settings import INTERVAL_S, FeedSettings
from plugins.feed.window import Window
from qtcore import (
    Context,
    Finding,
    Health,
    NeedsOperator,
    NotReady,
    Plugin,
    QtError,
    Subscription,
    action,
    every,
    hookimpl,
)

HEAL_AGAIN_S = 60.0
"""A second heal within this time does more than the first, which evidently was not enough."""

RECENT_BARS = 30
"""Bars whose turnover says whether a symbol is traded at all."""


class UnknownSymbol(QtError):
    """The feed does not follow the symbol it was asked for."""


class Feed(Plugin[FeedSettings]):
    """Publishes closed candles and marks of the followed symbols; answers for their history."""

    reads: ClassVar = [VenueAddress]
    optional_reads: ClassVar = [Position]
    writes: ClassVar = [Candle, Mark]
    cadence_s = 5.0
    preload: ClassVar = ["ccxt.pro"]

    def __init__(self) -> None:
        self._session: Session | None = None
        self._held: set[str] = set()
        self._healed_s = float("-inf")

    @hookimpl
    async def start(self, ctx: Context[FeedSettings]) -> None:
        """Follow the venue at its address, and at the next one when it moves."""
        async with ctx.subscribe(VenueAddress) as addresses:
            address = await _first(ctx, addresses)
            while True:
                self._session = Session(ctx, _checked(ctx, address))
                async with asyncio.TaskGroup() as tasks:
                    following = tasks.create_task(self._session.run(), name="market data")
                    tasks.create_task(self._say_ready(ctx, self._session), name="ready")
                    positions = tasks.create_task(self._follow_positions(ctx, self._session), name="positions")
                    address = await _moved(addresses, address)
                    ctx.log.info("the venue has moved", origin=address.origin)
                    following.cancel()
                    positions.cancel()

    @hookimpl
    async def health(self, ctx: Context[FeedSettings]) -> Health:
        """By effect: how old the newest candle and mark of each symbol are."""
        if self._session is None or self._session.intake is None:
            return Health.unknown("waiting for the venue's address")
        session, intake, now_s = self._session, self._session.intake, ctx.now()
        ages = {symbol: Ages(now_s - seen.candle_s, now_s - seen.mark_s) for symbol, seen in intake.seen.items()}
        tally = intake.tally
        ctx.fact(
            duplicates=tally.duplicates,
            filled=tally.filled,
            unfilled=tally.unfilled,
            bad_frames=session.bad_frames,
            holes=sum(window.holes for window in intake.windows.values()),
        )
        connection = Connection(session.connected.is_set(), session.trouble, session.reconnects)
        return judged(ages, _limits(ctx), self._held, connection)

    @hookimpl
    async def heal(self, ctx: Context[FeedSettings], finding: Finding) -> str:
        """Subscribe anew; when that was tried a moment ago, dial anew."""
        session, again = self._following(), ctx.now() - self._healed_s < HEAL_AGAIN_S
        self._healed_s = ctx.now()
        if again:
            session.hang_up(f"{finding.code} stayed after subscribing anew")
            return "closed the socket, which is dialled again at once"
        return await _resubscribed(session)

    @every(1.0)
    async def watch(self, ctx: Context[FeedSettings]) -> None:
        """Give up a socket that is open but mute: the venue sends marks each second."""
        stream = self._session.stream if self._session else None
        if self._session and stream and stream.silent_s > ctx.settings.mute_after_s:
            self._session.hang_up(f"it carried nothing for {stream.silent_s:.1f} s")

    @action()
    async def history(self, ctx: Context[FeedSettings], symbol: str, limit: int = 500) -> dict[str, Any]:
        """The newest closed candles of a symbol, oldest first; read it with `plugins.domain.candles_of`."""
        window = self._intake().windows.get(symbol)
        if window is None:
            raise UnknownSymbol(f"the feed does not follow {symbol}; `qt call feed.coverage` lists what it follows")
        return history_of(symbol, INTERVAL_S[ctx.settings.interval], window.tail(max(1, limit)))

    @action()
    async def coverage(self, _ctx: Context[FeedSettings]) -> dict[str, Any]:
        """Each followed symbol: bars kept, last close in market ms, turnover of the last bars in quote asset."""
        return {symbol: _covered(window) for symbol, window in self._intake().windows.items()}

    @action(effect=True, timeout_s=30.0)
    async def resubscribe(self, _ctx: Context[FeedSettings]) -> dict[str, str]:
        """Ask the venue anew for all streams and fetch what was missed."""
        return {"done": await _resubscribed(self._following())}

    async def _say_ready(self, ctx: Context[FeedSettings], session: Session) -> None:
        await session.connected.wait()
        ctx.ready()

    async def _follow_positions(self, ctx: Context[FeedSettings], session: Session) -> None:
        """A symbol with an open position is followed whatever the settings say."""
        await session.connected.wait()
        async with ctx.subscribe(Position) as positions:
            async for position in positions:
                if position.quantity == 0:
                    self._held.discard(position.symbol)
                    continue
                self._held.add(position.symbol)
                try:
                    await session.follow(position.symbol)
                except TROUBLE as error:
                    ctx.log.warning("a held symbol is not followed yet", symbol=position.symbol, error=str(error))

    def _following(self) -> Session:
        if self._session is None:
            raise NotReady("the feed has no venue yet", retry_after_s=1.0)
        return self._session

    def _intake(self) -> Intake:
        intake = self._following().intake
        if intake is None:
            raise NotReady("the feed has no candles yet", retry_after_s=1.0)
        return intake


async def _resubscribed(session: Session) -> str:
    symbols = list(session.intake.windows) if session.intake else []
    await session.resubscribe(symbols)
    return f"subscribed anew to {len(symbols)} symbols and fetched what was missed"


async def _first(ctx: Context[FeedSettings], addresses: Subscription[VenueAddress]) -> VenueAddress:
    try:
        async with asyncio.timeout(ctx.settings.address_timeout_s):
            return await anext(aiter(addresses))
    except TimeoutError as error:
        raise NotReady("nobody has said where the venue is; is the plugin that writes VenueAddress running?") from error


async def _moved(addresses: Subscription[VenueAddress], known: VenueAddress) -> VenueAddress:
    async for address in addresses:
        if address.origin != known.origin:
            return address
    raise AssertionError("a subscription ends only by cancellation")


def _checked(ctx: Context[FeedSettings], address: VenueAddress) -> str:
    """The origin, if it fits the mode. Raises NeedsOperator."""
    if address.mode != ctx.mode:
        raise NeedsOperator(f"the venue's address is of mode {address.mode}, but this run is {ctx.mode}; use one mode")
    if address.mode == "paper" and not address.origin:
        raise NeedsOperator(
            "paper mode needs the address of a paper venue, and got none; nothing may leave the machine"
        )
    return address.origin


def _limits(ctx: Context[FeedSettings]) -> Limits:
    period_s = INTERVAL_S[ctx.settings.interval]
    return Limits(
        candle_s=ctx.real_limit_s(ctx.settings.stale_after_periods * period_s),
        mark_s=ctx.real_limit_s(ctx.settings.mark_stale_s),
    )


def _covered(window: Window) -> dict[str, Any]:
    recent = window.tail(RECENT_BARS)
    return {
        "bars": len(window),
        "closed_ms": market_ms(recent[-1].closed_at) if recent else None,
        "turnover": str(sum(candle.volume * candle.close for candle in recent)),
    }
