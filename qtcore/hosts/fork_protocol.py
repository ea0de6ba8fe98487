"""What supervisor and fork server say to each other: one JSON datagram each, descriptors beside it."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

MAX_REQUEST = 200_000
MAX_FDS = 8


class HostFds(NamedTuple):
    """The descriptors a host is born with, in the order in which they travel."""

    control: int
    board: int
    liveness: int
    """Read end of a pipe whose only writer is the supervisor; it never carries a byte."""
    output: int
    evidence: int


@dataclass(frozen=True, slots=True)
class ForkHost:
    """Fork a host; `spec` is its HostSpec as JSON, and HostFds come along."""

    spec: str


@dataclass(frozen=True, slots=True)
class ForkZygote:
    """Fork a fork server that imports `preload` first; its own request socket comes along."""

    preload: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForkSpare:
    """Fork a process that waits for a ForkHost on its own socket, which comes along."""


@dataclass(frozen=True, slots=True)
class Forked:
    """The new process, soon to be the supervisor's child."""

    pid: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was made, for this reason."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The fork server has imported what it is for; `skipped` says what it could not import but need not."""

    skipped: tuple[str, ...] = ()


Message = ForkHost | ForkZygote | ForkSpare | Forked | Refused | Ready
_KINDS: dict[str, type[Message]] = {
    kind.__name__: kind for kind in (ForkHost, ForkZygote, ForkSpare, Forked, Refused, Ready)
}


def send(sock: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Send one message with its descriptors. Raises OSError."""
    body = json.dumps({"kind": type(message).__name__, **asdict(message)}).encode()
    if fds:
        socket.send_fds(sock, [body], list(fds))
    else:
        sock.send(body, socket.MSG_NOSIGNAL)


def receive(sock: socket.socket) -> tuple[Message | None, list[int]]:
    """The next message and the descriptors that came with it; None at end of file. Raises OSError."""
    body, fds, _, _ = socket.recv_fds(sock, MAX_REQUEST, MAX_FDS, socket.MSG_CMSG_CLOEXEC)
    if not body:
        return None, fds
    values = json.loads(body)
    kind: type[Any] = _KINDS[values.pop("kind")]
    message: Message = kind(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    )
    return message, fds
