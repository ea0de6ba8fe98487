"""Journal events that wait for the disk to take writes again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice

from qtcore.documents import Instant
from qtcore.records.journal_event import EventKind, JournalEvent

LIMIT = 10_000


class Backlog:
    """Unwritten events in order, bounded.

    When there are too many the oldest are forgotten; each leaves a note in its place, so that the
    journal stays gap-free and says what it lost.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._events: deque[JournalEvent] = deque()
        self._forgotten: list[tuple[int, Instant]] = []
        self._limit = limit

    def __len__(self) -> int:
        return len(self._events) + self._forgotten_count()

    def add(self, event: JournalEvent) -> None:
        """Keep the event; the oldest goes when there is no room."""
        self._events.append(event)
        if len(self._events) > self._limit:
            oldest = self._events.popleft()
            # First and last suffice: seqs are consecutive.
            self._forgotten = [*self._forgotten[:1], (oldest.seq, oldest.at)]

    def first(self, count: int) -> list[JournalEvent]:
        """The `count` events to be written next."""
        return list(islice(self._in_order(), count))

    def written(self, count: int) -> None:
        """The first `count` are on disk."""
        forgotten = min(count, self._forgotten_count())
        if forgotten:
            first, last = self._forgotten[0], self._forgotten[-1]
            self._forgotten = [(first[0] + forgotten, last[1]), last] if first[0] + forgotten <= last[0] else []
        for _ in range(count - forgotten):
            self._events.popleft()

    def newest(self) -> list[JournalEvent]:
        """What is still remembered whole, in order."""
        return list(self._events)

    def _forgotten_count(self) -> int:
        return self._forgotten[-1][0] - self._forgotten[0][0] + 1 if self._forgotten else 0

    def _in_order(self) -> Iterator[JournalEvent]:
        if self._forgotten:
            for seq in range(self._forgotten[0][0], self._forgotten[-1][0] + 1):
                yield JournalEvent(
                    seq=seq,
                    at=self._forgotten[-1][1],
                    kind=EventKind.NOTE,
                    reason="an event was lost here: the disk took no writes and memory for waiting events ran out",
                )
        yield from self._events
