"""Asks the running supervisor over its control socket; standard library only, so that `qt` starts fast."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

from qtcore.errors import EnvironmentRefused, QtError

SOCKET_NAME = "control.sock"
ANSWER_TIMEOUT_S = 10.0
"""How long a supervisor may take to answer; a call adds its own deadline."""
READING_TIMEOUT_S = 3.0
"""After this a reading goes by the records; the supervisor answers in milliseconds while it runs at all."""

_CHUNK = 65_536


class NotRunning(EnvironmentRefused):
    """No supervisor answers on this home."""


class NotAnswering(EnvironmentRefused):
    """A supervisor holds the socket and says nothing: it is stopped, or its machine is overloaded."""


class Declined(QtError):
    """The supervisor refused the request; `code` is the exit code to end with."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def ask(run_dir: Path, op: str, args: dict[str, Any] | None = None, *, timeout_s: float = ANSWER_TIMEOUT_S) -> Any:
    """One request and its result (see `requests.py` for both).

    Raises NotRunning, Declined, and NotAnswering when no answer comes within `timeout_s`.
    """
    line = json.dumps({"op": op, "args": args or {}}).encode() + b"\n"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout_s)
        try:
            connection.connect(str(run_dir / SOCKET_NAME))
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            raise NotRunning(f"no supervisor answers at {run_dir / SOCKET_NAME}; start one with `qt up`") from None
        except PermissionError:
            raise EnvironmentRefused(
                f"{run_dir / SOCKET_NAME} belongs to another user; run qt as that user (you are uid {os.geteuid()})"
            ) from None
        return _result(_exchanged(connection, line, op, timeout_s), op)


def _exchanged(connection: socket.socket, line: bytes, op: str, timeout_s: float) -> bytes:
    answer = bytearray()
    try:
        connection.sendall(line)
        while not answer.endswith(b"\n"):
            chunk = connection.recv(_CHUNK)
            if not chunk:
                break
            answer += chunk
    except TimeoutError:
        raise NotAnswering(
            f"the supervisor did not answer `{op}` within {timeout_s:g} s; "
            "see `qt status` and the journal (`qt events`)"
        ) from None
    except (BrokenPipeError, ConnectionResetError):
        answer.clear()
    return bytes(answer)


def _result(answer: bytes, op: str) -> Any:
    if not answer.endswith(b"\n"):
        raise NotRunning(f"the supervisor ended while it was asked to `{op}`; see `qt status`")
    document = json.loads(answer)
    if document.get("ok"):
        return document.get("result")
    raise Declined(str(document.get("error")), int(document.get("code", 1)))
