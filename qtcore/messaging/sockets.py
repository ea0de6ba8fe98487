"""ZeroMQ as qtcore uses it: Unix sockets in a private folder, no lingering, quick reconnects, bounded queues."""

from __future__ import annotations

import os
from pathlib import Path

import zmq
import zmq.asyncio

from qtcore.errors import EnvironmentRefused
from qtcore.messaging.delivery import MAX_MESSAGE_BYTES

RECONNECT_MS = 5
RECONNECT_MAX_MS = 40
"""A peer that is away is tried again after 5 ms, then ever less often up to this."""

QUEUE = 5_000
"""Messages that may wait for one slow peer; then newer ones to it are dropped and show up there as a Gap."""

MESSAGE, HEADS = b"M", b"H"
"""The second frame of what a publisher sends: a message or the heads of the topic."""

_LONGEST_PATH = 107

Context = zmq.asyncio.Context
Socket = zmq.asyncio.Socket


def make(context: Context, kind: int) -> Socket:
    """A socket with the options that all of ours share."""
    socket: Socket = context.socket(kind)
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
