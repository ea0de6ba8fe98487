"""A reader's bounded queue: oldest out first when it is full, and every loss is told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from opentelemetry import context as otel_context

from qtcore.errors import QtError
from qtcore.messaging.delivery import Delivery
from qtcore.messaging.envelope import Envelope, Gap
from qtcore.messaging.trace_context import context_of

_YIELD_AFTER = 64
"""A reader that always finds something waiting gives way to others this often."""


class Mailbox:
    """The subscription a plugin iterates over; satisfies `qtcore.Subscription`."""

    def __init__(
        self,
        topics: Iterable[str],
        *,
        gaps: bool,
        limit: int,
        now: Callable[[], float],
        entered: Callable[[], None] = lambda: None,
    ) -> None:
        if limit < 1:
            raise ValueError(f"a subscription with limit={limit} could hold nothing; give 1 or more")
        self.topics = frozenset(topics)
        self.expired = 0
        self._gaps = gaps
        self._limit = limit
        self._now = now
        self._entered = entered
        self._waiting: deque[Delivery | Gap] = deque()
        self._lost: deque[Gap] = deque()
        self._missed = 0
        self._arrived = asyncio.Event()
        self._closed: QtError | None = None
        self._envelope: Envelope | None = None
        self._turns = 0

    @property
    def envelope(self) -> Envelope:
        """The envelope of the message received last. Raises LookupError before the first."""
        if self._envelope is None:
            raise LookupError("no message has been received yet, so there is no envelope to look at")
        return self._envelope

    @property
    def missed(self) -> int:
        """How many messages were lost so far (gaps and overflow)."""
        return self._missed

    def put(self, item: Delivery | Gap) -> None:
        """Queue an item; when full, the oldest makes room."""
        if isinstance(item, Gap):
            self._missed += item.missing
            if not self._gaps:
                return
        if len(self._waiting) >= self._limit:
            self._drop_oldest()
        self._waiting.append(item)
        self._arrived.set()

    def close(self, why: QtError) -> None:
        """Every further receive raises `why`."""
        self._closed = why
        self._arrived.set()

    def __aiter__(self) -> Mailbox:
        return self

    async def __anext__(self) -> Any:
        await self._give_way()
        while True:
            if self._closed is not None:
                raise self._closed
            item = self._take()
            if item is None:
                self._arrived.clear()
                await self._arrived.wait()
            elif isinstance(item, Gap):
                return item
            elif item.expired(self._now()):
                self.expired += 1
            else:
                self._envelope = item.envelope
                otel_context.attach(context_of(item.envelope.traceparent))
                self._entered()
                return item.message

    async def _give_way(self) -> None:
        self._turns += 1
        if self._turns % _YIELD_AFTER == 0:
            await asyncio.sleep(0)

    def _take(self) -> Delivery | Gap | None:
        if self._lost:
            return self._lost.popleft()
        return self._waiting.popleft() if self._waiting else None

    def _drop_oldest(self) -> None:
        oldest = self._waiting.popleft()
        if isinstance(oldest, Delivery):
            self._missed += 1
            sent = oldest.envelope
            oldest = Gap(sent.topic, sent.writer, sent.generation, sent.sequence, sent.sequence)
        if self._gaps:
            self._remember(oldest)

    def _remember(self, gap: Gap) -> None:
        for index, known in enumerate(self._lost):
            if _follows(known, gap):
                self._lost[index] = Gap(
                    known.topic, known.writer, known.generation, known.first_missing, gap.last_missing
                )
                return
        self._lost.append(gap)


def _follows(known: Gap, gap: Gap) -> bool:
    same = (known.topic, known.writer, known.generation) == (gap.topic, gap.writer, gap.generation)
    return same and gap.first_missing == known.last_missing + 1
