"""The universe's hooks, timer and action."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from plugins.domain import Instrument, Universe
from plugins.universe.choosing import Coverage, chosen, reasons
from plugins.universe.settings import UniverseSettings
from qtcore import (
    CallFailed,
    CallUnanswered,
    Context,
    Finding,
    Health,
    NotReady,
    Plugin,
    Severity,
    action,
    hookimpl,
)

GATHER_S = 0.1
"""Instruments come in a burst; the universe is chosen once they have all come."""

FAILED_LOOKS = 3


class UniversePlugin(Plugin[UniverseSettings]):
    """Publishes the universe when it changes, and at each refresh that found it the same."""

    reads: ClassVar = [Instrument]
    writes: ClassVar = [Universe]
    calls: ClassVar = ["feed.coverage"]
    cadence_s = 15.0

    def __init__(self) -> None:
        self._instruments: dict[str, Instrument] = {}
        self._changed = asyncio.Event()
        self._universe: Universe | None = None
        self._failures = 0
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

    @hookimpl
    async def health(self, ctx: Context[UniverseSettings]) -> Health:
        """By effect: symbols that may trade, chosen from what is known now."""
        universe = self._universe
        if universe is None:
            return Health.unknown("no universe has been chosen yet")
        age_s = ctx.now() - self._looked_s
        facts = {"symbols": len(universe.symbols), "refused": reasons(universe), "age_s": round(age_s, 1)}
        if self._failures >= FAILED_LOOKS:
            return Health.degraded("the feed does not say what it covers; the universe is old", **facts)
        if not universe.symbols:
            return Health.critical("no symbol may trade", _empty(universe), **facts)
        return Health.healthy(f"{len(universe.symbols)} symbols may trade, {len(universe.refused)} not", **facts)

    @action(timeout_s=15.0)
    async def refresh(self, ctx: Context[UniverseSettings]) -> dict[str, Any]:
        """Choose anew, now; returns the symbols and why the others were refused."""
        universe = await self._choose(ctx)
        return {"symbols": list(universe.symbols), "refused": universe.refused, "reasons": reasons(universe)}

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
            ctx.log.warning("universe not refreshed", error=str(error), failures=self._failures)

    async def _choose(self, ctx: Context[UniverseSettings]) -> Universe:
        self._changed.clear()
        coverage = _coverage(await ctx.call("feed.coverage"))
        universe = chosen(self._instruments, coverage, ctx.settings, ctx.market_now())
        if self._universe is None or _differ(self._universe, universe):
            ctx.log.info("universe chosen", symbols=universe.symbols, refused=reasons(universe))
        self._universe, self._failures, self._looked_s = universe, 0, ctx.now()
        await ctx.publish(universe)
        ctx.progress("choices", data_as_of=universe.at)
        return universe


def _differ(before: Universe, after: Universe) -> bool:
    """Whether other symbols may trade, or for other reasons not; their order by turnover changes all the time."""
    return {*before.symbols} != {*after.symbols} or reasons(before) != reasons(after)


def _coverage(answer: Mapping[str, Mapping[str, Any]]) -> dict[str, Coverage]:
    return {symbol: Coverage(int(row["bars"]), Decimal(row["turnover"])) for symbol, row in answer.items()}


def _empty(universe: Universe) -> Finding:
    return Finding(
        code="QT-UNIVERSE-EMPTY",
        severity=Severity.HIGH,
        summary="no symbol may trade",
        evidence={"refused": {**universe.refused}},
        cause="; ".join(f"{count} x {reason}" for reason, count in reasons(universe).items()) or "nothing is listed",
        consequence="no signals are made and nothing is entered; open positions are looked after",
        fix="see `qt call universe.refresh` for the reason of each symbol; correct include, exclude or minimum_bars",
        verify="`qt call universe.refresh` lists symbols",
    )
