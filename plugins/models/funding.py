"""Funding rates that were settled, asked for soon after they are: an input of the features."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from plugins.domain import market_ms
from plugins.models.bench import Settled
from plugins.models.forum import Forum
from plugins.models.settings import ModelsSettings
from qtcore import CallFailed, CallUnanswered, Context

HOUR_MS = 3_600_000
LONGEST_MS = 8 * HOUR_MS
"""The longest time between two settlements of a symbol."""
AFTER_MS = (5_000, 120_000)
"""Venues settle on the hour, and tell it some seconds later; the second look is for what the first one missed."""
LOOK_EVERY_S = 1.0
TIMEOUT_S, PAUSE_S = 10.0, 15.0


@dataclass(frozen=True, slots=True)
class Asked:
    """When the last answer was had (market ms), and which symbols it was of."""

    at_ms: int
    symbols: frozenset[str]


def ask_since(asked: Asked | None, symbols: frozenset[str], now_ms: int) -> int | None:
    """Since when settlements should be asked for now (market ms); None while nothing new can be known."""
    if not symbols:
        return None
    if asked is None or not symbols <= asked.symbols:
        return now_ms - LONGEST_MS
    return asked.at_ms // HOUR_MS * HOUR_MS if _looks(now_ms) > _looks(asked.at_ms) else None


async def follow_funding(ctx: Context[ModelsSettings], forum: Forum) -> None:
    """Ask until cancelled. A feed that does not answer costs a feature that may be missing, and is asked again."""
    asked: Asked | None = None
    while True:
        now = Asked(market_ms(ctx.market_now()), await forum.in_turn(lambda: forum.bench.symbols))
        since_ms = ask_since(asked, now.symbols, now.at_ms)
        pause_s = LOOK_EVERY_S
        if since_ms is not None:
            try:
                ctx.progress("settlements", await _settle(ctx, forum, since_ms))
                asked = now
            except (CallFailed, CallUnanswered, KeyError, TypeError, ValueError) as error:
                ctx.log.warning("no funding rates", error=str(error))
                pause_s = PAUSE_S
        await asyncio.sleep(pause_s)


async def _settle(ctx: Context[ModelsSettings], forum: Forum, since_ms: int) -> int:
    answer = await ctx.call("feed.funding", {"since_ms": since_ms}, timeout_s=TIMEOUT_S)
    settled = _settled_of(answer)
    return await forum.in_turn(lambda: forum.bench.settle(settled))


def _looks(at_ms: int) -> int:
    """How many moments to look at have passed."""
    return sum((at_ms - after_ms) // HOUR_MS for after_ms in AFTER_MS)


def _settled_of(answer: Any) -> list[Settled]:
    return [(int(at_ms), str(symbol), float(rate)) for at_ms, symbol, rate in answer["settled"]]
