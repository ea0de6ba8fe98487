"""What the policy sees: a gauge per symbol, fed candle by candle, and how old each one is."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

from plugins.domain import Candle, Succession, candles_of, market_speed, succession
from plugins.policy.classes import UNKNOWN, Classes, classes_of
from plugins.policy.deciding import Sight
from plugins.policy.gauge import Gauge
from plugins.policy.settings import PolicySettings
from qtcore import CallFailed, CallUnanswered, Context

HISTORY_TIMEOUT_S = 3.0
CANDLES_A_TURN = 50
"""Candles of a history judged before others in this host may run."""


@dataclass(slots=True)
class Watched:
    """One symbol: its gauge, its classes, and when its last candle came, in monotonic real seconds."""

    gauge: Gauge
    classes: Classes
    seen_s: float


class Watch:
    """All symbols that candles come of."""

    def __init__(self, ctx: Context[PolicySettings]) -> None:
        self.symbols: dict[str, Watched] = {}
        self.behind: set[str] = set()
        self._ctx = ctx

    async def take(self, candle: Candle) -> None:
        """A closed candle; a hole before it is closed from history."""
        watched = self.symbols.get(candle.symbol)
        place = succession(watched.gauge.last, candle) if watched else Succession.GAP
        if watched is None or place is Succession.GAP or candle.symbol in self.behind:
            await self.catch_up(candle.symbol)
        elif place is Succession.NEXT:
            self._add(watched, candle)
            watched.seen_s = self._ctx.now()
            self._ctx.progress("candles", data_as_of=candle.closed_at)

    async def catch_up(self, symbol: str) -> None:
        """Begin anew from history; what is known already stays in force when the feed does not answer."""
        limit = self._ctx.settings.warm_up_bars
        try:
            answer = await self._ctx.call(
                "feed.history", {"symbol": symbol, "limit": limit}, timeout_s=HISTORY_TIMEOUT_S
            )
        except (CallFailed, CallUnanswered) as error:
            self.behind.add(symbol)
            self._ctx.log.warning("no history", symbol=symbol, error=str(error))
            return
        self.behind.discard(symbol)
        before = self.symbols.get(symbol)
        began = Watched(
            Gauge(int(answer["interval_s"]), self._ctx.settings), before.classes if before else UNKNOWN, 0.0
        )
        for number, candle in enumerate(candles_of(answer), start=1):
            self._add(began, candle)
            if number % CANDLES_A_TURN == 0:
                await asyncio.sleep(0)
        began.seen_s = self._ctx.now() - self._behind_s(began.gauge.last)
        self.symbols[symbol] = began
        self._ctx.progress("warm_ups")

    def sights(self) -> dict[str, Sight]:
        """What is seen of every symbol now."""
        return {symbol: self._sight(watched) for symbol, watched in self.symbols.items()}

    def _behind_s(self, last: Candle | None) -> float:
        """Real seconds since the newest candle of a history closed; infinite when there is none."""
        speed = market_speed(self._ctx.real_limit_s)
        if last is None:
            return math.inf
        behind_s = (self._ctx.market_now() - last.closed_at).total_seconds()
        return max(0.0, behind_s) / speed if speed else 0.0

    def _add(self, watched: Watched, candle: Candle) -> None:
        settings = self._ctx.settings
        watched.gauge.add(candle)
        watched.classes = classes_of(watched.gauge.reading(), watched.classes, settings.regime, settings.volatility)

    def _sight(self, watched: Watched) -> Sight:
        gauge, settings = watched.gauge, self._ctx.settings
        period_s = gauge.last.interval_s if gauge.last else 60
        return Sight(
            classes=watched.classes,
            reading=gauge.reading(),
            age_s=self._ctx.now() - watched.seen_s,
            limit_s=self._ctx.real_limit_s(settings.stale_after_periods * period_s),
            bars=gauge.bars,
            needed=gauge.needed,
        )
