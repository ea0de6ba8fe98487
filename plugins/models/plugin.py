"""The hooks and the action of the sources of signals."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from plugins.domain import Candle, Signal, Source, Universe
from plugins.models.desk import Desk
from plugins.models.outbox import Outbox
from plugins.models.rsi_rule import RsiRule
from plugins.models.settings import ModelsSettings
from plugins.store import database_url, open_store
from qtcore import (
    Context,
    Finding,
    Gap,
    Health,
    NotReady,
    Plugin,
    QtError,
    Severity,
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
    writes: ClassVar = [Signal]
    calls: ClassVar = ["feed.history"]
    cadence_s = 5.0
    preload: ClassVar = ["sqlalchemy.ext.asyncio", "aiosqlite", "talipp.indicators"]

    def __init__(self) -> None:
        self._desk: Desk | None = None
        self._judged_s = 0.0

    @hookimpl
    async def start(self, ctx: Context[ModelsSettings]) -> None:
        """Warm up on the universe's history, then judge every candle."""
        async with (
            open_store(database_url(ctx.home, ctx.settings.database_url)) as store,
            ctx.subscribe(Candle, Universe, gaps=True) as messages,
            asyncio.TaskGroup() as tasks,
        ):
            outbox = Outbox(store, ctx)
            desk = self._desk = Desk(ctx, store, outbox)
            tasks.create_task(outbox.run(), name="outbox")
            await desk.trade(await _first_universe(ctx, messages))
            if desk.behind:
                raise NotReady(f"the feed gives no history of {', '.join(sorted(desk.behind))}", retry_after_s=1.0)
            self._judged_s = ctx.now()
            ctx.ready()
            async for message in messages:
                await self._handle(ctx, desk, message)

    @every(LOOK_EVERY_S)
    async def look(self, ctx: Context[ModelsSettings]) -> None:
        """Count as work also between two candles: `health` knows how long the next one may take, real time does not."""
        ctx.progress("looks")

    @hookimpl
    async def health(self, ctx: Context[ModelsSettings]) -> Health:
        """By effect: every symbol's newest candle was judged, not long ago."""
        if self._desk is None or not self._desk.rules:
            return Health.unknown("no symbol to judge yet")
        rules = self._desk.rules
        age_s, limit_s = ctx.now() - self._judged_s, ctx.real_limit_s(_patience_s(ctx, rules))
        views = {symbol: str(rule.held) for symbol, rule in rules.items()}
        facts = {"source": str(Source.RSI_RULE), "symbols": len(rules), "age_s": round(age_s, 1), "views": views}
        if age_s > limit_s:
            return Health.degraded("no candle has come for too long", _starved(age_s, limit_s), **facts)
        if self._desk.behind:
            return Health.degraded(f"no history of {', '.join(sorted(self._desk.behind))}", **facts)
        return Health.healthy(f"{len(rules)} symbols judged by the RSI rule", **facts)

    @action()
    async def latest(self, _ctx: Context[ModelsSettings], symbol: str = "") -> dict[str, Any]:
        """What each source last said: index, view held, and the candle it was made from; of all symbols, or one."""
        rules = self._desk.rules if self._desk else {}
        if symbol and symbol not in rules:
            raise UnknownSymbol(f"no source has judged {symbol}; `qt call models.latest` lists those judged")
        return {name: _shown(rule) for name, rule in rules.items() if symbol in {"", name}}

    async def _handle(self, ctx: Context[ModelsSettings], desk: Desk, message: object) -> None:
        match message:
            case Candle():
                await desk.take(message)
                self._judged_s = ctx.now()
            case Universe():
                await desk.trade(message.symbols)
            case Gap(topic=topic, missing=missing):
                ctx.log.warning("messages were lost; asking for what they held", topic=topic, missing=missing)
                await desk.catch_up_all()
            case _:
                raise TypeError(f"{type(message).__name__} was never subscribed to")


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


def _starved(age_s: float, limit_s: float) -> Finding:
    return Finding(
        code="QT-MODELS-STARVED",
        severity=Severity.MEDIUM,
        summary=f"no candle has been judged for {age_s:.0f} s",
        evidence={"age_s": round(age_s, 1), "limit_s": round(limit_s, 1)},
        cause="no closed candle reaches the models: the feed is away, or the market stands still",
        consequence="no signals are made, so nothing is entered and nothing is exited by signal",
        fix="see the feed: `qt why feed`",
        verify="`qt call models.latest` shows recent candles",
    )
