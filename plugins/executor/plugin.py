"""The plugin: ranks what arrives together, walks each signal through the gates, ends each exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

import anyio
from anyio.abc import TaskGroup

from plugins.domain import (
    Account,
    Instrument,
    Mark,
    Outcome,
    OutcomeCode,
    PortfolioAdvice,
    Position,
    Posture,
    RiskBudget,
    Signal,
    SourceVerdict,
    TradingPolicy,
    Universe,
)
from plugins.executor import door
from plugins.executor.funnel import described, window
from plugins.executor.gates import SIDES, Order, Refusal, judge
from plugins.executor.known import DAY, Known
from plugins.executor.ranking import ranked
from plugins.executor.report import HOURS, NEAREST, funnel_section
from plugins.executor.settings import ExecutorSettings
from plugins.executor.world import Entry
from plugins.store import Store, database_url, facts_of, open_store
from plugins.store.kill_switch import read_kill_switch
from qtcore import (
    CallFailed,
    CallUnanswered,
    Context,
    Fenced,
    Health,
    NotReady,
    Plugin,
    Section,
    action,
    every,
    hookimpl,
)

Ctx = Context[ExecutorSettings]
ENDED_IDS = 20_000
"""Signals remembered as ended: a message of one may still wait in the queue."""
LATE_WAIT_S = 10.0
"""How long signals of an earlier life wait for what is needed to judge them; most things come within a second."""
LATE_LOOK_S = 0.05
UNKNOWN_S = 60.0
"""How long an entry of unknown outcome stays open while proof is looked for; the venue's own proof takes seconds."""


