"""The rule at work on every symbol: candles in, signals out, holes closed from the feed's history."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from plugins.domain import Candle, Signal, Source, Succession, View, candles_of, succession
from plugins.models.forum import Forum
from plugins.models.outbox import Outbox
from plugins.models.rsi_rule import Opinion, RsiRule
from plugins.models.settings import ModelsSettings
from plugins.models.signals import lifetime, rsi_signal, signal_id
from plugins.store import Store
from qtcore import CallFailed, CallUnanswered, Context

HISTORY_TIMEOUT_S = 3.0


class Desk:
    """Keeps one RSI rule per symbol of the universe, and those outside of it whose view is still held."""

    def __init__(self, ctx: Context[ModelsSettings], store: Store, outbox: Outbox, forum: Forum) -> None:
        self.rules: dict[str, RsiRule] = {}
        self.behind: set[str] = set()
        """Symbols whose history could not be had; asked for again when their next candle comes."""
        self._ctx = ctx
        self._store = store
        self._outbox = outbox
        self._forum = forum
        self._universe: frozenset[str] = frozenset()

    async def trade(self, symbols: tuple[str, ...]) -> None:
        """These may trade from now on; those not known yet are warmed up from history."""
        self._universe = frozenset(symbols)
        self._forum.trade(symbols)
        for symbol in symbols:
            if symbol not in self.rules:
                await self.catch_up(symbol)

    async def take(self, candle: Candle) -> None:
        """A closed candle."""
        rule = self.rules.get(candle.symbol)
        if candle.symbol in self.behind:
            await self.catch_up(candle.symbol)
            return
        if rule is None:
            self._ctx.progress("not_in_universe")
            return
        match succession(rule.last, candle):
            case Succession.OLD:
                self._ctx.progress("repeated")
            case Succession.GAP:
                await self.catch_up(candle.symbol)
            case Succession.NEXT:
                self._forum.hear(candle)
                if self._judge(rule, candle):
                    await _let_it_go()

    async def catch_up_all(self) -> None:
        """Some candles were lost, and nobody knows of which symbols."""
        for symbol in list(self.rules):
            await self.catch_up(symbol)

    async def catch_up(self, symbol: str) -> None:
        """Begin anew from history; signals that are still good and were never made are made now."""
        try:
            answer = await self._ctx.call(
                "feed.history",
                {"symbol": symbol, "limit": self._ctx.settings.warm_up_bars},
                timeout_s=HISTORY_TIMEOUT_S,
            )
        except (CallFailed, CallUnanswered) as error:
            self.behind.add(symbol)
            self._ctx.log.warning("no history", symbol=symbol, error=str(error))
            return
        self.behind.discard(symbol)
        before = self.rules.get(symbol)
        rule = self.rules[symbol] = RsiRule(self._ctx.settings.rsi_rule)
        candles = candles_of(answer)
        await self._forum.warm(candles)
        said = [(candle, rule.add(candle)) for candle in candles]
        self._ctx.progress("candles", self._new(before, said))
        await self._make_up(before.last if before else None, said)

    async def _make_up(self, seen: Candle | None, said: list[tuple[Candle, Opinion | None]]) -> None:
        now, holds = self._ctx.market_now(), self._holds()
        good = [
            (candle, opinion)
            for candle, opinion in said
            if opinion is not None
            and candle.closed_at + holds > now
            and (seen is None or candle.closed_at > seen.closed_at)
        ]
        if not good:
            return
        made = await self._store.signals.known(signal_id(Source.RSI_RULE, candle) for candle, _ in good)
        for candle, opinion in good:
            if signal_id(Source.RSI_RULE, candle) not in made:
                self._send(candle, opinion)

    def _judge(self, rule: RsiRule, candle: Candle) -> bool:
        """Whether a signal came of it that may lead to an order; one that only takes a view back can wait."""
        held = rule.held
        said = rule.add(candle)
        self._ctx.progress("candles", data_as_of=candle.closed_at)
        # Outside the universe nothing new begins, but a view that is held is still taken back or turned.
        if said is None or not (
            candle.symbol in self._universe or (held is not View.NEUTRAL and said.view is not held)
        ):
            return False
        if self._forum.leads(candle):
            self._ctx.progress("left_to_the_ensemble")
            return False
        self._send(candle, said)
        return said.view is not View.NEUTRAL

    def _send(self, candle: Candle, said: Opinion) -> None:
        since_ns = candle.received_ns or None  # history has no moment at which it came in
        with (
            self._ctx.span("candle", since_ns=since_ns, symbol=candle.symbol, closed_at=candle.closed_at.isoformat()),
            self._ctx.span("predict", symbol=candle.symbol, source=Source.RSI_RULE, view=said.view),
        ):
            self._outbox.put(self._signal(candle, said))

    def _signal(self, candle: Candle, said: Opinion) -> Signal:
        return rsi_signal(
            candle,
            said,
            self._ctx.settings.rsi_rule.period,
            made_at=self._ctx.wall(),
            holds=self._holds(),
            trace_id=self._ctx.trace_id(),
        )

    def _holds(self) -> timedelta:
        return lifetime(self._ctx.settings.signal_lifetime_s, self._ctx.real_limit_s)

    @staticmethod
    def _new(before: RsiRule | None, said: list[tuple[Candle, Opinion | None]]) -> int:
        if before is None or before.last is None:
            return len(said)
        seen = before.last.closed_at
        return sum(1 for candle, _ in said if candle.closed_at > seen)


async def _let_it_go() -> None:
    """Let a signal be stored and leave before the next candle of the burst is judged: two turns of the loop."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)
