"""Websocket connections: what each one has asked for, and a queue that a slow reader cannot make grow."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson
from aiohttp import web

QUEUE_LIMIT = 4_096
"""Frames that may wait for one reader. One that is further behind is cut off: it would only get old news."""

CLOSE_TIMEOUT_S = 1.0
STREAMS_A_SOCKET = 1_024


@dataclass(frozen=True, slots=True)
class Frame:
    """One text frame; `on_sent` is called when it has been given to the connection."""

    text: str
    on_sent: Callable[[], None] | None = None


class Socket:
    """One connection. Offering never waits: frames go to a queue, and a task of the connection sends them."""

    def __init__(
        self,
        response: web.WebSocketResponse,
        transport: asyncio.Transport,
        *,
        combined: bool = False,
        listen_key: str | None = None,
    ) -> None:
        self.combined = combined
        self.listen_key = listen_key
        self.streams: set[str] = set()
        self._response = response
        self._transport = transport
        self._queue: asyncio.Queue[Frame | None] = asyncio.Queue(QUEUE_LIMIT)

    def offer(self, frame: Frame) -> None:
        """Queue a frame; when the queue is full the reader does not read, and is cut off without a farewell."""
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            self._transport.abort()

    def finish(self) -> None:
        """Close the connection once what is queued has been sent."""
        try:
            self._queue.put_nowait(None)
        except asyncio.QueueFull:
            self._transport.abort()

    async def send_all(self) -> None:
        """Send what is offered, until the connection is finished. Raises ConnectionError when the reader has gone."""
        while (frame := await self._queue.get()) is not None:
            await self._response.send_str(frame.text)
            if frame.on_sent is not None:
                frame.on_sent()
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await self._response.close()


class Sockets:
    """All connections, by stream and by listen key."""

    def __init__(self) -> None:
        self.all: set[Socket] = set()
        self._by_stream: defaultdict[str, set[Socket]] = defaultdict(set)

    def add(self, socket: Socket) -> None:
        self.all.add(socket)

    def remove(self, socket: Socket) -> None:
        self.all.discard(socket)
        self.unsubscribe(socket, set(socket.streams))

    def subscribe(self, socket: Socket, streams: Iterable[str]) -> None:
        for stream in streams:
            socket.streams.add(stream)
            self._by_stream[stream].add(socket)

    def unsubscribe(self, socket: Socket, streams: Iterable[str]) -> None:
        for stream in streams:
            socket.streams.discard(stream)
            readers = self._by_stream.get(stream)
            if readers is not None:
                readers.discard(socket)
                if not readers:
                    del self._by_stream[stream]

    def wants(self, stream: str) -> bool:
        return stream in self._by_stream

    def streams(self) -> list[str]:
        """Every stream that somebody reads."""
        return list(self._by_stream)

    def publish(self, stream: str, event: object, on_sent: Callable[[], None] | None = None) -> None:
        """Send an event to all readers of a stream."""
        readers = self._by_stream.get(stream)
        if not readers:
            return
        text = orjson.dumps(event).decode()
        for socket in readers:
            shown = f'{{"stream":"{stream}","data":{text}}}' if socket.combined else text
            socket.offer(Frame(shown, on_sent))

    def publish_user(self, event: object) -> None:
        """Send an event to every connection that was opened with a listen key."""
        readers = [socket for socket in self.all if socket.listen_key is not None]
        if readers:
            frame = Frame(orjson.dumps(event).decode())
            for socket in readers:
                socket.offer(frame)
