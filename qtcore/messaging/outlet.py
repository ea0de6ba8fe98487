"""Sends a host's messages to the hosts that subscribed to them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import zmq

from qtcore.messaging.bus import Bus
from qtcore.messaging.delivery import Delivery, encode
from qtcore.messaging.heads import EVERY_S, Heads
from qtcore.messaging.sockets import HEADS, MESSAGE, Context, Pump, bind, frame_of, make, topic_of
from qtcore.topics import options_of

MOST_TOGETHER = 25
"""Messages of one topic that travel as one. More would let the readers wait while the writer still writes."""


class Outlet:
    """An XPUB socket: it tells who subscribes, so that nothing is encoded for nobody and late readers catch up.

    What is published in one turn of the loop goes out together at its end: the threads and processes on the
    way are then woken once for a burst and not for each of its messages, which took most of its time.
    """

    def __init__(
        self, context: Context, path: Path, bus: Bus, *, host: str, failed: Callable[[BaseException], None]
    ) -> None:
        self._bus = bus
        self._host = host
        self._readers: Counter[str] = Counter()
        self._ready: list[bytes] = []
        self._ready_prefix = b""
        self._loop = asyncio.get_running_loop()
        self._due: asyncio.Handle | None = None
        socket = make(context, zmq.XPUB)
        # Every subscription is told, not only the first: each one is a reader who needs the retained values.
        socket.setsockopt(zmq.XPUB_VERBOSER, 1)
        self.endpoint = bind(socket, path)
        self._pump = Pump(socket, self._reader_changed, failed)

    def close(self) -> None:
        """Send what is ready and close the socket."""
        self._flush()
        self._pump.close()

    def send(self, delivery: Delivery) -> None:
        """Send a delivery, if somebody reads its topic. Raises MessageTooLarge."""
        topic = delivery.envelope.topic
        read = self._readers[topic] > 0
        # A retained value is sized even when nobody reads it yet: the late reader's turn is too late to refuse it.
        if read or options_of(type(delivery.message)).retained:
            data = encode(delivery)
            if read:
                self._put(topic, MESSAGE, data)

    async def announce_heads(self) -> None:
        """Tell each second where the writers stand; for ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            for topic in [topic for topic, readers in self._readers.items() if readers > 0]:
                if self._bus.heads(topic):
                    self._put_heads(topic)

    def _reader_changed(self, frames: list[bytes]) -> None:
        said = frames[0]
        topic = topic_of(said[1:])
        if said[:1] == b"\x01":
            self._readers[topic] += 1
            self._catch_up(topic)
        else:
            self._readers[topic] -= 1

    def _catch_up(self, topic: str) -> None:
        again = [encode(delivery, retained=True) for delivery in self._bus.own_retained(topic)]
        for data in again:
            self._put(topic, MESSAGE, data)
        self._put_heads(topic, replayed=bool(again))

    def _put_heads(self, topic: str, *, replayed: bool = False) -> None:
        heads = Heads(host=self._host, topic=topic, heads=self._bus.heads(topic), replayed=replayed)
        self._put(topic, HEADS, heads.model_dump_json().encode())

    def _put(self, topic: str, kind: bytes, data: bytes) -> None:
        prefix = frame_of(topic) + kind
        if prefix != self._ready_prefix or len(self._ready) >= MOST_TOGETHER:
            self._flush()
            self._ready_prefix = prefix
        self._ready.append(data)
        if self._due is None:
            self._due = self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        if self._ready:
            first, *others = self._ready
            self._ready = []
            # A publisher never blocks: towards a reader whose queue is full it drops, and the reader sees a gap.
            self._pump.send([self._ready_prefix + first, *others])
