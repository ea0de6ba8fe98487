"""In which order signals leave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

import pytest

from plugins.domain import Candle, Signal, View
from plugins.models.outbox import Outbox
from plugins.models.rsi_rule import Opinion
from plugins.models.signals import rsi_signal
from plugins.store import database_url, open_store
from qtcore import Context, NoSettings, Plugin, hookimpl
from qtcore.testing import Plug, harness

pytestmark = pytest.mark.anyio

Make = Callable[..., Candle]
HOLDS = timedelta(minutes=1)


class Speaker(Plugin[NoSettings]):
    """Says what it is told to, in the order in which it is told."""

    writes: ClassVar = [Signal]
    says: ClassVar[list[tuple[Candle, View]]] = []

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        """Put everything into the outbox at once, as the rule does with a burst of candles."""
        async with open_store(database_url(ctx.home)) as store, asyncio.TaskGroup() as tasks:
            outbox = Outbox(store, ctx)
            tasks.create_task(outbox.run())
            ctx.ready()
            for candle, view in self.says:
                opinion = Opinion(view, Decimal("0.6"), 30.0)
                outbox.put(rsi_signal(candle, opinion, 14, made_at=ctx.wall(), holds=HOLDS, trace_id=None))


async def heard(home: Path, *says: tuple[Candle, View]) -> list[tuple[str, View]]:
    """What was published, in order."""
    Speaker.says = [*says]
    async with harness(home=home) as h:
        h.start(Plug(Speaker))
        await h.until(lambda: len(h.published(Signal)) == len(says))
        return [(signal.symbol, signal.view) for signal in h.published(Signal)]


async def test_who_may_lead_to_an_order_goes_first(candle: Make, migrated: Path) -> None:
    """Views that are taken back wait until the burst of a close is over."""
    burst = [(candle(1, 100, "AUSDT"), View.NEUTRAL), (candle(1, 100, "BUSDT"), View.LONG)]
    assert await heard(migrated, *burst) == [("BUSDT", View.LONG), ("AUSDT", View.NEUTRAL)]


async def test_the_signals_of_one_symbol_keep_their_order(candle: Make, migrated: Path) -> None:
    """In a market faster than the wait a view is never taken back after the next one was told."""
    both = [(candle(1, 100), View.NEUTRAL), (candle(2, 100), View.LONG)]
    assert [view for _, view in await heard(migrated, *both)] == [View.NEUTRAL, View.LONG]
