"""ZeroMQ as qtcore uses it: Unix sockets in a private folder, no lingering, quick reconnects, bounded queues."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import zmq

from qtcore.errors import EnvironmentRefused
from qtcore.messaging.delivery import MAX_MESSAGE_BYTES

RECONNECT_MS = 5
RECONNECT_MAX_MS = 40
"""A peer that is away is tried again after 5 ms, then ever less often up to this."""

QUEUE = 5_000
"""Messages that may wait for one slow peer; then newer ones to it are dropped and show up there as a Gap."""

MESSAGE, HEADS = b"M", b"H"
"""What stands between topic and JSON in a publisher's frame: a message, or the heads of the topic."""

_LONGEST_PATH = 107

Context = zmq.Context[zmq.Socket[bytes]]
Socket = zmq.Socket[bytes]

# Plain numbers: pyzmq's enums cost more than the calls they are given to.
_NOBLOCK = int(zmq.NOBLOCK)
_EVENTS = int(zmq.EVENTS)
_POLLIN = int(zmq.POLLIN)
_AT_ONCE = 16
"""What is taken of a socket in one turn of the loop; then others get theirs."""


class Pump:
    """Hands what arrives at a socket to a function, on the event loop.

    ZeroMQ's descriptor tells only of changes, and a send may use such a news up: hence the look at
    the socket's events after each. (pyzmq's own asyncio sockets do the same with a future per
    message, which took half of a message's time.)

    With `late_s` it takes what has arrived only that long after the first of it did.
    """

    def __init__(
        self,
        socket: Socket,
        take: Callable[[list[bytes]], None],
        failed: Callable[[BaseException], None],
        *,
        late_s: float = 0.0,
    ) -> None:
        self.socket = socket
        self._take = take
        self._failed = failed
        self._loop = asyncio.get_running_loop()
        self._fd = int(socket.getsockopt(zmq.FD))
        self._due: asyncio.Handle | None = None
        self._late_s = late_s
        self._pause: asyncio.Handle | None = None
        self._listen()
        self.look_again()

    def send(self, frames: list[bytes]) -> None:
        """Send now. Raises zmq.Again where that would have to wait."""
        self.socket.send_multipart(frames, _NOBLOCK)
        if int(self.socket.getsockopt(_EVENTS)) & _POLLIN:
            self.look_again()

    def look_again(self) -> None:
        """Take what waits in the loop's next turn; needed after anything was done with the socket."""
        if self._due is None:
            self._due = self._loop.call_soon(self._drain)

    def close(self) -> None:
        """Stop and close the socket."""
        self._loop.remove_reader(self._fd)
        for handle in (self._due, self._pause):
            if handle is not None:
                handle.cancel()
        self.socket.close(linger=0)

    def _listen(self) -> None:
        self._loop.add_reader(self._fd, self._wait if self._late_s else self._drain)

    def _wait(self) -> None:
        self._loop.remove_reader(self._fd)  # it would be told of again in every turn until something is taken
        self._pause = self._loop.call_later(self._late_s, self._go_on)

    def _go_on(self) -> None:
        self._listen()
        self._drain()

    def _drain(self) -> None:
        self._due = None
        try:
            for _ in range(_AT_ONCE):
                self._take(self.socket.recv_multipart(_NOBLOCK))
        except zmq.Again:
            return
        except Exception as error:  # noqa: BLE001 - told to the owner, whose host then ends
            self._failed(error)
            return
        self.look_again()


def make(context: Context, kind: int) -> Socket:
    """A socket with the options that all of ours share."""
    socket = context.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.SNDHWM, QUEUE)
    socket.setsockopt(zmq.RCVHWM, QUEUE)
    socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MAX_MS)
    # Senders refuse what is too large; this only protects against a peer that is not ours.
    socket.setsockopt(zmq.MAXMSGSIZE, 2 * MAX_MESSAGE_BYTES)
    return socket


def bind(socket: Socket, path: Path) -> str:
    """Bind to `path`, in place of a dead process's socket. Raises EnvironmentRefused."""
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise EnvironmentRefused(
            f"the socket path {path} is longer than the {_LONGEST_PATH} bytes that Unix sockets allow; "
            "set XDG_RUNTIME_DIR to a shorter folder"
        )
    path.unlink(missing_ok=True)
    endpoint = f"ipc://{path}"
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        raise EnvironmentRefused(f"the socket {path} cannot be bound: {error.strerror}") from error
    path.chmod(0o600)
    return endpoint


def frame_of(topic: str) -> bytes:
    """A topic's subscription prefix; the terminator keeps `Tick` apart from `Ticker`."""
    return topic.encode() + b"\0"


def topic_of(frame: bytes) -> str:
    """The topic of a prefix made by `frame_of`."""
    return frame.rstrip(b"\0").decode(errors="replace")
