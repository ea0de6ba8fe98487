"""A whole life of a host that is nobody's, so that the real one meets nothing for the first time.

A forked process copies each page that it writes to, Python resolves much at its first use, and the
allocator asks for memory: together more than half of what a host needs to come up. A spare has the time.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from qtcore.context import Context
from qtcore.control.host_message import (
    Assignment,
    CallAction,
    CallDone,
    CheckHealth,
    HealthReported,
    Peer,
    PluginReady,
    SetPeers,
    SetPosture,
    StartPlugin,
    StopHost,
    ToHost,
    ToSupervisor,
)
from qtcore.health.model import Health
from qtcore.hooks import hookimpl
from qtcore.hosts.board import Board
from qtcore.hosts.channel import socket_pair, supervisor_end
from qtcore.hosts.program import live
from qtcore.hosts.runtime.host_runtime import HostRuntime
from qtcore.hosts.spec import HostSpec
from qtcore.plugin import NoSettings, Plugin, action, every
from qtcore.records.home import Home
from qtcore.telemetry.logs import configure_logging, release_logging
from qtcore.telemetry.setup import Telemetry, open_telemetry
from qtcore.topics import topic

HOST, PLUGIN, OTHER = "rehearsal", "understudy", "partner"
FOLDER = "rehearsal-"
WITHIN_S = 4.0
"""Less than a spare is given to be ready; real seconds."""


@topic(retained=True, expires_s=5.0)
@dataclass(frozen=True, slots=True)
class Line:
    """What the understudy says to itself."""

    text: str


class Understudy(Plugin[NoSettings]):
    """Does once what plugins do in their first second."""

    reads = [Line]
    writes = [Line]

    @hookimpl
    async def start(self, ctx: Context[NoSettings]) -> None:
        """Hear its own line, then be ready."""
        async with ctx.subscribe(Line) as lines:
            await ctx.publish(Line("to be"))
            async for _ in lines:
                break
            ctx.progress("lines")
            ctx.ready()
            await ctx.serve()

    @hookimpl
    def health(self) -> Health:
        """From a worker thread."""
        return Health.healthy("on stage")

    @every(60)
    async def bow(self, ctx: Context[NoSettings]) -> None:
        """Has a timer; it is never due."""

    @action()
    async def prompt(self, ctx: Context[NoSettings]) -> str:
        """Answers a call."""
        return f"{ctx.name}, or not to be"


def rehearse(scratch: str) -> None:
    """Live and end as a host in a folder under `scratch`. Raises what a host would raise, and TimeoutError."""
    with tempfile.TemporaryDirectory(prefix=FOLDER, dir=scratch) as folder:
        board = Board.create(1, 1)
        try:
            anyio.run(_play, Path(folder), board, backend="asyncio")
        finally:
            board.close()


async def _play(folder: Path, board: Board) -> None:
    Home(folder).create()
    board.set_lease(0, 1)
    spec = HostSpec.model_validate_json(_spec(folder).model_dump_json())
    ours, theirs = socket_pair()
    supervisor = supervisor_end(ours)
    try:
        with anyio.fail_after(WITHIN_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(live, spec, board, theirs, partial(HostRuntime, telemetry=_unheard))
                for order, answer in _script(folder):
                    supervisor.send(order)
                    while answer is not None and not isinstance(await supervisor.receive(), answer):
                        pass
    finally:
        supervisor.close()


def _spec(folder: Path) -> HostSpec:
    return HostSpec(
        host=HOST,
        incarnation=1,
        application="rehearsal",
        mode="none",
        home=folder,
        run_dir=folder,
        host_slot=0,
        plugin_slots={PLUGIN: 0},
        supervisor_pid=os.getpid(),
    )


def _script(folder: Path) -> list[tuple[ToHost, type[ToSupervisor] | None]]:
    """Each order, and the answer to wait for."""
    use = f"{__name__}:{Understudy.__name__}"
    assignment = Assignment(plugin=PLUGIN, use=use, generation=1, cadence_s=30, start_timeout_s=30, slot=0)
    return [
        (SetPeers(peers=(_peer(folder, HOST), _peer(folder, OTHER))), None),
        (SetPosture(level="normal", expires_s=time.monotonic() + WITHIN_S), None),
        (StartPlugin(assignment=assignment), PluginReady),
        (CheckHealth(plugin=PLUGIN, generation=1, request="r1"), HealthReported),
        (CallAction(plugin=PLUGIN, generation=1, request="r2", action="prompt", timeout_s=WITHIN_S), CallDone),
        (StopHost(reason="the rehearsal is over", grace_s=1), None),
    ]


def _peer(folder: Path, host: str) -> Peer:
    publisher, router = (f"ipc://{folder / host}.{kind}" for kind in ("pub", "rpc"))
    return Peer(host=host, publisher=publisher, router=router, plugins=(f"{host}_plugin",))


def _unheard(home: Home, component: str, *, log_level: str, **options: Any) -> Telemetry:
    """Telemetry into the scratch folder; unlike the real one it leaves no global provider behind."""
    telemetry = open_telemetry(home, component, **options)
    release_logging(configure_logging(telemetry.log_file, log_level))
    return telemetry