class Executor(Plugin[ExecutorSettings]):
    """From signal to outcome."""

    reads: ClassVar[list[type[Any]]] = [
        Signal,
        TradingPolicy,
        RiskBudget,
        Universe,
        Position,
        Account,
        Instrument,
        Mark,
    ]
    optional_reads: ClassVar[list[type[Any]]] = [PortfolioAdvice, SourceVerdict]
    writes: ClassVar[list[type[Any]]] = [Outcome]
    calls: ClassVar[list[str]] = ["exchange.enter", "exchange.entry"]
    area = "core trading"
    cadence_s = 5.0
    exclusive = True

    def __init__(self) -> None:
        self._known = Known()
        self._store: Store | None = None
        self._started_at: datetime | None = None
        self._turn = anyio.Lock()
        self._tasks: TaskGroup | None = None
        self._judging: set[str] = set()
        self._waiting: set[str] = set()
        self._over: dict[str, None] = {}
        self._records: dict[str, dict[str, str]] = {}
        self._ended = 0

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Take up what the last life left open, then judge what comes."""
        self._started_at = ctx.wall()
        url = database_url(ctx.home, ctx.settings.database_url)
        ctx.fact(**facts_of(url))
        async with open_store(url) as store:
            self._store = store
            async with (
                ctx.subscribe(Signal) as signals,
                ctx.subscribe(TradingPolicy, Universe, Position, Account, Instrument, Mark, SourceVerdict) as facts,
                anyio.create_task_group() as tasks,
            ):
                self._tasks = tasks
                tasks.start_soon(self._listen, ctx, facts)
                late = await self._finish_last_life(ctx)
                ctx.ready()
                tasks.start_soon(self._judge_late, ctx, late)
                async for signal in signals:
                    batch = [signal, *await self._gather(ctx, signals)]
                    await self._judge_batch(ctx, [each for each in batch if self._is_of_this_life(each)])

    @every(10.0)
    async def sweep(self, ctx: Ctx) -> None:
        """Judge signals whose message was lost while they are fresh, and end those that no longer are."""
        before = ctx.wall() - timedelta(seconds=ctx.settings.sweep_after_s)
        try:
            late = await self._take_up(ctx, before)
        except NotReady as error:
            ctx.log.warning("open signals wait for the next sweep", why=str(error))
            return
        await self._judge_batch(ctx, late)
        self._known.forget_entries(ctx.market_now())
        ctx.progress("sweeps")  # a market that gives no signals is no idleness of ours

    @hookimpl
    async def health(self) -> Health:
        """Whether signals end, and what is missing to judge them."""
        missing = self._known.missing()
        facts: dict[str, Any] = {"ended": self._ended, "positions": len(self._known.positions)}
        if missing:
            return Health.degraded(f"cannot judge entries yet: no word of {', '.join(missing)}", **facts)
        return Health.healthy(f"{self._ended} signals ended", **facts)

    @hookimpl
    async def report(self, ctx: Ctx) -> tuple[Section, ...]:
        """Where the signals of the last day have ended."""
        now = ctx.wall()
        return (funnel_section(await self._open().signals.funnel(now - timedelta(hours=HOURS), now, nearest=NEAREST)),)

    @action(command="funnel", help="where signals end, and which gate blocks: --minutes N, or --since and --until")
    async def funnel(
        self,
        ctx: Ctx,
        minutes: float = 1440.0,
        since: datetime | None = None,
        until: datetime | None = None,
        nearest: int = 5,
    ) -> dict[str, Any]:
        """Why there were no (more) trades: signals made in a window of wall time by outcome; the counts add up."""
        begin, end = window(ctx.wall(), minutes=minutes, since=since, until=until)
        return described(await self._open().signals.funnel(begin, end, nearest=nearest))

    # --- judging -------------------------------------------------------------------------------

    async def _listen(self, ctx: Ctx, facts: Any) -> None:
        async for message in facts:
            self._known.hear(message, ctx.now())

    def _is_of_this_life(self, signal: Signal) -> bool:
        """Others are in the table already, whence they are taken up: judged from both they might be entered twice."""
        return self._started_at is None or signal.made_at >= self._started_at

    async def _gather(self, ctx: Ctx, signals: Any) -> list[Signal]:
        """Signals of the same candle close arrive within a moment of each other and compete for the same slots.

        Where there are slots for all of them it makes no difference who comes first, and nobody waits.
        """
        found: list[Signal] = []
        with anyio.move_on_after(ctx.settings.gather_s if self._scarce(ctx) else 0.0):
            while True:
                found.append(await anext(signals))
        return found

    def _scarce(self, ctx: Ctx) -> bool:
        """Whether more signals may come than there are slots for."""
        universe = self._known.universe
        free = ctx.settings.positions - len(self._known.positions)
        return universe is None or free < len(universe.symbols)

    async def _judge_batch(self, ctx: Ctx, batch: Sequence[Signal]) -> None:
        """The best first; a slot that one does not get is open to the next. None is judged twice."""
        taken = self._judging | self._waiting  # few; the ended ones are many and are only looked up
        own = [signal for signal in batch if signal.id not in taken and signal.id not in self._over]
        ids = {signal.id for signal in own}
        self._judging |= ids
        try:
            async with self._turn:
                for signal in ranked(own):
                    await self._judge(ctx, signal)
        finally:
            self._judging -= ids

    async def _judge_late(self, ctx: Ctx, late: Sequence[Signal]) -> None:
        """Judge what an earlier life did not come to, once everything needed for it is known."""
        if late:
            with anyio.move_on_after(LATE_WAIT_S):
                while self._known.missing() or not ctx.posture_allows(Posture.NORMAL):  # noqa: ASYNC110 - postures signal nothing
                    await anyio.sleep(LATE_LOOK_S)
            await self._judge_batch(ctx, late)

    async def _judge(self, ctx: Ctx, signal: Signal) -> None:
        with ctx.span("gates", signal=signal.id, symbol=signal.symbol, view=signal.view.value) as span:
            kill = read_kill_switch(ctx.home)
            world = self._known.world(
                signal,
                posture=ctx.posture,
                kill=kill,
                market_now=ctx.market_now(),
                now_s=ctx.now(),
                budget=ctx.latest(RiskBudget),
                advice=ctx.latest(PortfolioAdvice),
            )
            verdict = judge(signal, world, ctx.settings.rules)
            if isinstance(verdict, Order):
                verdict = _last_gate(ctx, verdict)
            if isinstance(verdict, Order) and verdict.limit is not None:
                self._let_wait(ctx, verdict)
                return
            if isinstance(verdict, Order):
                code = await self._enter(ctx, verdict)
            else:
                code = verdict.code
                await self._end(ctx, signal, verdict)
            span.set_attribute("qt.outcome", code.value)

    def _let_wait(self, ctx: Ctx, order: Order) -> None:
        """A limit entry takes its slot at once and is awaited beside the others, so that they do not grow stale."""
        if self._tasks is None:
            raise NotReady("the executor is not up")
        self._known.entered(order, market_now=ctx.market_now(), now_s=ctx.now())
        self._waiting.add(order.signal.id)
        self._tasks.start_soon(self._enter_patiently, ctx, order)

    async def _enter_patiently(self, ctx: Ctx, order: Order) -> None:
        try:
            with ctx.span("enter", symbol=order.signal.symbol, side=order.side.value, limit=str(order.limit)):
                answer = await door.enter(ctx, order)
            if answer.code not in (OutcomeCode.FILLED, OutcomeCode.ORDER_UNKNOWN):
                self._known.released(order)
            await self._entered(ctx, order, answer)
        finally:
            self._waiting.discard(order.signal.id)

    async def _enter(self, ctx: Ctx, order: Order) -> OutcomeCode:
        with ctx.span("enter", symbol=order.signal.symbol, side=order.side.value, quantity=str(order.sizing.quantity)):
            answer = await door.enter(ctx, order)
        if answer.code in (OutcomeCode.FILLED, OutcomeCode.ORDER_UNKNOWN):
            self._known.entered(order, market_now=ctx.market_now(), now_s=ctx.now())
        await self._entered(ctx, order, answer)
        return answer.code

    async def _entered(self, ctx: Ctx, order: Order, answer: door.Answer) -> None:
        if answer.code is OutcomeCode.FILLED:
            ctx.progress("entries")
        if answer.code is OutcomeCode.ORDER_UNKNOWN:
            self._records[order.signal.id] = order.sizing.record()
            ctx.log.warning("what became of an entry is not known yet", signal=order.signal.id, why=answer.sentence)
            return
        record = order.sizing.record() | {"style": order.style.value, "limit": str(order.limit or "")}
        await self._settle(ctx, order.signal, answer, record)

    # --- ending --------------------------------------------------------------------------------

    async def _end(self, ctx: Ctx, signal: Signal, refusal: Refusal) -> None:
        outcome = _outcome(ctx, signal, refusal.code, refusal.sentence)
        ended = await self._open().signals.set_outcome(outcome, had=refusal.had, needed=refusal.needed)
        await self._tell(ctx, outcome, ended)

    async def _settle(self, ctx: Ctx, signal: Signal, answer: door.Answer, record: dict[str, str] | None) -> None:
        outcome = _outcome(ctx, signal, answer.code, answer.sentence, answer.intent_id)
        numbers = {**(record or {}), "filled": str(answer.filled_quantity), "average_price": str(answer.average_price)}
        ended = await self._open().signals.set_outcome(outcome, record=numbers)
        await self._tell(ctx, outcome, ended)

    async def _tell(self, ctx: Ctx, outcome: Outcome, ended: bool) -> None:
        self._over[outcome.signal_id] = None
        if len(self._over) > ENDED_IDS:
            del self._over[next(iter(self._over))]
        if not ended:
            ctx.log.warning("a signal had ended before or is not stored", signal=outcome.signal_id, code=outcome.code)
            return
        self._ended += 1
        ctx.progress("outcomes")
        await ctx.publish(outcome)

    # --- after a crash -------------------------------------------------------------------------

    async def _finish_last_life(self, ctx: Ctx) -> list[Signal]:
        """The last day's entries keep their cooldown; returns what was not judged and is still fresh."""
        if (market_now := _market_now(ctx)) is not None:
            for signal in await self._open().signals.entered_since(market_now - DAY):
                self._known.remember(signal.symbol, Entry(SIDES[signal.view], signal.market_at))
        return await self._take_up(ctx, ctx.wall())

    async def _take_up(self, ctx: Ctx, before: datetime) -> list[Signal]:
        """End what was entered as what became of it, and what is too old; returns what may still be judged.

        The exchange is asked first about each: what it has a record of is never entered again.
        """
        fresh: list[Signal] = []
        signals = self._open().signals
        market_now = _market_now(ctx)
        for row in await signals.unfinished(made_before=before):
            if row.signal.id in self._judging | self._waiting:
                continue
            answer = await self._asked(ctx, row.signal.id)
            if answer is not None:
                await self._settle_known(ctx, row.signal, answer)
            elif market_now is not None and market_now <= row.signal.expires_at:
                fresh.append(row.signal)
        if market_now is not None:  # without market time nothing can have expired
            began = self._started_at or ctx.wall()
            swept = await signals.sweep_unfinished(before, started_at=began, market_now=market_now, at=ctx.wall())
            if swept.abandoned or swept.expired:
                ctx.log.warning("ended what nobody judged", abandoned=swept.abandoned, expired=swept.expired)
        return fresh

    async def _asked(self, ctx: Ctx, signal_id: str) -> door.Answer | None:
        try:
            return await door.truth(ctx, signal_id)
        except (CallFailed, CallUnanswered) as error:
            raise NotReady(
                f"the exchange cannot say what became of open signals: {error}", retry_after_s=1.0
            ) from error

    async def _settle_known(self, ctx: Ctx, signal: Signal, answer: door.Answer) -> None:
        """What is still unknown gets its time: the outcome is written once, so it should be the true one."""
        age_s = (ctx.wall() - signal.made_at).total_seconds()
        if answer.code is not OutcomeCode.ORDER_UNKNOWN or age_s > UNKNOWN_S:
            await self._settle(ctx, signal, answer, self._records.pop(signal.id, None))

    def _open(self) -> Store:
        if self._store is None:
            raise NotReady("the executor has not opened the history yet; try again once it is ready")
        return self._store


def _market_now(ctx: Ctx) -> datetime | None:
    try:
        return ctx.market_now()
    except NotReady:
        return None


def _last_gate(ctx: Ctx, order: Order) -> Order | Refusal:
    try:
        ctx.check_lease()
    except Fenced as error:
        return Refusal(OutcomeCode.LEASE, str(error))
    return order


def _outcome(ctx: Ctx, signal: Signal, code: OutcomeCode, sentence: str, intent_id: str | None = None) -> Outcome:
    trace_id = ctx.trace_id() or signal.trace_id
    return Outcome(signal.id, signal.symbol, code, sentence, ctx.wall(), intent_id=intent_id, trace_id=trace_id)
