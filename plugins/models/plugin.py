"""The hooks and the action of the sources of signals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

from plugins.checks import learned
from plugins.domain import Candle, EnsembleWeights, Signal, Source, Universe
from plugins.models.bench import Bench
from plugins.models.condition import Condition, health_of
from plugins.models.desk import Desk
from plugins.models.forum import Forum
from plugins.models.funding import follow_funding
from plugins.models.kinds import ARTEFACT, KINDS
from plugins.models.outbox import Outbox
from plugins.models.reading import listed, shown
from plugins.models.report import members_section
from plugins.models.rsi_rule import RsiRule
from plugins.models.settings import ModelsSettings
from plugins.store import database_url, facts_of, open_store
from qtcore import (
    Check,
    Context,
    Finding,
    FindingKind,
    Gap,
    Health,
    NotReady,
    Plugin,
    QtError,
    Section,
    Subscription,
    action,
    every,
    hookimpl,
)

LOOK_EVERY_S = 5.0


class UnknownSymbol(QtError):
    """No source has judged the symbol that was asked for."""


class Models(Plugin[ModelsSettings]):
    """Judges each closed candle and publishes what it thinks of it, once stored."""

    reads: ClassVar = [Candle, Universe]
    optional_reads: ClassVar = [EnsembleWeights]
    writes: ClassVar = [Signal]
    calls: ClassVar = ["feed.history", "feed.funding", "deep.predict"]
    area = "AI system"
    cadence_s = 5.0
    preload: ClassVar = ["sqlalchemy.ext.asyncio", "aiosqlite", "talipp.indicators"]  # the trees start threads

    def __init__(self) -> None:
        self._desk: Desk | None = None
        self._forum: Forum | None = None
        self._judged_s = 0.0

    @hookimpl
    async def start(self, ctx: Context[ModelsSettings]) -> None:
        """Warm up on the universe's history, then judge every candle."""
        url = database_url(ctx.home, ctx.settings.database_url)
        ctx.fact(**facts_of(url))
        async with (
            open_store(url) as store,
            ctx.subscribe(Candle, Universe, EnsembleWeights, gaps=True) as messages,
            worker_thread() as worker,
            asyncio.TaskGroup() as tasks,
        ):
            outbox = Outbox(store, ctx)
            forum = self._forum = Forum(ctx, Bench(ctx.home), outbox, worker)
            desk = self._desk = Desk(ctx, store, outbox, forum)
            tasks.create_task(outbox.run(), name="outbox")
            await desk.trade(await _first_universe(ctx, messages))
            if desk.behind:
                raise NotReady(f"the feed gives no history of {', '.join(sorted(desk.behind))}", retry_after_s=1.0)
            self._judged_s = ctx.now()
            ctx.ready()
            tasks.create_task(forum.run(store), name="forum")
            tasks.create_task(forum.follow_champions(), name="champions")
            tasks.create_task(follow_funding(ctx, forum), name="funding")
            async for message in messages:
                await self._handle(ctx, desk, message)

    @every(LOOK_EVERY_S)
    async def look(self, ctx: Context[ModelsSettings]) -> None:
        """Count as work also between two candles: `health` knows how long the next one may take, real time does not."""
        ctx.progress("looks")

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @staticmethod
    @hookimpl
    def checks() -> tuple[Check, ...]:
        """What the doctor looks at, whether anything runs or not."""
        return (Check("artefacts", learned.artefacts),)

    @hookimpl
    async def health(self, ctx: Context[ModelsSettings]) -> Health:
        """By effect: every symbol's newest candle was judged, not long ago."""
        if self._desk is None or self._forum is None or not self._desk.rules:
            return Health.unknown("no symbol to judge yet")
        rules, forum = self._desk.rules, self._forum
        condition = Condition(
            symbols=len(rules),
            behind=sorted(self._desk.behind),
            age_s=ctx.now() - self._judged_s,
            limit_s=ctx.real_limit_s(_patience_s(ctx, rules)),
            standings=forum.standings(),
            damaged=dict(forum.bench.champions.damaged),
            lacking=forum.bench.champions.lacking,
            fewest=ctx.settings.ensemble.fewest_members if forum.seats else 0,
        )
        ctx.fact(
            views={symbol: str(rule.held) for symbol, rule in rules.items()},
            members={row.member: str(row.standing) for row in condition.standings},
            weights={name: round(weight, 4) for name, weight in forum.weights.items()},
            weights_reason=forum.weights_reason,
            round_ms=round(forum.took_s * 1000, 1),
        )
        return health_of(condition)

    @hookimpl
    async def report(self) -> tuple[Section, ...]:
        """Who votes, with which version and weight."""
        forum = self._forum
        return (members_section(forum.standings(), forum.weights, forum.weights_reason),) if forum else ()

    @hookimpl
    async def heal(self, ctx: Context[ModelsSettings], finding: Finding) -> str:
        """Put the last good champion in the place of one that is damaged; fetch history that is missing."""
        if self._desk is None or self._forum is None:
            return "nothing is running yet"
        if finding.code in {kind.code for kind in ARTEFACT.values()}:
            return await self._forum.fall_back(ctx.wall())
        await self._desk.catch_up_all()
        return f"asked the feed for the history of {len(self._desk.rules)} symbols"

    @action()
    async def latest(self, _ctx: Context[ModelsSettings], symbol: str = "") -> dict[str, Any]:
        """What each source last said: index, view held, and the candle it was made from; of all symbols, or one."""
        rules = self._desk.rules if self._desk else {}
        if symbol and symbol not in rules:
            raise UnknownSymbol(f"no source has judged {symbol}; `qt call models.latest` lists those judged")
        return {name: _shown(rule) for name, rule in rules.items() if symbol in {"", name}}

    @action()
    async def votes(self, _ctx: Context[ModelsSettings], symbol: str = "") -> dict[str, Any]:
        """The ensemble's last verdict on each symbol, or one: view, probabilities, and every member's vote."""
        held = self._forum.held if self._forum else {}
        if symbol and symbol not in held:
            raise UnknownSymbol(f"the ensemble has not judged {symbol}; `qt call models.votes` lists those judged")
        return {
            name: {"view": one.view, "closed_at": one.closed_at, "verdict": one.verdict}
            for name, one in held.items()
            if symbol in {"", name}
        }

    @staticmethod
    @action(offline=True, command="models list", help="every artefact of every model, and which of them votes")
    def models_list(home: Path) -> dict[str, Any]:
        """Read the store of artefacts; needs no process."""
        return listed(home)

    @staticmethod
    @action(
        offline=True, command="models show", help="one artefact: what it learned from, how good it was, is it whole"
    )
    def models_show(home: Path, artefact: str) -> dict[str, Any]:
        """By its hash, of which a few digits are enough, or by `member` for its champion."""
        return shown(home, artefact)

    async def _handle(self, ctx: Context[ModelsSettings], desk: Desk, message: object) -> None:
        match message:
            case Candle():
                await desk.take(message)
                self._judged_s = ctx.now()
            case Universe():
                await desk.trade(message.symbols)
            case EnsembleWeights() if self._forum is not None:
                self._forum.weigh(message)
            case Gap(topic=topic, missing=missing):
                ctx.log.warning("messages were lost; asking for what they held", topic=topic, missing=missing)
                await desk.catch_up_all()
            case _:
                raise TypeError(f"{type(message).__name__} was never subscribed to")


@asynccontextmanager
async def worker_thread() -> AsyncIterator[ThreadPoolExecutor]:
    """The one thread of features and trees; at the end its last piece of work is waited for."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="members")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


async def _first_universe(ctx: Context[ModelsSettings], messages: Subscription[Any]) -> tuple[str, ...]:
    """Candles that come before it are history by then."""
    try:
        async with asyncio.timeout(ctx.settings.universe_timeout_s):
            async for message in messages:
                if isinstance(message, Universe):
                    return message.symbols
    except TimeoutError as error:
        raise NotReady("nobody has said what may trade; is the plugin that writes Universe up?") from error
    raise AssertionError("a subscription ends only by cancellation")


def _patience_s(ctx: Context[ModelsSettings], rules: dict[str, RsiRule]) -> float:
    """Market seconds without a candle that are still in order."""
    periods = [rule.last.interval_s for rule in rules.values() if rule.last]
    return ctx.settings.stale_after_periods * max(periods, default=60)


def _shown(rule: RsiRule) -> dict[str, Any]:
    last = rule.last
    return {
        "source": Source.RSI_RULE,
        "rsi": rule.rsi,
        "view": rule.held,
        "close": last.close if last else None,
        "closed_at": last.closed_at if last else None,
    }
