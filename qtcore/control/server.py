"""The control socket: serves `qt` to people of the same user on this machine."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from pathlib import Path

import anyio
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream
from pydantic import ValidationError

from qtcore.control.requests import MAX_LINE_BYTES, REQUEST, Done, Refused, Request
from qtcore.errors import ConfigurationError, EnvironmentRefused, QtError

Handler = Callable[[Request], Awaitable[Done | Refused]]
IDLE_TIMEOUT_S = 300.0
WRITE_TIMEOUT_S = 10.0
ASKER: ContextVar[int | None] = ContextVar("asker", default=None)
"""The user id of whoever sent the request that is being carried out."""
_CREDENTIALS = struct.Struct("3i")


async def serve_control(path: Path, handle: Handler, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    """Answer requests on `path` (0600) until cancelled; a stale socket file is replaced."""
    path.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        listener = await anyio.create_unix_listener(path, mode=0o600)
    except OSError as error:
        raise EnvironmentRefused(
            f"the control socket {path} cannot be opened ({error.strerror}); free the path"
        ) from error
    finally:
        os.umask(before)
    try:
        async with listener:
            task_status.started()
            await listener.serve(lambda stream: _converse(stream, handle))
    finally:
        path.unlink(missing_ok=True)


async def _converse(stream: SocketStream, handle: Handler) -> None:
    async with stream:
        connection = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - anyio's, not Django's
        asker = peer_uid(connection)
        if asker not in (os.geteuid(), 0):
            return
        ASKER.set(asker)  # each conversation is a task of its own, with a context of its own
        lines = BufferedByteReceiveStream(stream)
        try:
            while True:
                with anyio.fail_after(IDLE_TIMEOUT_S):
                    line = await lines.receive_until(b"\n", MAX_LINE_BYTES)
                answer = await _answer(line, handle)
                with anyio.fail_after(WRITE_TIMEOUT_S):
                    await stream.send(answer.model_dump_json().encode() + b"\n")
        except (
            anyio.EndOfStream,
            anyio.IncompleteRead,
            anyio.BrokenResourceError,
            anyio.DelimiterNotFound,
            TimeoutError,
        ):
            return  # the client left, went silent or does not speak the protocol


async def _answer(line: bytes, handle: Handler) -> Done | Refused:
    try:
        request = REQUEST.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the request"
        return Refused(code=64, error=f"the request cannot be read: {where}: {first['msg']}")
    try:
        return await handle(request)
    except ConfigurationError as error:
        return Refused(code=64, error=str(error))
    except QtError as error:
        return Refused(code=1, error=str(error))


def peer_uid(connection: socket.socket) -> int:
    """The user id of the process at the other end, by the kernel's word."""
    packed = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _pid, uid, _gid = _CREDENTIALS.unpack(packed)
    return int(uid)
