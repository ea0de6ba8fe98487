"""Websocket connections: what each one has asked for, and a queue that a slow reader cannot make grow."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from socket import IPPROTO_TCP, TCP_CORK

import orjson
from aiohttp import web

from plugins.paper_exchange.faults.kinds import SocketGroup

QUEUE_LIMIT = 4_096
"""Frames that may wait for one reader. One that is further behind is cut off: it would only get old news."""

CLOSE_TIMEOUT_S = 1.0
STREAMS_A_SOCKET = 1_024


USER = "user"
"""The name by which the user stream can be muted."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One text frame, or a ping; `on_sent` is called when it has been given to the connection."""

    text: str
    on_sent: Callable[[], None] | None = None
    ping: bool = False


class Socket:
    """One connection. Offering never waits: frames go to a queue, and a task of the connection sends them."""

    def __init__(
        self,
        response: web.WebSocketResponse,
        transport: asyncio.Transport,
        *,
        group: SocketGroup = SocketGroup.MARKET,
        combined: bool = False,
        listen_key: str | None = None,
        now_s: float = 0.0,
    ) -> None:
        self.group = group
        self.combined = combined
        self.listen_key = listen_key
        self.opened_s = self.pinged_s = self.pong_s = now_s
        self.frozen = False
        self.streams: set[str] = set()
        self._response = response
        self._transport = transport
        self._queue: asyncio.Queue[Frame | None] = asyncio.Queue(QUEUE_LIMIT)
        self._corked = False

    def offer(self, frame: Frame) -> None:
        """Queue a frame; when the queue is full the reader does not read, and is cut off without a farewell."""
        if self.frozen:
            return
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            self._transport.abort()

    def finish(self) -> None:
        """Close the connection once what is queued has been sent."""
        if self.frozen:
            self.abort()
            return
        try:
            self._queue.put_nowait(None)
        except asyncio.QueueFull:
            self._transport.abort()

    def freeze(self) -> None:
        """Become half open: nothing is read or sent any more, and the other end is not told."""
        self.frozen = True
        self._transport.pause_reading()

    def abort(self) -> None:
        """Cut the connection off without a farewell."""
        self._transport.abort()

    async def send_all(self) -> None:
        """Send what is offered, until the connection is finished. Raises ConnectionError when the reader has gone."""
        frames = [await self._queue.get()]
        while frames[-1] is not None:
            frames += self._waiting()
            await self._send_together([frame for frame in frames if frame is not None])
            if frames[-1] is not None:
                frames = [await self._queue.get()]
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await self._response.close()

    def _waiting(self) -> list[Frame | None]:
        """What is queued, as far as the end of the connection."""
        frames: list[Frame | None] = []
        while not self._queue.empty() and None not in frames[-1:]:
            frames.append(self._queue.get_nowait())
        return frames

    async def _send_together(self, frames: Sequence[Frame]) -> None:
        """Frames of one instant leave as one piece, as they do from a venue under load: its reader is woken once."""
        self._cork(len(frames) > 1)
        try:
            for frame in frames:
                await (self._response.ping() if frame.ping else self._response.send_str(frame.text))
        finally:
            self._cork(False)
        for frame in frames:
            if frame.on_sent is not None:
                frame.on_sent()

    def _cork(self, on: bool) -> None:
        connection = self._transport.get_extra_info("socket")
        if on != self._corked and connection is not None and connection.fileno() >= 0:
            connection.setsockopt(IPPROTO_TCP, TCP_CORK, on)
            self._corked = on


class Sockets:
    """All connections, by stream and by listen key."""

    def __init__(self) -> None:
        self.all: set[Socket] = set()
        self.mutes: list[Callable[[str], bool]] = []
        """Patterns of streams that carry nothing for now, although they are open."""
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
        if not readers or self._is_muted(stream):
            return
        text = orjson.dumps(event).decode()
        for socket in readers:
            shown = f'{{"stream":"{stream}","data":{text}}}' if socket.combined else text
            socket.offer(Frame(shown, on_sent))

    def publish_user(self, event: object) -> None:
        """Send an event to every connection whose listen key is alive."""
        readers = [socket for socket in self.all if socket.listen_key]
        if readers and not self._is_muted(USER):
            frame = Frame(orjson.dumps(event).decode())
            for socket in readers:
                socket.offer(frame)

    def _is_muted(self, stream: str) -> bool:
        return bool(self.mutes) and any(is_muted(stream) for is_muted in self.mutes)
