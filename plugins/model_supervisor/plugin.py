"""The plugin: hears every signal and candle, judges now and then in a worker thread, and says what follows."""

from __future__ import annotations

import math
import time
from collections import deque
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from anyio import to_thread

from plugins.announcing import Announced
from plugins.domain import (
    Candle,
    EnsembleWeights,
    MemberName,
    RetrainingAdvice,
    Signal,
    Source,
    SourceVerdict,
    View,
    candles_of,
    market_ms,
)
from plugins.model_supervisor.condition import Overview, doubt, facts_of, findings_of, health_of, no_edge, shown
from plugins.model_supervisor.court import Court, Judgement, judge
from plugins.model_supervisor.kinds import BLIND, KINDS, NO_EDGE
from plugins.model_supervisor.report import sections
from plugins.model_supervisor.rules import Said
from plugins.model_supervisor.settings import ModelSupervisorSettings
from plugins.model_supervisor.standing import SourceStanding
from plugins.model_supervisor.tape import Tape
from plugins.model_supervisor.weighing import weights_of
from plugins.processor import PATIENCE, done_in_thread
from plugins.store import database_url, open_store
from plugins.store import facts_of as store_facts
from qtcore import (
    CallFailed,
    CallUnanswered,
    Context,
    Finding,
    FindingKind,
    Gap,
    Health,
    NotReady,
    Plugin,
    Section,
    action,
    every,
    hookimpl,
)

Ctx = Context[ModelSupervisorSettings]

HISTORY_BARS = 1500
HISTORY_TIMEOUT_S = 5.0
LATENCIES = 500


