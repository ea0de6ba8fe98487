"""Receives what other hosts publish, checks it, and hands it to this host's readers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import zmq
from pydantic import ValidationError

from qtcore.control.host_message import Peer
from qtcore.messaging.bus import Bus
from qtcore.messaging.delivery import decode, split
from qtcore.messaging.envelope import Envelope, Gap
from qtcore.messaging.heads import Heads
from qtcore.messaging.sockets import HEADS, Context, Pump, frame_of, make, topic_of
from qtcore.messaging.streams import SequenceWatch
from qtcore.topics import options_of, schema_hash_of

SETTLE_S = 0.1
"""How long a new subscription waits for living writers' hosts to confirm it."""

Complain = Callable[[str], None]
"""Told a sentence about input that was refused, once for each kind of refusal."""


class Inlet:
    """A SUB socket connected to every other host, subscribed to what this host's plugins read.

    With `late_s` it hears everything so much later.
    """

    def __init__(
        self,
        context: Context,
        bus: Bus,
        *,
        complain: Complain,
        failed: Callable[[BaseException], None],
        late_s: float = 0.0,
    ) -> None:
        self.refused: Counter[str] = Counter()
        self._bus = bus
        self._complain = complain
        self._pump = Pump(make(context, zmq.SUB), self._take, failed, late_s=late_s)
        self._socket = self._pump.socket
        self._watches: dict[str, SequenceWatch] = {}
        self._peers: dict[str, Peer] = {}
        self._writers: dict[str, set[str]] = {}
        self._confirmed: set[tuple[str, str]] = set()
        self._confirmation = asyncio.Event()
        self._complained: set[tuple[str, ...]] = set()

    def follow(self, cls: type[Any]) -> None:
        """Begin to read a topic; harmless when it is read already."""
        topic = options_of(cls).name
        if topic not in self._watches:
            self._watches[topic] = SequenceWatch(topic, self._bus.clock.now())
            self._socket.setsockopt(zmq.SUBSCRIBE, frame_of(topic))
            self._pump.look_again()

    def set_peers(self, peers: Iterable[Peer]) -> None:
        """Connect to these hosts and no others."""
        wanted = {peer.host: peer for peer in peers}
        for host, peer in self._peers.items():
            if host not in wanted or wanted[host].publisher != peer.publisher:
                self._socket.disconnect(peer.publisher)
                self._confirmed = {place for place in self._confirmed if place[0] != host}
        for host, peer in wanted.items():
            if host not in self._peers or self._peers[host].publisher != peer.publisher:
                self._socket.connect(peer.publisher)
        self._pump.look_again()
        self._peers = wanted
        self._writers = {}
        for peer in wanted.values():
            for topic, writers in peer.writes.items():
                self._writers.setdefault(topic, set()).update(writers)

    async def settled(self, topics: Iterable[str]) -> None:
        """Wait, for a moment at most, until the topics' living writers are known to reach this host."""
        awaited = {(host, topic) for topic in topics for host, peer in self._peers.items() if topic in peer.writes}
        try:
            async with asyncio.timeout(SETTLE_S):
                while not awaited <= self._confirmed:
                    self._confirmation.clear()
                    await self._confirmation.wait()
        except TimeoutError:
            # A host that is away is no reason to hold up a reader: it will be heard when it is back.
            return

    def close(self) -> None:
        """Close the socket."""
        self._pump.close()

    def _take(self, frames: list[bytes]) -> None:
        head, _, rest = frames[0].partition(b"\0")
        topic, kind = topic_of(head), rest[:1]
        for data in (rest[1:], *frames[1:]):
            self._take_one(topic, kind, data)

    def _take_one(self, topic: str, kind: bytes, data: bytes) -> None:
        watch = self._watches.get(topic)
        if watch is None:
            return
        try:
            if kind == HEADS:
                self._take_heads(watch, Heads.model_validate_json(data))
            else:
                self._take_message(watch, topic, *split(data))
        except ValueError as error:
            self._refuse("malformed", topic, f"something on {topic} was no envelope and was dropped: {_first(error)}")

    def _take_heads(self, watch: SequenceWatch, said: Heads) -> None:
        for head in said.heads:
            if said.replayed:
                watch.replayed(head.writer, head.generation, head.sequence)
            for gap in watch.head(head.writer, head.generation, head.sequence, head.began_s):
                self._bus.gap(gap)
        self._confirmed.add((said.host, said.topic))
        self._confirmation.set()

    def _take_message(self, watch: SequenceWatch, topic: str, envelope: Envelope, body: bytes) -> None:
        cls = self._bus.class_of(topic)
        if cls is None or envelope.topic != topic or envelope.writer not in self._writers.get(topic, ()):
            self._refuse("stranger", topic, f"{envelope.writer} is not known to write {topic}; its message was dropped")
            return
        if envelope.schema_hash != schema_hash_of(cls):
            self._refuse("schema", f"{topic} {envelope.writer} {envelope.generation}", _mismatch(envelope, cls))
            return
        if envelope.retained:
            self._deliver(envelope, body, cls)
            return
        arrival = watch.message(envelope.writer, envelope.generation, envelope.sequence)
        if arrival.gap is not None:
            self._bus.gap(arrival.gap)
        if arrival.fresh:
            self._deliver(envelope, body, cls)

    def _deliver(self, envelope: Envelope, body: bytes, cls: type[Any]) -> None:
        try:
            delivery = decode(envelope, body, cls)
        except ValidationError as error:
            sentence = f"{envelope.writer} sent a {envelope.topic} that does not fit its type; it was dropped: "
            self._refuse("misfit", f"{envelope.topic} {envelope.writer}", sentence + _first(error))
            number = envelope.sequence
            self._bus.gap(Gap(envelope.topic, envelope.writer, envelope.generation, number, number))
            return
        if envelope.retained:
            self._bus.accept_retained(delivery)
        else:
            self._bus.accept(delivery)

    def _refuse(self, kind: str, about: str, sentence: str) -> None:
        self.refused[kind] += 1
        if (kind, about) not in self._complained:
            self._complained.add((kind, about))
            self._complain(sentence)


def _mismatch(envelope: Envelope, cls: type[Any]) -> str:
    return (
        f"{envelope.writer} writes {envelope.topic} with schema {envelope.schema_hash}, but this host reads it with "
        f"{schema_hash_of(cls)}; nothing of it is accepted until both run the same code: restart the older host"
    )


def _first(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc']) or 'message'}: {problem['msg']}"
