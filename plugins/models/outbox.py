"""Signals are stored, a burst in one transaction, and only then published."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context as TraceContext

from plugins.domain import Signal
from plugins.store import Store
from qtcore import Context


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
        self._filled = asyncio.Event()

    def put(self, signal: Signal) -> None:
        """Send a signal in the current trace."""
        self._waiting.append(Waiting(signal, otel_context.get_current()))
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
