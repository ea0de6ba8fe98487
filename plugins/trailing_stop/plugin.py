"""The plugin: remembers the best price of each position and asks the exchange to move its stop behind it."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum, auto
from typing import Any, ClassVar, assert_never

from plugins.domain import Account, Instrument, Mark, Position, StopState, StopStatus, TradingPolicy
from plugins.trailing_stop.followed import Followed
from plugins.trailing_stop.kinds import BEHIND, BLIND, FORGOT, KINDS
from plugins.trailing_stop.memory import Forgotten, recall, remember
from plugins.trailing_stop.settings import TrailingStopSettings
from plugins.trailing_stop.stages import Sight, Tighten, decide, reachable
from qtcore import (
    CallFailed,
    CallUnanswered,
    Context,
    Finding,
    FindingKind,
    Health,
    Plugin,
    action,
    every,
    hookimpl,
)

Ctx = Context[TrailingStopSettings]
ROUND_TIMEOUT_S = 30.0
PATIENCE_ROUNDS = 2
"""Looks in a row that may fail to move a stop before it is told."""
WOULD_TRIGGER = -2021
"""The venue's refusal of a stop that the price has reached meanwhile."""


class Tightened(Enum):
    """What came of asking for a nearer stop."""

    MOVED = auto()
    OVERTAKEN = auto()
    """The price had come to the new trigger before it was there: it belongs elsewhere now."""
    FAILED = auto()


