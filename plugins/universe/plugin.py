"""The universe's hooks, timer and action."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from plugins.domain import Instrument, Universe
from plugins.universe.choosing import chosen, counts, reasons
from plugins.universe.findings import empty_finding, old_finding
from plugins.universe.kinds import KINDS
from plugins.universe.measures import Measures, measured
from plugins.universe.settings import UniverseSettings
from qtcore import (
    CallFailed,
    CallUnanswered,
    Context,
    Finding,
    FindingKind,
    Health,
    NotReady,
    Plugin,
    action,
    hookimpl,
)

GATHER_S = 0.1
"""Instruments come in a burst; the universe is chosen once they have all come."""

FAILED_LOOKS = 3

REFRESH_S = 45.0
"""How long the feed may take to load the history of symbols that are new to it."""


class UniversePlugin(Plugin[UniverseSettings]):
    """Publishes the universe when it changes, and at each refresh that found it the same."""

    reads: ClassVar = [Instrument]
    writes: ClassVar = [Universe]
    calls: ClassVar = ["feed.coverage", "feed.refresh"]
    area = "data and infrastructure"
    cadence_s = 15.0

    def __init__(self) -> None:
        self._instruments: dict[str, Instrument] = {}
        self._changed = asyncio.Event()
        self._universe: Universe | None = None
        self._failures = 0
        self._trouble = ""
        self._coverage: dict[str, Measures] = {}
        self._looked_s = 0.0

    @hookimpl
    async def start(self, ctx: Context[UniverseSettings]) -> None:
        """Choose once instruments and history are known, then whenever either changes."""
        async with ctx.subscribe(Instrument) as instruments, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._gather(instruments), name="instruments")
            await self._first_instrument(ctx)
            try:
                await self._choose(ctx)
            except (CallFailed, CallUnanswered) as error:
                raise NotReady(f"the feed does not say what it covers: {error}", retry_after_s=1.0) from error
            ctx.ready()
            while True:
                await self._something_new(ctx)
                await self._look(ctx)

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Context[UniverseSettings]) -> Health:
        """By effect: symbols that may trade, chosen from what is known now."""
        universe = self._universe
        if universe is None:
            return Health.unknown("no universe has been chosen yet")
        age_s = ctx.now() - self._looked_s
        facts = {
            "symbols": len(universe.symbols),
            "tiers": counts(universe),
            "refused": reasons(universe),
            "age_s": round(age_s, 1),
        }
        if self._failures >= FAILED_LOOKS:
            return Health.degraded("the universe is old", old_finding(age_s, self._trouble), **facts)
        if not universe.symbols:
            return Health.critical("no symbol may trade", empty_finding(universe), **facts)
        core = counts(universe)["core"]
        told = f"{len(universe.symbols)} symbols may trade ({core} of them core), {len(universe.refused)} not"
        return Health.healthy(told, **facts)

    @hookimpl
    async def heal(self, ctx: Context[UniverseSettings], finding: Finding) -> str:
        """Choose anew; what is missing from the outside is not made up."""
        universe = await self._choose(ctx)
        return f"chose anew, for {finding.code}: {len(universe.symbols)} symbols may trade"

    @action(timeout_s=60.0)
    async def refresh(self, ctx: Context[UniverseSettings]) -> dict[str, Any]:
        """Let the feed look which symbols are worth following, and choose anew; returns what came of it."""
        try:
            await ctx.call("feed.refresh", timeout_s=REFRESH_S)
        except (CallFailed, CallUnanswered) as error:
            ctx.log.warning("the feed follows the symbols that it has", error=str(error))
        return _told(await self._choose(ctx))

    @action(command="universe", help="which symbols may trade, in which tier, and why the others may not")
    async def symbols(self, _ctx: Context[UniverseSettings]) -> dict[str, Any]:
        """The universe as it is now."""
        if self._universe is None:
            raise NotReady("no universe has been chosen yet", retry_after_s=1.0)
        return _told(self._universe)

    async def _gather(self, instruments: Any) -> None:
        async for instrument in instruments:
            if self._instruments.get(instrument.symbol) != instrument:
                self._instruments[instrument.symbol] = instrument
                self._changed.set()

    async def _first_instrument(self, ctx: Context[UniverseSettings]) -> None:
        try:
            async with asyncio.timeout(ctx.settings.instruments_timeout_s):
                await self._changed.wait()
        except TimeoutError as error:
            raise NotReady("nobody has said what can be traded; is the plugin that writes Instrument up?") from error
        await asyncio.sleep(GATHER_S)

    async def _something_new(self, ctx: Context[UniverseSettings]) -> None:
        """Wait for a changed instrument, at most the time between two looks."""
        try:
            async with asyncio.timeout(ctx.settings.refresh_s):
                await self._changed.wait()
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_S)

    async def _look(self, ctx: Context[UniverseSettings]) -> None:
        try:
            await self._choose(ctx)
        except (CallFailed, CallUnanswered) as error:
            self._failures += 1
            self._trouble = str(error)
            ctx.log.warning("universe not refreshed", error=str(error), failures=self._failures)
            await self._put(ctx)  # what the venue has ended is refused whatever the feed says

    async def _choose(self, ctx: Context[UniverseSettings]) -> Universe:
        self._changed.clear()
        rows = await ctx.call("feed.coverage")
        self._coverage = {symbol: measured(row) for symbol, row in rows.items()}
        self._failures, self._looked_s = 0, ctx.now()
        return await self._put(ctx)

    async def _put(self, ctx: Context[UniverseSettings]) -> Universe:
        universe = chosen(self._instruments, self._coverage, ctx.settings, ctx.market_now(), self._universe)
        if self._universe is None or _differ(self._universe, universe):
            ctx.log.info("universe chosen", symbols=universe.symbols, refused=reasons(universe))
        self._universe = universe
        await ctx.publish(universe)
        ctx.progress("choices", data_as_of=universe.at)
        return universe


def _differ(before: Universe, after: Universe) -> bool:
    """Whether other symbols may trade, or for other reasons not; their order by turnover changes all the time."""
    return {*before.symbols} != {*after.symbols} or reasons(before) != reasons(after)


def _told(universe: Universe) -> dict[str, Any]:
    """The universe for people and programs."""
    return {
        "symbols": list(universe.symbols),
        "tiers": {symbol: {"tier": s.tier.value, "reason": s.reason} for symbol, s in universe.tiers.items()},
        "refused": universe.refused,
        "reasons": reasons(universe),
    }
