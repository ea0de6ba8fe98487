"""A runtime for tests of host processes: it obeys actions by doing the harm they name."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio

from qtcore.control.host_message import (
    CallAction,
    CallDone,
    HostUp,
    PluginLoaded,
    StartPlugin,
    StopHost,
    ToHost,
    ToSupervisor,
)
from qtcore.hosts.board import Board
from qtcore.hosts.spec import HostSpec


class DoubleRuntime:
    """Says HostUp, pretends to load plugins, and carries out harm on request."""

    def __init__(self, *, host: str, spec: HostSpec, board: Board, send: Callable[[ToSupervisor], None]) -> None:
        self.spec = spec
        self.board = board
        self.send = send

    async def run(self, messages: AsyncIterator[ToHost]) -> None:
        self.send(HostUp(host=self.spec.host, pid=os.getpid(), publisher="", router=""))
        async for message in messages:
            match message:
                case StopHost():
                    return
                case StartPlugin(assignment=assignment):
                    self.send(
                        PluginLoaded(plugin=assignment.plugin, generation=assignment.generation, module_file=__file__)
                    )
                case CallAction():
                    result = await _HARM[message.action](**message.argument)
                    self.send(CallDone(plugin=message.plugin, request=message.request, result=result))
                case _:
                    pass


async def _sleep_in_loop(seconds: float) -> None:
    time.sleep(seconds)  # noqa: ASYNC251 - the harm


async def _hold_gil() -> None:
    re.match(r"(a+)+$", "a" * 40 + "b")


async def _exit(code: int) -> None:
    os._exit(code)


async def _raise_error(text: str) -> None:
    raise RuntimeError(text)


async def _signal_self(number: int) -> None:
    signal.raise_signal(number)
    await anyio.sleep_forever()


async def _print_lines(lines: int, text: str) -> int:
    for _ in range(lines):
        print(text)
    return lines


async def _start_child(own_group: bool = False, own_session: bool = False) -> int:
    group = 0 if own_group else None
    child = subprocess.Popen(["/bin/sleep", "600"], process_group=group, start_new_session=own_session)  # noqa: ASYNC220
    return child.pid


async def _orphan_child() -> int:
    """A grandchild whose parent has ended: the supervisor adopts it while this host lives."""
    done = subprocess.run(["sh", "-c", "sleep 0 & echo $!"], capture_output=True, check=True)  # noqa: S607, ASYNC221
    return int(done.stdout)


def _descriptors() -> list[str]:
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(entry.readlink()))
        except FileNotFoundError:  # the listing's own
            continue
    return found


def _is_inheritable(fd: int) -> bool:
    try:
        return os.get_inheritable(fd)
    except OSError:
        return False


async def _use_ccxt() -> str:
    import ccxt.pro

    client = ccxt.pro.binanceusdm()
    await client.close()
    return str(client.id)


async def _tell(what: str) -> Any:
    return {
        "modules": lambda: sorted(sys.modules),
        "fds": _descriptors,
        "inheritable": lambda: [fd for fd in range(100) if _is_inheritable(fd)],
        "name": lambda: Path("/proc/self/comm").read_text().strip(),
        "session": lambda: os.getsid(0),
        "parent": os.getppid,
        "environment": lambda: dict(os.environ),
        "path": lambda: sys.path,
        "nice": lambda: os.getpriority(os.PRIO_PROCESS, 0),
        "memory": lambda: _allocate(64),
    }[what]()


def _allocate(megabytes: int) -> str:
    try:
        return f"had {len(bytearray(megabytes * 1024 * 1024)) // 1024 // 1024}"
    except MemoryError:
        return "refused"


async def _fetch(url: str) -> int:
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status


_HARM: dict[str, Callable[..., Any]] = {
    "sleep_in_loop": _sleep_in_loop,
    "hold_gil": _hold_gil,
    "exit": _exit,
    "raise_error": _raise_error,
    "signal_self": _signal_self,
    "print_lines": _print_lines,
    "start_child": _start_child,
    "orphan_child": _orphan_child,
    "tell": _tell,
    "fetch": _fetch,
    "use_ccxt": _use_ccxt,
}