class TrailingStop(Plugin[TrailingStopSettings]):
    """Break-even, lock-in, trail. It only tightens, and only where a live stop is there already."""

    reads: ClassVar[list[type[Any]]] = [Position, StopState, Mark]
    optional_reads: ClassVar[list[type[Any]]] = [Instrument, TradingPolicy, Account]
    calls: ClassVar[list[str]] = ["exchange.protect"]
    area = "core trading"
    cadence_s = 5.0
    exclusive = True

    def __init__(self) -> None:
        self._known = Followed()
        self._written: dict[str, Decimal] = {}
        self._looked_s: float | None = None
        self._behind: dict[str, int] = {}
        self._last_failure: str | None = None
        self._moved = 0
        self._forgot = False

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Take up the best prices of an earlier life, then follow."""
        try:
            self._known.best = recall(ctx.data_dir)
        except Forgotten as error:
            self._say_forgot(ctx, str(error))
        self._written = dict(self._known.best)
        async with ctx.subscribe(Position, StopState, Mark, Instrument, TradingPolicy, Account) as news:
            ctx.ready()
            async for message in news:
                self._known.hear(message, ctx.now())

    @every(1.0, timeout_s=ROUND_TIMEOUT_S)
    async def look(self, ctx: Ctx) -> None:
        """Look at every position when it is due."""
        ctx.progress("looks")
        due_s = ctx.real_limit_s(ctx.settings.every_s)
        if self._looked_s is None or ctx.now() - self._looked_s >= due_s:
            self._looked_s = ctx.now()
            await self._round(ctx)

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """By effect: no stop of a winning position is further away than its stage allows."""
        known = self._known
        if known.account is None:
            return Health.unknown("no word of the account yet, so whether there are positions is not known")
        findings = []
        late = {symbol: rounds for symbol, rounds in self._behind.items() if rounds > PATIENCE_ROUNDS}
        if late and ctx.autonomy.acts:
            findings.append(self._lagging(late))
        if blind := known.blind(ctx.now(), ctx.settings.mark_age_s):
            findings.append(_blind(blind, ctx.settings.mark_age_s))
        winning = sum(1 for sight in self._sights(ctx) if reachable(sight, ctx.settings.stages))
        facts = {"positions": len(known.positions), "winning": winning, "behind": len(self._behind)}
        if findings:
            return Health.degraded(findings[0].summary, *findings, moved=self._moved, **facts)
        told = f"{winning} of {len(known.positions)} positions are winning, each stop where it belongs"
        return Health.healthy(told if known.positions else "no position is open", moved=self._moved, **facts)

    @hookimpl
    async def heal(self, ctx: Ctx, finding: Finding) -> str:
        """Look at once, and write the memory anew."""
        await self._round(ctx)
        self._remember(ctx)
        return f"looked at {len(self._known.positions)} positions again, for {finding.code}"

    @action(help="winning positions, their best price, and where their stop is and belongs")
    async def followed(self, ctx: Ctx) -> list[dict[str, Any]]:
        """One row for each open position."""
        return [_row(sight, reachable(sight, ctx.settings.stages)) for sight in self._sights(ctx)]

    def _sights(self, ctx: Ctx) -> list[Sight]:
        return list(self._known.sights(ctx.now(), ctx.settings.mark_age_s))

    async def _round(self, ctx: Ctx) -> None:
        self._remember(ctx)
        due = {act.symbol: act for sight in self._sights(ctx) if (act := decide(sight, ctx.settings.stages))}
        self._behind = {symbol: looks for symbol, looks in self._behind.items() if symbol in due}
        for act in due.values():
            if ctx.autonomy.acts:
                self._count(act.symbol, await self._tighten(ctx, act))
            else:
                ctx.would_have("tighten", symbol=act.symbol, trigger=str(act.trigger), stage=act.stage)
        ctx.progress("rounds")

    def _count(self, symbol: str, took: Tightened) -> None:
        """A stop that moved is behind no more, though the price may be further on by the next look."""
        match took:
            case Tightened.MOVED:
                self._behind.pop(symbol, None)
            case Tightened.FAILED:
                self._behind[symbol] = self._behind.get(symbol, 0) + 1
            case Tightened.OVERTAKEN:
                pass
            case _:
                assert_never(took)

    async def _tighten(self, ctx: Ctx, act: Tighten) -> Tightened:
        asked = {"symbol": act.symbol, "trigger": act.trigger, "reason": act.stage}
        try:
            with ctx.span("tighten", symbol=act.symbol, trigger=str(act.trigger), stage=act.stage):
                answer = await ctx.call("exchange.protect", asked, timeout_s=ctx.settings.call_timeout_s)
        except (CallFailed, CallUnanswered) as error:
            self._last_failure = str(error)
            ctx.log.warning("a stop was not moved; the next look decides anew", symbol=act.symbol, why=str(error))
            return Tightened.FAILED
        ctx.log.info("asked", symbol=act.symbol, trigger=str(act.trigger), stage=act.stage, said=answer)
        if answer.get("stop_status") == StopStatus.LIVE:
            self._moved += 1
            self._last_failure = None
            ctx.progress("moved")
            return Tightened.MOVED
        self._last_failure = str(answer.get("sentence"))
        return Tightened.OVERTAKEN if answer.get("code") == WOULD_TRIGGER else Tightened.FAILED

    def _remember(self, ctx: Ctx) -> None:
        """Write best prices that have gone on by half a step; less is found again by itself."""
        step = ctx.settings.least_step / 2
        best, before = self._known.best, self._written
        if best.keys() == before.keys() and all(abs(best[each] - before[each]) < step * before[each] for each in best):
            return
        try:
            remember(ctx.data_dir, best)
        except OSError as error:
            self._say_forgot(ctx, f"the best prices cannot be written: {error}")
            return
        self._written = dict(best)
        if self._forgot:
            self._forgot = False
            ctx.resolve_finding(FORGOT.code)

    def _say_forgot(self, ctx: Ctx, why: str) -> None:
        self._forgot = True
        ctx.raise_finding(_forgot(why))

    def _lagging(self, late: dict[str, int]) -> Finding:
        symbols, tries = ", ".join(sorted(late)), max(late.values())
        return BEHIND.found(
            f"the stop of {symbols} is further away than its best price allows; {tries} tries in a row did not move it",
            evidence={"looks": dict(sorted(late.items()))},
            cause=self._last_failure or "",
        )


def _blind(symbols: list[str], limit_s: float) -> Finding:
    return BLIND.found(
        f"no mark price of {', '.join(symbols)} for more than {limit_s:g} s", evidence={"symbols": [*symbols]}
    )


def _forgot(why: str) -> Finding:
    return FORGOT.found("the best prices of positions are not remembered across restarts", cause=why)


def _row(sight: Sight, belongs: Tighten | None) -> dict[str, Any]:
    return {
        "symbol": sight.position.symbol,
        "side": sight.position.side.value,
        "entry": str(sight.position.entry_price),
        "best": str(sight.best),
        "mark": str(sight.mark.price),
        "stop": str(sight.stop.trigger) if sight.stop else None,
        "belongs": str(belongs.trigger) if belongs else None,
        "stage": belongs.stage if belongs else "not winning enough yet",
    }