class ModelSupervisor(Plugin[ModelSupervisorSettings]):
    """Judges the sources of signals by what came of what they said, whether anybody acted on it or not."""

    reads: ClassVar[list[type[Any]]] = [Signal, Candle]
    writes: ClassVar[list[type[Any]]] = [SourceVerdict, EnsembleWeights, RetrainingAdvice]
    calls: ClassVar[list[str]] = ["feed.coverage", "feed.history"]
    area = "AI system"
    cadence_s = 10.0

    def __init__(self) -> None:
        self._court: Court | None = None
        self._tape: Tape | None = None
        self._last: Judgement | None = None
        self._judged_s: float | None = None
        self._tried_s = -math.inf
        self._failure = ""
        self._lost = False
        self._doubted_at: datetime | None = None
        self._late_s: deque[float] = deque(maxlen=LATENCIES)
        self._announced = Announced(kind for kind in KINDS if kind not in (NO_EDGE, BLIND))

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Rebuild the windows from the history, judge once, then follow what is said and what happens."""
        settings = ctx.settings
        tape = self._tape = Tape(settings.interval_s, HISTORY_BARS)
        url = database_url(ctx.home, settings.database_url)
        ctx.fact(**store_facts(url))
        async with (
            open_store(url) as store,
            ctx.subscribe(Signal, Candle, gaps=True) as news,
        ):
            ctx.ready()  # nobody waits for a judgement, and what it is made with takes long to load
            rows = await store.signals.latest(limit=settings.window * len(Source))
            # In a thread: the first detector imports river, which takes seconds that a loop may not stand still for.
            court = await to_thread.run_sync(Court, settings.window, settings.rules.horizon_ms)
            court.hear(said for row in reversed(rows) if (said := _said(row.signal)) is not None)
            await _read_history(ctx, tape)
            self._court = court
            await self._judge(ctx)
            async for message in news:
                match message:
                    case Signal():
                        self._hear(ctx, court, message)
                    case Candle():
                        tape.add([message])
                    case Gap():
                        self._lost = True

    @every(1.0, timeout_s=300.0)
    async def look(self, ctx: Ctx) -> None:
        """Judge again when it is time, after fetching what was missed."""
        if self._tape is None or ctx.now() - self._tried_s < ctx.settings.judge_s:
            return
        if self._lost:
            try:
                await _read_history(ctx, self._tape)
                self._lost = False
            except NotReady as error:
                ctx.log.warning("candles that were missed are fetched later", why=str(error))
        await self._judge(ctx)

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By effect: fates become known, sources are judged by them, and each is what it should be."""
        return health_of(self._overview(ctx), ctx.settings.rules)

    @hookimpl
    async def report(self) -> tuple[Section, ...]:
        """How far confidences come true, and what each source has earned."""
        return sections(self._last.sources if self._last else ())

    @hookimpl
    async def heal(self, ctx: Ctx, finding: Finding) -> str:
        """Read the history of candles again and judge anew. Raises NotReady when the feed does not answer."""
        tape = self._tape = Tape(ctx.settings.interval_s, HISTORY_BARS)
        await _read_history(ctx, tape)
        await self._judge(ctx)
        return f"read the history of {len(tape.symbols)} symbols again and judged anew, for {finding.code}"

    @action(command="sources", help="what each source of signals says, what came of it, and whether there is an edge")
    async def sources(self, ctx: Ctx) -> dict[str, Any]:
        """Every source and member with the figures that it is judged by."""
        if self._last is None:
            raise NotReady("the sources have not been judged yet", retry_after_s=ctx.settings.judge_s)
        return {**facts_of(self._overview(ctx)), "weights": weights_of(self._last.members)}

    # --- hearing ----------------------------------------------------------------------------------

    def _hear(self, ctx: Ctx, court: Court, signal: Signal) -> None:
        if signal.candle_received_ns:
            self._late_s.append((time.monotonic_ns() - signal.candle_received_ns) / 1e9)
        said = _said(signal)
        if said is not None and court.hear([said]):
            ctx.progress("signals", data_as_of=signal.market_at)

    # --- judging ----------------------------------------------------------------------------------

    async def _judge(self, ctx: Ctx) -> None:
        """Judge in a worker thread, within its deadline; what was known stays in force when that fails."""
        self._tried_s = ctx.now()
        if self._court is None or self._tape is None:
            return
        panel = self._tape.panel()
        if panel is None:
            return
        settings, court = ctx.settings, self._court
        work = partial(judge, court.brief(), panel, settings.barriers, settings.costs, settings.rules)
        try:
            judgement = await done_in_thread(work, settings.judge_timeout_s)
        except (TimeoutError, ArithmeticError, ValueError) as error:
            self._failure = str(error) or f"no result within {settings.judge_timeout_s:g} s of its own work"
            ctx.log.warning("sources could not be judged", why=self._failure)
            return
        court.settle(judgement.fates)
        self._failure, self._last, self._judged_s = "", judgement, ctx.now()
        ctx.progress("judgements")
        ctx.progress("fates", len(judgement.fates.judged))
        await self._say(ctx, judgement)

    async def _say(self, ctx: Ctx, judgement: Judgement) -> None:
        for standing in judgement.sources:
            await ctx.publish(self._verdict(ctx, standing))
        self._announced.tell(ctx, findings_of(self._overview(ctx), ctx.settings.rules))
        await ctx.publish(_weights(ctx, judgement))
        await self._advise(ctx, judgement)
        finding = no_edge(judgement.sources, enforced=ctx.autonomy.acts)
        if finding is not None:
            ctx.raise_finding(finding)
        else:
            ctx.resolve_finding(NO_EDGE.code)

    async def _advise(self, ctx: Ctx, judgement: Judgement) -> None:
        """Say that the models have grown stale, from when on, until they no longer are."""
        reason = doubt(judgement.sources, ctx.settings.rules)
        if not reason:
            self._doubted_at = None
        elif self._doubted_at is None:
            self._doubted_at = ctx.wall()
        await ctx.publish(RetrainingAdvice(reason, self._doubted_at or ctx.wall()))

    def _verdict(self, ctx: Ctx, standing: SourceStanding) -> SourceVerdict:
        if standing.stop and not ctx.autonomy.acts:
            ctx.would_have(f"stopped the entries of {standing.source}", reason=standing.stop, **shown(standing))
        allowed = not (standing.stop and ctx.autonomy.acts)
        reason = standing.stop or standing.edge.sentence
        return SourceVerdict(standing.source, allowed, reason, ctx.settings.verdict_valid_s, ctx.wall())

    def _overview(self, ctx: Ctx) -> Overview:
        last, settings = self._last, ctx.settings
        latencies = sorted(self._late_s)
        return Overview(
            sources=last.sources if last else (),
            members=last.members if last else (),
            fallback=last.fallback if last else None,
            late_s=latencies[len(latencies) * 95 // 100] if latencies else None,
            judged_ago_s=None if self._judged_s is None else ctx.now() - self._judged_s,
            judged_limit_s=3 * settings.judge_s + PATIENCE * settings.judge_timeout_s,
            failure=self._failure,
            waiting=self._court.waiting if self._court else 0,
        )


def _weights(ctx: Ctx, judgement: Judgement) -> EnsembleWeights:
    """What the ensemble is to use: earned weights where this plugin may advise, equal ones where it only watches."""
    earned = weights_of(judgement.members)
    if ctx.autonomy.advises:
        known = sum(record.n for record in judgement.members)
        return EnsembleWeights(earned, f"by log loss over {known} votes with a known fate", ctx.wall())
    ctx.would_have("weighed the members by their log loss", **{str(member): value for member, value in earned.items()})
    equal = {member: 1.0 / len(MemberName) for member in MemberName}
    return EnsembleWeights(equal, "equal: the model supervisor only observes", ctx.wall())


def _said(signal: Signal) -> Said | None:
    """A signal that asks for a position; one that takes a view back has no fate of its own."""
    if signal.view is View.NEUTRAL:
        return None
    return Said(
        id=signal.id,
        source=signal.source,
        symbol=signal.symbol,
        view=signal.view,
        confidence=float(signal.confidence),
        at_ms=market_ms(signal.market_at),
        features=signal.features,
        votes=signal.votes,
        agreement=signal.agreement,
    )


async def _read_history(ctx: Ctx, tape: Tape) -> None:
    try:
        for symbol in await ctx.call("feed.coverage", timeout_s=HISTORY_TIMEOUT_S):
            asked = {"symbol": symbol, "limit": HISTORY_BARS}
            tape.add(candles_of(await ctx.call("feed.history", asked, timeout_s=HISTORY_TIMEOUT_S)))
    except (CallFailed, CallUnanswered) as error:
        raise NotReady(f"the feed does not give its history: {error}", retry_after_s=1.0) from error
