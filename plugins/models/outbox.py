"""Signals are stored, a burst in one transaction, and only then published."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context as TraceContext

from plugins.domain import Signal, View
from plugins.store import Store
from qtcore import Context

BURST_S = 0.05
"""Real seconds for which a signal that only takes a view back lets those of the same candles go first."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A signal on its way out, and the trace it belongs to."""

    signal: Signal
    trace: TraceContext


class Outbox:
    """Takes signals at once; one task stores and publishes what has gathered meanwhile."""

    def __init__(self, store: Store, ctx: Context[Any]) -> None:
        self._store = store
        self._ctx = ctx
        self._waiting: list[Waiting] = []
        self._standing_back: list[Waiting] = []
        self._filled = asyncio.Event()

    def put(self, signal: Signal) -> None:
        """Send a signal in the current trace: at once if an order may come of it, a symbol's own in their order."""
        item = Waiting(signal, otel_context.get_current())
        if signal.view is View.NEUTRAL:
            if not self._standing_back:
                asyncio.get_running_loop().call_later(BURST_S, self._let_go)
            self._standing_back.append(item)
            return
        if any(other.signal.symbol == signal.symbol for other in self._standing_back):
            self._let_go()
        self._waiting.append(item)
        self._filled.set()

    def _let_go(self) -> None:
        self._waiting += self._standing_back
        self._standing_back = []
        self._filled.set()

    async def run(self) -> None:
        """Store and publish until cancelled. Raises what the store raises: nothing unstored ever goes out."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            burst, self._waiting = self._waiting, []
            await self._store.signals.insert_many([item.signal for item in burst])
            for item in burst:
                otel_context.attach(item.trace)
                await self._ctx.publish(item.signal)
                self._ctx.progress("signals", data_as_of=item.signal.market_at)
