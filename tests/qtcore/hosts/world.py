"""A small world for tests of host processes: board, launcher, and hosts that do harm on request."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import anyio

from qtcore.control.host_message import Assignment, CallAction, CallDone, HostUp, PluginLoaded, StartPlugin
from qtcore.hosts import proc
from qtcore.hosts.board import Board
from qtcore.hosts.launcher import Launcher
from qtcore.hosts.process import HostProcess
from qtcore.hosts.spec import HostSpec

HERE = Path(__file__).parent
DEADLINE_S = 20.0
_requests = count()


def make_spec(host: str = "main", incarnation: int = 1, **fields: Any) -> HostSpec:
    """A specification of a host that runs the double."""
    given: dict[str, Any] = {
        "host": host,
        "incarnation": incarnation,
        "application": "test",
        "mode": "none",
        "home": Path("/nowhere"),
        "run_dir": Path("/nowhere"),
        "host_slot": 0,
        "supervisor_pid": os.getpid(),
        "runtime": "double_runtime:DoubleRuntime",
        "import_path": (HERE,),
        "loop_limit_s": 0.4,
    }
    return HostSpec(**{**given, **fields})


@dataclass
class World:
    """What a supervisor would hold."""

    board: Board
    launcher: Launcher
    logs: Path
    notes: list[str] = field(default_factory=list)
    strangers: frozenset[int] = frozenset()
    """Children that this process had before: a database server of other tests, for instance."""

    def children(self) -> set[int]:
        """This world's own."""
        return {*proc.children()} - self.strangers

    async def spawn_up(self, host: str = "main", incarnation: int = 1, **fields: Any) -> HostProcess:
        """Spawn a host and wait for its HostUp."""
        process = await self.launcher.spawn(make_spec(host, incarnation, **fields))
        with anyio.fail_after(DEADLINE_S):
            assert isinstance(await process.channel.receive(), HostUp)
        return process


def order(process: HostProcess, harm: str, **argument: Any) -> None:
    """Tell the host to do this harm, without waiting for it."""
    call = CallAction(
        plugin="culprit", generation=1, request=f"r{next(_requests)}", action=harm, argument=argument, timeout_s=60
    )
    process.channel.send(call)


async def call(process: HostProcess, harm: str, **argument: Any) -> Any:
    """Have the host do something and return what it answers."""
    order(process, harm, **argument)
    with anyio.fail_after(DEADLINE_S):
        answer = await process.channel.receive()
    assert isinstance(answer, CallDone)
    return answer.result


async def load_plugin(process: HostProcess, name: str = "culprit") -> dict[str, str]:
    """Have the host load a plugin; returns the module files that evidence needs."""
    assignment = Assignment(plugin=name, use="x", generation=1, cadence_s=1, start_timeout_s=1, slot=0)
    process.channel.send(StartPlugin(assignment=assignment))
    with anyio.fail_after(DEADLINE_S):
        loaded = await process.channel.receive()
    assert isinstance(loaded, PluginLoaded)
    assert loaded.module_file is not None
    return {name: loaded.module_file}


async def gone(process: HostProcess) -> Any:
    """The end of a host that is about to die."""
    with anyio.fail_after(DEADLINE_S):
        return await process.wait_gone()


async def until(condition: Callable[[], bool], *, within_s: float = DEADLINE_S) -> None:
    """Wait until a real process or file has reached a state; fails after the deadline."""
    with anyio.fail_after(within_s):
        while not condition():  # noqa: ASYNC110 - another process's state has no event
            await anyio.sleep(0.005)


OpenWorld = Callable[..., AbstractAsyncContextManager[World]]


def world_in(folder: Path) -> OpenWorld:
    """How a test opens a world whose logs lie in this folder."""

    @asynccontextmanager
    async def opened(
        *, preload_sets: Sequence[tuple[str, ...]] = (), warm: Sequence[str] = (), scratch: Path | None = None
    ) -> AsyncIterator[World]:
        board = Board.create(hosts=4, plugins=4)
        notes: list[str] = []
        logs = folder / "logs"
        strangers = frozenset(proc.children())
        try:
            async with Launcher(
                board, logs_dir=logs, preload_sets=preload_sets, warm=warm, scratch=scratch, note=notes.append
            ) as launcher:
                yield World(board, launcher, logs, notes, strangers)
        finally:
            board.close()

    return opened
