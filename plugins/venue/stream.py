"""One websocket of the venue as an iterator of frames that ends when the socket does."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, NoReturn

from ccxt.base.errors import BaseError

from plugins.venue.client import WS_CONNECT_TIMEOUT_S, VenueClient
from qtcore import QtError

CLOSE_TIMEOUT_S = 1.0
PING_EVERY_S = 0.75
PEER_PATIENCE_S = 2.0
"""A peer that sends nothing for this long, not even a pong, is not there any more."""


class StreamClosed(QtError):
    """The socket ended; dial again."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One parsed message and CLOCK_MONOTONIC (ns) when it had come in."""

    message: Any
    received_ns: int


class Stream:
    """Frames in order of arrival. At most `limit` wait; then the stream ends rather than lie by omission."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._frames: deque[Frame] = deque()
        self._wake = asyncio.Event()
        self._end: str | None = None
        self._socket: Any = None
        self._commands = count(1)
        self.last_frame_ns = time.monotonic_ns()
        """When the last frame came in, or when the stream began; for noticing a mute socket."""

    def feed(self, _url: str, message: Any) -> None:
        """Take one message from the socket."""
        self.last_frame_ns = time.monotonic_ns()
        if len(self._frames) >= self._limit:
            self.end(_url, f"the reader fell {self._limit} frames behind")
            return
        self._frames.append(Frame(message, self.last_frame_ns))
        self._wake.set()

    def end(self, _url: str, why: str) -> None:
        """Note that no more will come; frames already here are still delivered."""
        self._end = self._end or why
        self._wake.set()

    def opened(self, socket: Any) -> None:
        """ccxt's `socket` is open and takes commands."""
        self._socket = socket

    async def subscribe(self, streams: Sequence[str]) -> None:
        """Ask for more streams. Raises StreamClosed when the socket takes nothing any more."""
        await self._command("SUBSCRIBE", streams)

    async def unsubscribe(self, streams: Sequence[str]) -> None:
        """Ask for no more of these. Raises StreamClosed when the socket takes nothing any more."""
        await self._command("UNSUBSCRIBE", streams)

    async def _command(self, method: str, streams: Sequence[str]) -> None:
        if self._socket is None or self._end is not None:
            raise StreamClosed(f"the venue's stream is not open, so {method} was not sent; dial again")
        try:
            async with asyncio.timeout(WS_CONNECT_TIMEOUT_S):
                await self._socket.send({"method": method, "params": list(streams), "id": next(self._commands)})
        except (BaseError, OSError, TimeoutError) as error:
            raise StreamClosed(f"the venue's stream took no {method}: {type(error).__name__}; dial again") from error

    async def watch_peer(self, *, every_s: float = PING_EVERY_S, patience_s: float = PEER_PATIENCE_S) -> NoReturn:
        """Ping the peer for ever. Raises StreamClosed once nothing has come back for `patience_s`.

        TCP itself notices a peer that is gone after many minutes, ccxt after three of its pings.
        """
        alive_ns, pong_ms = time.monotonic_ns(), self._socket.lastPong
        while True:
            await self._ping(patience_s)
            await asyncio.sleep(every_s)
            if self._socket.lastPong != pong_ms:
                alive_ns, pong_ms = time.monotonic_ns(), self._socket.lastPong
            alive_ns = max(alive_ns, self.last_frame_ns)
            if time.monotonic_ns() - alive_ns > patience_s * 1e9:
                raise StreamClosed(f"the peer has not answered a ping for {patience_s:g} s, so it is gone; dial again")

    async def _ping(self, patience_s: float) -> None:
        try:
            async with asyncio.timeout(patience_s):
                await self._socket.connection.ping()
        except (OSError, TimeoutError) as error:
            raise StreamClosed(f"the venue's stream took no ping: {type(error).__name__}; dial again") from error

    @property
    def silent_s(self) -> float:
        """Seconds since the last frame."""
        return (time.monotonic_ns() - self.last_frame_ns) / 1e9

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self

    async def __anext__(self) -> Frame:
        """The next frame. Raises StreamClosed when the socket has ended and all frames were read."""
        while not self._frames:
            if self._end is not None:
                raise StreamClosed(f"the venue's stream ended: {self._end}; dial again")
            self._wake.clear()
            await self._wake.wait()
        return self._frames.popleft()


@asynccontextmanager
async def open_stream(
    client: VenueClient, url: str, *, subscribe: Sequence[str] = (), limit: int = 50_000
) -> AsyncIterator[Stream]:
    """Dial `url` through ccxt's websocket and subscribe to the named streams (`btcusdt@kline_1m`, …).

    Raises StreamClosed when the socket cannot be opened within WS_CONNECT_TIMEOUT_S. Back-off between
    dials is the caller's. A mute socket shows in `Stream.silent_s`.
    """
    client.refuse_foreign_host(url)
    stream = Stream(limit)
    client.tap(url, stream.feed, stream.end)
    socket = client.client(url)
    try:
        await _dial(client, socket, url)
        stream.opened(socket)
        if subscribe:
            await stream.subscribe(subscribe)
        yield stream
    finally:
        client.untap(url)
        client.clients.pop(url, None)
        with suppress(TimeoutError):  # a peer that has gone mute will not say goodbye either
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await socket.close()


async def _dial(client: VenueClient, socket: Any, url: str) -> None:
    try:
        async with asyncio.timeout(WS_CONNECT_TIMEOUT_S + 1):
            await socket.connect(client.session)
    except (BaseError, TimeoutError) as error:
        host = url.split("?", maxsplit=1)[0]  # the query holds the listen key
        raise StreamClosed(f"{host} opened no websocket: {type(error).__name__}: {error}; dial again") from error
