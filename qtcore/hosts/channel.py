"""The control channel: one JSON datagram per HostMessage over an inherited SEQPACKET socketpair."""

from __future__ import annotations

import socket
from collections import deque
from typing import Generic, Self, TypeVar

import anyio
from pydantic import TypeAdapter, ValidationError

from qtcore.control.host_message import MAX_BYTES, TO_HOST, TO_SUPERVISOR, ToHost, ToSupervisor
from qtcore.documents import Document
from qtcore.errors import QtError

In = TypeVar("In")
Out = TypeVar("Out", bound=Document)

MAX_WAITING = 1_000
"""Datagrams that may wait for a peer that does not read; more means that the peer is lost."""

_LONG_FIELDS = ("traceback", "sentence", "sensor_failure", "error", "act", "text")
"""Fields whose end may be cut off when a message is too large, the least needed first."""

_CUT_TO = 4_000
_LOST = "the control channel is closed"


class ChannelClosed(QtError):
    """The other end is gone; end of file on this socket is news of death, not an accident."""


class ChannelOverflow(QtError):
    """The peer has not read for so long that no more messages can wait for it."""


class MessageTooLarge(QtError):
    """A message cannot be sent whole or cut down to what a datagram carries."""


class MalformedMessage(QtError):
    """A datagram is not one of the agreed messages; the channel itself still works."""


class Channel(Generic[In, Out]):
    """One end of the control channel.

    `send` never waits: what the socket does not take at once is kept in order and sent by `drain`,
    which the owner runs as a task. To be used from the event loop's thread only.
    """

    def __init__(self, sock: socket.socket, inbound: TypeAdapter[In]) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._inbound = inbound
        self._waiting: deque[bytes] = deque()
        self._more: anyio.Event | None = None
        self._closed = False

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._sock.fileno()

    @property
    def waiting(self) -> int:
        """Datagrams that the socket has not taken yet."""
        return len(self._waiting)

    def send(self, message: Out) -> None:
        """Send now, or keep for `drain`.

        Raises ChannelClosed, ChannelOverflow (the peer does not read: treat it as hung) and
        MessageTooLarge.
        """
        datagram = encode(message)
        if self._closed:
            raise ChannelClosed(f"{message.__class__.__name__} was not sent: {_LOST}")
        if not self._waiting and self._push(datagram):
            return
        if len(self._waiting) >= MAX_WAITING:
            raise ChannelOverflow(
                f"{message.__class__.__name__} was not sent: {MAX_WAITING} messages wait already because "
                "the other process does not read its control channel"
            )
        self._waiting.append(datagram)
        if self._more is not None:
            self._more.set()

    async def drain(self) -> None:
        """Send what waits, for as long as the task lives; returns when the peer is gone."""
        try:
            while not self._closed:
                if not self._waiting:
                    self._more = more = anyio.Event()
                    await more.wait()
                await self.flush()
        except (ChannelClosed, anyio.ClosedResourceError):
            return

    async def flush(self) -> None:
        """Send what waits now. Raises ChannelClosed when the peer is gone."""
        while self._waiting:
            if self._push(self._waiting[0]):
                self._waiting.popleft()
            else:
                await anyio.wait_writable(self._sock)

    async def receive(self) -> In:
        """The next message. Raises ChannelClosed at the end and MalformedMessage for a bad datagram."""
        await anyio.lowlevel.checkpoint()  # a peer that floods must not keep the loop for itself
        while True:
            try:
                datagram, _, flags, _ = self._sock.recvmsg(MAX_BYTES)
            except BlockingIOError:
                await self._wait_readable()
            except OSError as error:  # reset by a peer that died with unread messages, or closed by us
                raise ChannelClosed(f"{_LOST} ({error.strerror})") from error
            else:
                return self._decode(datagram, cut=bool(flags & socket.MSG_TRUNC))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> In:
        try:
            return await self.receive()
        except ChannelClosed:
            raise StopAsyncIteration from None

    def close(self) -> None:
        """Close this end; the peer reads end of file and waiting tasks here end."""
        if self._closed:
            return
        self._closed = True
        self._waiting.clear()
        if self._more is not None:
            self._more.set()
        anyio.notify_closing(self._sock)
        self._sock.close()

    async def _wait_readable(self) -> None:
        try:
            await anyio.wait_readable(self._sock)
        except anyio.ClosedResourceError:
            raise ChannelClosed(_LOST) from None

    def _push(self, datagram: bytes) -> bool:
        """True when the kernel took it; False when its buffer is full."""
        try:
            self._sock.send(datagram, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            return False
        except OSError as error:
            raise ChannelClosed(f"{_LOST} ({error.strerror})") from error
        return True

    def _decode(self, datagram: bytes, *, cut: bool) -> In:
        if not datagram:
            raise ChannelClosed(_LOST)
        if cut:
            raise MalformedMessage(f"a datagram was longer than the agreed {MAX_BYTES} bytes and was dropped")
        try:
            return self._inbound.validate_json(datagram)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise MalformedMessage(f"a datagram is not an agreed message: {where}: {first['msg']}") from error


SupervisorEnd = Channel[ToSupervisor, ToHost]
"""The end that the supervisor holds."""
HostEnd = Channel[ToHost, ToSupervisor]
"""The end that the host holds."""


def supervisor_end(sock: socket.socket) -> SupervisorEnd:
    """The supervisor's end over `sock`, which it owns from now on."""
    return Channel(sock, TO_SUPERVISOR)


def host_end(sock: socket.socket) -> HostEnd:
    """The host's end over `sock`, which it owns from now on."""
    return Channel(sock, TO_HOST)


def socket_pair() -> tuple[socket.socket, socket.socket]:
    """The two ends' sockets: the supervisor's and the host's."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def encode(message: Document) -> bytes:
    """The message as one datagram, with long texts cut where it would not fit.

    Raises MessageTooLarge when cutting texts does not help.
    """
    datagram = message.model_dump_json().encode()
    if len(datagram) <= MAX_BYTES:
        return datagram
    for name in _LONG_FIELDS:
        text = getattr(message, name, None)
        if isinstance(text, str) and len(text) > _CUT_TO:
            message = message.model_copy(update={name: shorten(text)})
            datagram = message.model_dump_json().encode()
            if len(datagram) <= MAX_BYTES:
                return datagram
    raise MessageTooLarge(
        f"{message.__class__.__name__} takes {len(datagram)} bytes, more than the {MAX_BYTES} that one control "
        "message carries; send less (bulk data belongs on topics or in files)"
    )


def shorten(text: str, limit: int = _CUT_TO) -> str:
    """The beginning and end of a text that is too long, with a note of how much is missing."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
