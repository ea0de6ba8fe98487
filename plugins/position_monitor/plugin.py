"""The plugin: hears positions and stops, decides, and asks the exchange to act; one act at a time for each symbol."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, assert_never

import anyio
from anyio.abc import TaskGroup

from plugins.domain import ExitReason, Instrument, Mark, Position, Signal, StopState, TradingPolicy
from plugins.position_monitor.decisions import Act, Close, Protect, TakeProfit, covered, decide
from plugins.position_monitor.settings import PositionMonitorSettings
from plugins.position_monitor.watched import Watched, Watchlist
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
    every,
    hookimpl,
)

Ctx = Context[PositionMonitorSettings]
WOULD_TRIGGER = -2021
LOOK_EVERY_S = 0.25


class PositionMonitor(Plugin[PositionMonitorSettings]):
    """No position without a stop on the venue; no position longer than its reason."""

    reads: ClassVar[list[type[Any]]] = [Position, StopState]
    optional_reads: ClassVar[list[type[Any]]] = [Signal, TradingPolicy, Mark, Instrument]
    calls: ClassVar[list[str]] = ["exchange.protect", "exchange.take_profit", "exchange.close"]
    cadence_s = 5.0
    vital = True
    exclusive = True

    def __init__(self) -> None:
        self._list = Watchlist()
        self._closed: dict[str, int] = {}
        self._last_failure: str | None = None

    @hookimpl
    async def start(self, ctx: Ctx) -> None:
        """Follow every position until stopped."""
        async with (
            ctx.subscribe(Position, StopState, Signal, TradingPolicy, Mark, Instrument) as news,
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

    @hookimpl
    async def health(self, ctx: Ctx) -> Health:
        """Judged by what is uncovered, not by being alive."""
        naked = self._list.naked(ctx.now())
        facts: dict[str, Any] = {"positions": len(self._list.positions), "naked": len(naked), "closed": self._closed}
        if not naked:
            held = len(self._list.positions)
            return Health.healthy(f"{held} open, each with a live stop" if held else "no position is open", **facts)
        symbol, naked_s = max(naked.items(), key=lambda item: item[1])
        finding = Finding(
            code="QT-POSITION-NAKED",
            severity=Severity.CRITICAL if naked_s > ctx.settings.naked_s else Severity.HIGH,
            summary=f"{symbol} has had no live stop on the venue for {naked_s:.1f} s",
            evidence={"naked_s": {name: round(value, 2) for name, value in naked.items()}},
            cause=self._last_failure or "its stop is being placed",
            consequence="a jump of the market is not stopped by the venue",
            fix="nothing, unless it lasts: a stop is placed, or the position is closed; by hand: "
            f'`qt call exchange.close \'{{"symbol": "{symbol}", "reason": "operator"}}\'`',
            verify="`qt positions` shows a stop beside each position",
        )
        state = Health.critical if naked_s > ctx.settings.naked_s else Health.degraded
        return state(finding.summary, finding, **facts)

    @action(help="positions as the monitor sees them")
    async def watched(self, ctx: Ctx) -> list[dict[str, Any]]:
        """Each position with its stop, its age and what was decided last."""
        return [_row(self._list, watched, ctx.now()) for watched in self._list.positions.values()]

    async def _look_again(self, ctx: Ctx, tasks: TaskGroup) -> None:
        """Time alone changes decisions: ages, deadlines, a posture of flatten."""
        while True:
            await anyio.sleep(LOOK_EVERY_S)
            for symbol in [*self._list.positions]:
                self._consider(ctx, tasks, symbol)

    def _consider(self, ctx: Ctx, tasks: TaskGroup, symbol: str) -> None:
        watched = self._list.positions.get(symbol)
        sight = self._list.sight(symbol, now_s=ctx.now(), market_now=_market_now(ctx))
        if watched is None or sight is None or watched.acting:
            return
        act = decide(sight, ctx.settings.rules, ctx.posture)
        if act is not None:
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
            case Protect():
                answer = await self._ask(ctx, "exchange.protect", act, trigger=act.trigger, reason=act.sentence)
                watched.refused = answer["sentence"] if answer.get("code") == WOULD_TRIGGER else None
            case TakeProfit():
                watched.take_profit_asked = True
                answer = await self._ask(ctx, "exchange.take_profit", act, trigger=act.trigger, reason="take profit")
                if answer.get("code") == WOULD_TRIGGER:
                    sentence = f"the price is beyond the take-profit at {act.trigger} already"
                    await self._close(ctx, watched, Close(act.symbol, ExitReason.TAKE_PROFIT, sentence))
            case _:
                assert_never(act)

    async def _close(self, ctx: Ctx, watched: Watched, act: Close) -> None:
        ctx.log.info("closing", symbol=act.symbol, reason=act.reason.value, why=act.sentence)
        await self._ask(ctx, "exchange.close", act, reason=act.reason)
        self._closed[act.reason.value] = self._closed.get(act.reason.value, 0) + 1
        watched.signal = None
        ctx.progress("closes")

    async def _ask(self, ctx: Ctx, name: str, act: Act, **argument: object) -> dict[str, Any]:
        timeout_s = ctx.settings.call_timeout_s
        answer: dict[str, Any] = await ctx.call(name, {"symbol": act.symbol, **argument}, timeout_s=timeout_s)
        ctx.log.info("done", act=type(act).__name__, symbol=act.symbol, state=answer["state"], said=answer["sentence"])
        return answer


def _market_now(ctx: Ctx) -> datetime | None:
    try:
        return ctx.market_now()
    except NotReady:
        return None


def _row(known: Watchlist, watched: Watched, now_s: float) -> dict[str, Any]:
    position, stop = watched.position, known.stop_of(watched.position)
    return {
        "symbol": position.symbol,
        "side": position.side.value,
        "quantity": str(position.quantity),
        "entry": str(position.entry_price),
        "stop": str(stop.trigger) if stop and covered(stop) else None,
        "stop_status": stop.status.value if stop else "unknown",
        "followed_s": round(now_s - watched.seen_s, 1),
        "take_profit_asked": watched.take_profit_asked,
    }
