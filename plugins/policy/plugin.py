"""The policy's hooks, timer and action."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import Any, ClassVar

from plugins.domain import Account, Candle, TradingPolicy
from plugins.policy.deciding import posture_of, trading_policy
from plugins.policy.kinds import BLIND, KINDS
from plugins.policy.settings import PolicySettings
from plugins.policy.watch import Watch
from qtcore import (
    CallFailed,
    CallUnanswered,
    Context,
    Finding,
    FindingKind,
    Health,
    NotReady,
    Plugin,
    QtError,
    Subscription,
    action,
    every,
    hookimpl,
)

GATHER_S = 0.2
"""Candles close together. They are judged after this pause, so that whoever acts on the same candles in this host
goes first: a policy is about the next minutes, not the next milliseconds."""

CANDLES_A_TURN = 4
"""Candles judged before others in this host may run."""


class UnknownSymbol(QtError):
    """The policy has seen no candle of the symbol that was asked for."""


class Policy(Plugin[PolicySettings]):
    """Says what may be entered now, and claims the posture that follows, each second."""

    reads: ClassVar = [Candle, Account]
    writes: ClassVar = [TradingPolicy]
    calls: ClassVar = ["feed.history", "feed.coverage"]
    area = "core trading"
    cadence_s = 5.0

    def __init__(self) -> None:
        self._watch: Watch | None = None
        self._policy: TradingPolicy | None = None
        self._said_s = float("-inf")
        self._waiting: list[Candle] = []
        self._arrived = asyncio.Event()
        self._lost = False

    @hookimpl
    async def start(self, ctx: Context[PolicySettings]) -> None:
        """Warm up on history, then follow the candles."""
        async with ctx.subscribe(Candle, gaps=True) as candles, asyncio.TaskGroup() as tasks:
            watch = self._watch = Watch(ctx)
            await _warm_up(ctx, watch)
            await self._say(ctx)
            ctx.ready()
            tasks.create_task(self._gather(candles), name="candles")
            while True:
                await self._arrived.wait()
                await asyncio.sleep(GATHER_S)
                await self._judge(ctx, watch)

    @staticmethod
    @hookimpl
    def findings() -> tuple[FindingKind, ...]:
        """Everything that may be wrong with it."""
        return KINDS

    @hookimpl
    async def health(self, ctx: Context[PolicySettings]) -> Health:
        """By effect: a policy that is in force, made from fresh candles of every symbol."""
        if self._watch is None or self._policy is None:
            return Health.unknown("no policy has been made yet")
        sights = self._watch.sights()
        stale = sorted(symbol for symbol, sight in sights.items() if not sight.fresh)
        facts = {
            "allow_entries": self._policy.allow_entries,
            "reason": self._policy.reason,
            "symbols": len(sights),
            "stale": stale,
            "regimes": {symbol: str(each.regime) for symbol, each in self._policy.by_symbol.items()},
            "volatilities": {symbol: str(each.volatility) for symbol, each in self._policy.by_symbol.items()},
            "said_s_ago": round(ctx.now() - self._said_s, 1),
        }
        if not sights or len(stale) == len(sights):
            return Health.degraded("no symbol has fresh candles", _blind(stale), **facts)
        if stale:
            return Health.degraded(f"candles of {len(stale)} of {len(sights)} symbols are stale", **facts)
        return Health.healthy(self._policy.reason, **facts)

    @every(1.0)
    async def renew(self, ctx: Context[PolicySettings]) -> None:
        """Claim the posture again, and say the policy again when it changed or was last said a while ago."""
        await self._say(ctx)

    @action()
    async def explain(self, _ctx: Context[PolicySettings], symbol: str = "") -> dict[str, Any]:
        """Every number behind the policy, of all symbols or one."""
        if self._watch is None or self._policy is None:
            raise NotReady("no policy has been made yet", retry_after_s=1.0)
        sights = self._watch.sights()
        if symbol and symbol not in sights:
            raise UnknownSymbol(f"no candle of {symbol} has been seen; `qt call policy.explain` lists what is known")
        shown = {
            name: {"seen": asdict(sight), "policy": asdict(self._policy.by_symbol[name])}
            for name, sight in sights.items()
            if symbol in {"", name} and name in self._policy.by_symbol
        }
        whole = {key: value for key, value in asdict(self._policy).items() if key != "by_symbol"}
        return {**whole, "posture": posture_of(self._policy), "symbols": shown}

    async def _gather(self, candles: Subscription[Any]) -> None:
        async for message in candles:
            if isinstance(message, Candle):
                self._waiting.append(message)
            else:
                self._lost = True
            self._arrived.set()

    async def _judge(self, ctx: Context[PolicySettings], watch: Watch) -> None:
        self._arrived.clear()
        waiting, self._waiting = self._waiting, []
        if self._lost:
            self._lost = False
            for symbol in list(watch.symbols):
                await watch.catch_up(symbol)
        for number, candle in enumerate(waiting, start=1):
            await watch.take(candle)
            if number % CANDLES_A_TURN == 0:
                await asyncio.sleep(0)
        await self._say(ctx)

    async def _say(self, ctx: Context[PolicySettings]) -> None:
        """Claim the posture and, if there is news or it is time, publish."""
        if self._watch is None:
            return
        known = ctx.latest(Account) is not None
        policy = trading_policy(self._watch.sights(), account_known=known, settings=ctx.settings, at=ctx.market_now())
        ctx.claim_posture(posture_of(policy), policy.reason)
        changed = self._policy is None or replace(self._policy, at=policy.at) != policy
        if not changed and ctx.now() - self._said_s < ctx.settings.renew_s:
            return
        if self._policy is None or self._policy.allow_entries != policy.allow_entries:
            ctx.log.info("policy changed", allow_entries=policy.allow_entries, reason=policy.reason)
        self._policy, self._said_s = policy, ctx.now()
        await ctx.publish(policy)
        ctx.progress("policies")


async def _warm_up(ctx: Context[PolicySettings], watch: Watch) -> None:
    try:
        symbols = await ctx.call("feed.coverage")
    except (CallFailed, CallUnanswered) as error:
        raise NotReady(f"the feed does not say what it covers: {error}", retry_after_s=1.0) from error
    for symbol in symbols:
        await watch.catch_up(symbol)


def _blind(stale: list[str]) -> Finding:
    return BLIND.found("the policy has no fresh candles to judge by", evidence={"stale": list(stale)})
