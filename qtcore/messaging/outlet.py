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


class Outlet:
    """An XPUB socket: it tells who subscribes, so that nothing is encoded for nobody and late readers catch up."""

    def __init__(
        self, context: Context, path: Path, bus: Bus, *, host: str, failed: Callable[[BaseException], None]
    ) -> None:
        self._bus = bus
        self._host = host
        self._readers: Counter[str] = Counter()
        socket = make(context, zmq.XPUB)
        # Every subscription is told, not only the first: each one is a reader who needs the retained values.
        socket.setsockopt(zmq.XPUB_VERBOSER, 1)
        self.endpoint = bind(socket, path)
        self._pump = Pump(socket, self._reader_changed, failed)

    def close(self) -> None:
        """Close the socket."""
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
        # A publisher never blocks: towards a reader whose queue is full it drops, and the reader sees a gap.
        self._pump.send([b"".join((frame_of(topic), kind, data))])
