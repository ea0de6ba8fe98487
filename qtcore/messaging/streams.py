"""What a reader knows about each writer's sequence: where it stands, and what it missed. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from qtcore.messaging.envelope import Gap


@dataclass(slots=True)
class _Stream:
    generation: int
    seen: int
    unexplained: int | None
    """First sequence received while it is unknown whether earlier ones were meant for us."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whether a message is new, and what was lost right before it."""

    fresh: bool
    gap: Gap | None = None


STALE = Arrival(fresh=False)


class SequenceWatch:
    """Follows the writers of one topic since `since_s`, the moment this host began to read it.

    A writer's numbers start at 1 in each generation. What was sent before this host began to read
    is no gap; everything after is. The first contact with a writer cannot tell the two apart, so
    the head it announces carries the time at which its numbering began.
    """

    __slots__ = ("_since_s", "_streams", "_topic")

    def __init__(self, topic: str, since_s: float) -> None:
        self._topic = topic
        self._since_s = since_s
        self._streams: dict[str, _Stream] = {}

    def message(self, writer: str, generation: int, sequence: int) -> Arrival:
        """A message arrived."""
        stream = self._streams.get(writer)
        if stream is None:
            self._streams[writer] = _Stream(generation, sequence, sequence)
            return Arrival(fresh=True)
        if generation < stream.generation:
            return STALE
        if generation > stream.generation:
            self._streams[writer] = _Stream(generation, sequence, None)
            return Arrival(fresh=True, gap=self._gap(writer, generation, 1, sequence - 1))
        if sequence <= stream.seen:
            return STALE
        gap = self._gap(writer, generation, stream.seen + 1, sequence - 1)
        stream.seen = sequence
        return Arrival(fresh=True, gap=gap)

    def replayed(self, writer: str, generation: int, sequence: int) -> None:
        """The last values up to this number were sent again: whatever they replaced is not missed."""
        stream = self._streams.get(writer)
        if stream is None or generation > stream.generation:
            self._streams[writer] = _Stream(generation, sequence, None)
        elif generation == stream.generation:
            stream.unexplained = None
            stream.seen = max(stream.seen, sequence)

    def head(self, writer: str, generation: int, sequence: int, began_s: float) -> tuple[Gap, ...]:
        """The writer announced its last number; `began_s` is when its numbering began (monotonic)."""
        stream = self._streams.get(writer)
        if stream is None or generation > stream.generation:
            ours = stream is not None or began_s > self._since_s
            self._streams[writer] = _Stream(generation, sequence, None)
            return _present(self._gap(writer, generation, 1, sequence) if ours else None)
        if generation < stream.generation:
            return ()
        return _present(self._explain(writer, stream, began_s), self._catch_up(writer, stream, sequence))

    def _explain(self, writer: str, stream: _Stream, began_s: float) -> Gap | None:
        first, stream.unexplained = stream.unexplained, None
        if first is None or began_s <= self._since_s:
            return None
        return self._gap(writer, stream.generation, 1, first - 1)

    def _catch_up(self, writer: str, stream: _Stream, sequence: int) -> Gap | None:
        gap = self._gap(writer, stream.generation, stream.seen + 1, sequence)
        stream.seen = max(stream.seen, sequence)
        return gap

    def _gap(self, writer: str, generation: int, first: int, last: int) -> Gap | None:
        return Gap(self._topic, writer, generation, first, last) if last >= first else None


def _present(*gaps: Gap | None) -> tuple[Gap, ...]:
    return tuple(gap for gap in gaps if gap is not None)
