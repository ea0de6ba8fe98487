"""Websocket connections as clients open them: which stream by which path, and subscriptions on the way."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.faults.kinds import SocketGroup
from plugins.paper_exchange.server.listen_keys import ListenKeys
from plugins.paper_exchange.server.sockets import STREAMS_A_SOCKET, Frame, Socket, Sockets
from plugins.paper_exchange.server.streams import ALL_MARKS, ALL_TICKERS, Streams
from plugins.paper_exchange.server.wire import Json
from plugins.paper_exchange.venue import Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLife:
    """The venue pings every three minutes, drops who has not answered for ten, ends every connection after a day."""

    ping_s: float = 180.0
    pong_s: float = 600.0
    life_s: float = 86_400.0


PATHS = ("/market/ws", "/public/ws", "/private/ws", "/ws", "/stream", "/market/stream", "/public/stream")


class Websockets:
    """Opens and serves connections. Market connections subscribe; private ones belong to a listen key."""

    def __init__(
        self, venue: Venue, sockets: Sockets, streams: Streams, listen_keys: ListenKeys, life: SocketLife
    ) -> None:
        self._life = life
        self._venue = venue
        self._sockets = sockets
        self._streams = streams
        self._listen_keys = listen_keys
        listen_keys.when_dropped = self._close

    def serves(self, request: web.BaseRequest) -> bool:
        return any(request.path == path or request.path.startswith(f"{path}/") for path in PATHS)

    async def serve(self, request: web.BaseRequest, wall_ms: int) -> web.StreamResponse:
        """Serve one connection until it ends."""
        listen_key = _listen_key(request)
        if listen_key is not None and not self._listen_keys.is_active(listen_key, wall_ms):
            body = {"code": -1125, "msg": "This listenKey does not exist."}
            return web.Response(body=orjson.dumps(body), status=400, content_type="application/json")
        response = web.WebSocketResponse(autoping=False, compress=False)
        await response.prepare(request)
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):  # the client has gone while it was being greeted
            return response
        combined = request.path.endswith("/stream")
        socket = Socket(
            response,
            transport,
            group=_group_of(request),
            combined=combined,
            listen_key=listen_key,
            now_s=time.monotonic(),
        )
        self._sockets.add(socket)
        try:
            await self._converse(socket, response, _streams_of(request))
        finally:
            self._sockets.remove(socket)
            self._streams.read_changed()
        return response

    def end_expired(self, wall_ms: int) -> None:
        """Tell the readers of listen keys whose hour is over, and close their connections."""
        self._end_keys(self._listen_keys.expire(wall_ms), wall_ms, close=True)

    def expire_keys(self, wall_ms: int, *, close: bool) -> None:
        """End every listen key now. Unclosed, a connection stays open and carries nothing any more."""
        self._end_keys(self._listen_keys.end_all(), wall_ms, close=close)

    def tend(self, now_s: float) -> None:
        """Ping who is due, cut off who has not answered for too long, and end connections of a day."""
        for socket in list(self._sockets.all):
            if now_s - socket.opened_s >= self._life.life_s:
                socket.finish()
            elif now_s - socket.pong_s >= self._life.pong_s:
                socket.abort()
            elif now_s - socket.pinged_s >= self._life.ping_s:
                socket.pinged_s = now_s
                socket.offer(Frame("", ping=True))

    def _close(self, keys: list[str]) -> None:
        for socket in [socket for socket in self._sockets.all if socket.listen_key in keys]:
            socket.listen_key = ""
            socket.finish()

    def _end_keys(self, keys: list[str], wall_ms: int, *, close: bool) -> None:
        for key in keys:
            event = {"e": "listenKeyExpired", "E": wall_ms, "listenKey": key}
            for socket in [socket for socket in self._sockets.all if socket.listen_key == key]:
                socket.offer(Frame(orjson.dumps(event).decode()))
                socket.listen_key = ""
                if close:
                    socket.finish()

    async def _converse(self, socket: Socket, response: web.WebSocketResponse, first: list[str]) -> None:
        sending = asyncio.create_task(_send_all(socket), name="websocket sender")
        try:
            await self._subscribe(socket, first)
            async for message in response:
                if message.type is WSMsgType.TEXT:
                    await self._command(socket, message.data)
                elif message.type is WSMsgType.PING:
                    await response.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    socket.pong_s = time.monotonic()
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    async def _command(self, socket: Socket, text: str) -> None:
        try:
            command = orjson.loads(text)
            answer = await self._obey(socket, command)
        except (orjson.JSONDecodeError, Refusal) as error:
            answer = {"error": {"code": 2, "msg": f"Invalid request: {error}"}}
        socket.offer(Frame(orjson.dumps(answer).decode()))

    async def _obey(self, socket: Socket, command: Any) -> Json:
        if not isinstance(command, dict) or not isinstance(command.get("id"), int | str | None):
            raise Refusal(-1130, "a command is an object with method, params and id")
        params = command.get("params") or []
        if not isinstance(params, list) or not all(isinstance(name, str) for name in params):
            raise Refusal(-1130, "params is a list of stream names")
        result: list[str] | None = None
        match command.get("method"):
            case "SUBSCRIBE":
                await self._subscribe(socket, params)
            case "UNSUBSCRIBE":
                self._sockets.unsubscribe(socket, params)
                self._streams.read_changed()
            case "LIST_SUBSCRIPTIONS":
                result = sorted(socket.streams)
            case other:
                raise Refusal(-1130, f"method {other!r} is not one of SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS")
        return {"result": result, "id": command.get("id")}

    async def _subscribe(self, socket: Socket, streams: list[str]) -> None:
        """Begin to send; candles are sent from a series, which is built first. Unknown streams stay silent."""
        if len(socket.streams) + len(streams) > STREAMS_A_SOCKET:
            raise Refusal(-1130, f"more than {STREAMS_A_SOCKET} streams on one connection")
        for stream in streams:
            await self._ready(stream)
        self._sockets.subscribe(socket, streams)
        self._streams.read_changed()

    async def _ready(self, stream: str) -> None:
        if stream in ALL_MARKS or stream == ALL_TICKERS:
            return
        name, _, channel = stream.partition("@")
        interval = channel.removeprefix("kline_")
        if name.upper() not in self._venue.account.rules:
            return
        if interval != channel and self._venue.candles.offers(interval):
            await self._venue.candles.series(name.upper(), interval)


async def _send_all(socket: Socket) -> None:
    with suppress(ConnectionError, TimeoutError):  # the reader has gone; the receiving side ends the connection
        await socket.send_all()


def _listen_key(request: web.BaseRequest) -> str | None:
    """The key of a private connection; an empty one where it is missing, which no key ever equals."""
    if not request.path.startswith("/private/ws"):
        return None
    return request.query.get("listenKey") or request.path.removeprefix("/private/ws").strip("/")


def _group_of(request: web.BaseRequest) -> SocketGroup:
    head = request.path.split("/", 2)[1]
    return SocketGroup(head) if head in ("private", "public") else SocketGroup.MARKET


def _streams_of(request: web.BaseRequest) -> list[str]:
    """Streams that the address names: `/ws/<stream>` or `/stream?streams=<a>/<b>`."""
    named = request.query.get("streams", "").split("/")
    tail = request.path.rpartition("/")[2]
    return [stream for stream in (*named, tail) if "@" in stream]
