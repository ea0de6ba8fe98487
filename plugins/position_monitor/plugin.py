"""The plugin: hears positions and stops, decides, and asks the exchange to act; one act at a time for each symbol."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, assert_never

import anyio
from anyio.abc import TaskGroup

from plugins.announcing import Announced
from plugins.domain import (
    Account,
    ExitReason,
    Instrument,
    Mark,
    PortfolioAdvice,
    Position,
    Signal,
    StopState,
    TradingPolicy,
    market_speed,
)
from plugins.position_monitor.audit import Audit
from plugins.position_monitor.condition import Figures, health_of, left_naked
from plugins.position_monitor.decisions import decide
from plugins.position_monitor.funding import dues
from plugins.position_monitor.kinds import KINDS, NAKED
from plugins.position_monitor.memory import First, Forgotten, recall, remember
from plugins.position_monitor.report import protection_section
from plugins.position_monitor.settings import PositionMonitorSettings
from plugins.position_monitor.sight import Act, Close, Protect, Reduce, Shape, TakeProfit, covered
from plugins.position_monitor.views import pnl_of, watched_row
from plugins.position_monitor.watched import Moment, Watched, Watchlist
from qtcore import (
    CallFailed,
    CallUnanswered,
    Context,
    Finding,
    FindingKind,
    Health,
    NotReady,
    Plugin,
    Section,
    action,
    every,
    hookimpl,
)

Ctx = Context[PositionMonitorSettings]
WOULD_TRIGGER = -2021
LOOK_EVERY_S = 0.25
LEAST_LEAD_S = 3.0
"""Real seconds before a settlement that an exit needs, however fast market time runs."""


class PositionMonitor(Plugin[PositionMonitorSettings]):
    """No position without a stop on the venue; no position longer than its reason."""

    reads: ClassVar[list[type[Any]]] = [Position, StopState, Account]
    optional_reads: ClassVar[list[type[Any]]] = [Signal, TradingPolicy, Mark, Instrument, PortfolioAdvice]
    calls: ClassVar[list[str]] = [
        "exchange.protect",
        "exchange.take_profit",
        "exchange.close",
        "exchange.reduce",
        "exchange.fills",
        "exchange.income",
        "exchange.account",
    ]
    area = "core trading"
    cadence_s = 5.0
    vital = True
    exclusive = True

    def __init__(self) -> None:
        self._list = Watchlist()
        self._audit = Audit()
        self._closed: dict[str, int] = {}
        self._remembered: dict[str, First] = {}
        self._last_failure: str | None = None
        self._leaving: dict[str, Finding] = {}
        self._announced = Announced([NAKED])

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Follow every position until stopped."""
        try:
            self._list.first = recall(ctx.data_dir)
        except Forgotten as error:
            ctx.log.warning("first risks are taken from the stops of this moment", why=str(error))
        self._remembered = dict(self._list.first)
        async with (
            ctx.subscribe(
                Position, StopState, Account, Signal, TradingPolicy, Mark, Instrument, PortfolioAdvice
            ) as news,
            anyio.create_task_group() as tasks,
        ):
            ctx.ready()
            tasks.start_soon(self._look_again, ctx, tasks)
            async for message in news:
                symbol = self._list.hear(message, now_s=ctx.now())
                if symbol is not None:
                    self._consider(ctx, tasks, symbol)
                ctx.progress("news")

    @every(1.0, timeout_s=2.0)
    async def tick(self, ctx: Ctx) -> None:
        """Count as work also while nothing happens: silence of the market is not idleness of the watch."""
        ctx.progress("looks")
        ctx.fact(positions=len(self._list.positions), naked=len(self._list.naked(ctx.now())))
        self._remember(ctx)

    @every(10.0)
    async def audit(self, ctx: Ctx) -> None:
        """Compare the wallet with price, fees and funding as booked."""
        try:
            await self._audit.look(ctx)
        except (CallFailed, CallUnanswered, OSError) as error:
            ctx.log.info("the wallet was not compared", why=str(error))
        self._audit.money.forget_closed(watched.position.id for watched in self._list.positions.values())

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """Judged by what is covered, seen and paid, not by being alive."""
        known, since_s = self._list, self._list.differs_since_s
        return health_of(
            Figures(
                told=known.account is not None,
                positions=len(known.positions),
                account_positions=known.account.positions if known.account else 0,
                naked=known.naked(ctx.now()),
                naked_limit_s=ctx.settings.naked_s,
                differs_s=0.0 if since_s is None else ctx.now() - since_s,
                differs_limit_s=ctx.settings.unseen_s,
                drift=self._audit.drift,
                adrift=self._audit.adrift,
                closed=self._closed,
                last_failure=self._last_failure,
                due=tuple(dues(self._held(), known.marks, ctx.settings.funding_least)),
            )
        )

    @hookimpl
    async def report(self, ctx: Ctx) -> tuple[Section, ...]:
        """Every position with what protects it."""
        rows = [watched_row(self._list, watched, ctx.now()) for watched in self._list.positions.values()]
        return (protection_section(rows, self._closed),)

    def _held(self) -> list[Position]:
        return [watched.position for watched in self._list.positions.values()]

    @action(help="positions as the monitor sees them")
    async def watched(self, ctx: Ctx) -> list[dict[str, Any]]:
        """Each position with its stop, its age, its first risk and what was decided last."""
        return [watched_row(self._list, watched, ctx.now()) for watched in self._list.positions.values()]

    @action(command="pnl", help="profit and loss of open positions: price, fees, funding; and the wallet's difference")
    async def pnl(self, _: Ctx) -> dict[str, Any]:
        """What the venue booked of each open position, and how far the wallet is from the sum of everything booked."""
        return pnl_of(self._list, self._audit)

    async def _look_again(self, ctx: Ctx, tasks: TaskGroup) -> None:
        """Time alone changes decisions: ages, deadlines, a posture of flatten."""
        while True:
            await anyio.sleep(LOOK_EVERY_S)
            self._take_back(ctx)
            for symbol in [*self._list.positions]:
                self._consider(ctx, tasks, symbol)

    def _consider(self, ctx: Ctx, tasks: TaskGroup, symbol: str) -> None:
        watched = self._list.positions.get(symbol)
        if watched is None or watched.acting:
            return
        sight = self._list.sight(symbol, _moment(ctx))
        act = decide(sight, ctx.settings.rules, ctx.posture) if sight is not None else None
        if act is None:
            return
        if not ctx.autonomy.acts:
            ctx.would_have(type(act).__name__.lower(), symbol=symbol)
            return
        watched.acting = True
        tasks.start_soon(self._carry_out, ctx, watched, act)

    async def _carry_out(self, ctx: Ctx, watched: Watched, act: Act) -> None:
        try:
            with ctx.span(type(act).__name__.lower(), symbol=act.symbol):
                await self._do(ctx, watched, act)
        except (CallFailed, CallUnanswered) as error:
            self._last_failure = str(error)
            ctx.log.warning(
                "the exchange did not carry out an act; it is decided anew", act=type(act).__name__, why=str(error)
            )
            await anyio.sleep(LOOK_EVERY_S)
        finally:
            watched.acting = False

    async def _do(self, ctx: Ctx, watched: Watched, act: Act) -> None:
        match act:
            case Close():
                await self._close(ctx, watched, act)
            case Reduce():
                await self._reduce(ctx, watched, act)
            case Protect():
                await self._protect(ctx, watched, act)
            case Shape():
                watched.shaped_for = act.guard  # asked once for each stop: a refusal leaves the one at market
                reason = "limit before the stop" if act.beside else "limit"
                asked = {"trigger": act.trigger, "limit": act.limit, "beside": act.beside, "reason": reason}
                await self._ask(ctx, "exchange.protect", act, **asked)
            case TakeProfit():
                watched.take_profit_asked = True
                answer = await self._ask(ctx, "exchange.take_profit", act, trigger=act.trigger, reason="take profit")
                if answer.get("code") == WOULD_TRIGGER:
                    sentence = f"the price is beyond the take-profit at {act.trigger} already"
                    await self._close(ctx, watched, Close(act.symbol, ExitReason.TAKE_PROFIT, sentence))
            case _:
                assert_never(act)

    async def _protect(self, ctx: Ctx, watched: Watched, act: Protect) -> None:
        watched.decided = f"stop at {act.trigger}: {act.sentence}"
        tightens = covered(self._list.stops.get(act.symbol))
        answer = await self._ask(ctx, "exchange.protect", act, trigger=act.trigger, reason=act.sentence)
        if tightens:
            watched.signal = None  # answered: the stop that was there covers it still if this one was refused
        else:
            watched.refused = answer["sentence"] if answer.get("code") == WOULD_TRIGGER else None

    async def _reduce(self, ctx: Ctx, watched: Watched, act: Reduce) -> None:
        watched.decided = f"reduced to {act.to}: {act.sentence}"
        ctx.log.info("reducing", symbol=act.symbol, to=str(act.to), reason=act.reason.value, why=act.sentence)
        if act.reason is ExitReason.PORTFOLIO:
            watched.reduced_s = ctx.now()
        answer = await self._ask(ctx, "exchange.reduce", act, to=act.to, reason=act.reason)
        if act.reason is ExitReason.RE_EVALUATION:
            watched.signal = None
        if Decimal(answer["filled_quantity"]):
            self._count(ctx, "reduced")
        else:
            await anyio.sleep(1.0)  # the position is told anew before it is judged again

    def _take_back(self, ctx: Ctx) -> None:
        """Leave a naked position told until the venue shows that it is gone, or a live stop is there after all."""
        naked = self._list.naked(ctx.now()) if self._leaving else {}
        self._leaving = {symbol: finding for symbol, finding in self._leaving.items() if symbol in naked}
        self._announced.tell(ctx, self._leaving.values())

    async def _close(self, ctx: Ctx, watched: Watched, act: Close) -> None:
        if act.reason is ExitReason.UNPROTECTED:
            self._leaving[act.symbol] = left_naked(act.symbol, act.sentence)
            self._announced.tell(ctx, self._leaving.values())
        watched.decided = f"closed: {act.sentence}"
        ctx.log.info("closing", symbol=act.symbol, reason=act.reason.value, why=act.sentence)
        await self._ask(ctx, "exchange.close", act, reason=act.reason)
        self._count(ctx, act.reason.value)
        watched.signal = None

    def _count(self, ctx: Ctx, what: str) -> None:
        self._closed[what] = self._closed.get(what, 0) + 1
        ctx.progress("closes")

    async def _ask(self, ctx: Ctx, name: str, act: Act, **argument: object) -> dict[str, Any]:
        timeout_s = ctx.settings.call_timeout_s
        answer: dict[str, Any] = await ctx.call(name, {"symbol": act.symbol, **argument}, timeout_s=timeout_s)
        ctx.log.info("done", act=type(act).__name__, symbol=act.symbol, state=answer["state"], said=answer["sentence"])
        return answer

    def _remember(self, ctx: Ctx) -> None:
        if self._list.first == self._remembered:
            return
        try:
            remember(ctx.data_dir, self._list.first)
        except OSError as error:
            ctx.log.warning("first risks cannot be written; they are kept in memory", why=str(error))
        self._remembered = dict(self._list.first)


def _moment(ctx: Ctx) -> Moment:
    market_now = _market_now(ctx)
    lead_s = max(ctx.settings.funding_lead_s, LEAST_LEAD_S * market_speed(ctx.real_limit_s))
    return Moment(ctx.now(), market_now, timedelta(seconds=lead_s), ctx.latest(PortfolioAdvice))


def _market_now(ctx: Ctx) -> datetime | None:
    try:
        return ctx.market_now()
    except NotReady:
        return None
