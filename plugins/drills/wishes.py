"""Stands where the models stand: publishes the signals that the kill matrix wishes for, stored first as theirs are.

Wishes come as lines of JSON appended to `wishes.jsonl` in the home folder; those written before it started are over.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from zlib import crc32

import anyio

from plugins.domain import Signal, Source, View, at_market_ms
from plugins.store import database_url, open_store
from qtcore import Context, Health, NoSettings, Plugin, action, every, hookimpl

FILE = "wishes.jsonl"
LOOK_EVERY_S = 0.01


class Wishes(Plugin[NoSettings]):
    """One signal for each wish: `id`, `symbol`, `view`, `price`, `valid_s` of market time, `at_ms`, `confidence`."""

    writes: ClassVar = [Signal]
    cadence_s = 5.0

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        """Follow the file."""
        async with open_store(database_url(ctx.home, "")) as store:
            new = followed(ctx.home / FILE)
            next(new)
            ctx.ready()
            while True:
                signals = [signal_of(ctx, wish) for wish in next(new)]
                await store.signals.insert_many(signals)
                for signal in signals:
                    await ctx.publish(signal)
                await anyio.sleep(LOOK_EVERY_S)

    @action()
    async def latest(self, ctx: Context[NoSettings], symbol: str = "") -> dict[str, Any]:
        """Nothing of no symbol: a wish leaves no view behind."""
        ctx.progress("asked")
        return {symbol: {}} if symbol else {}

    @every(1.0)
    async def look(self, ctx: Context[NoSettings]) -> None:
        """It is at work while nobody wishes for anything."""
        ctx.progress("looks")

    @hookimpl
    async def health(self) -> Health:
        """It has no opinion of its own."""
        return Health.healthy("publishes what is wished for")


def followed(path: Path) -> Iterator[list[dict[str, Any]]]:
    """At each step the wishes that were written since the last one; at the first, none."""
    at = path.stat().st_size if path.exists() else 0
    yield []
    while True:
        text = path.read_bytes()[at:] if path.exists() else b""
        whole = text[: text.rfind(b"\n") + 1]
        at += len(whole)
        yield [json.loads(line) for line in whole.splitlines()]


def _confidence(name: str) -> Decimal:
    """On the scale of the rule, above every threshold, and not always the same."""
    return Decimal("0.600") + Decimal(crc32(name.encode()) % 50).scaleb(-3)


def signal_of(ctx: Context[NoSettings], wish: dict[str, Any]) -> Signal:
    """What the executor and the monitor hear; the rule's neutral takes a view back at once."""
    now = at_market_ms(wish["at_ms"]) if "at_ms" in wish else ctx.market_now()
    return Signal(
        id=wish["id"],
        symbol=wish["symbol"],
        view=View(wish["view"]),
        confidence=Decimal(wish["confidence"]) if "confidence" in wish else _confidence(wish["id"]),
        source=Source.RSI_RULE,
        price=Decimal(wish["price"]),
        made_at=ctx.wall(),
        market_at=now,
        expires_at=now + timedelta(seconds=wish["valid_s"]),
        features={},
        trace_id=ctx.trace_id(),
    )
