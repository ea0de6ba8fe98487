"""Two hosts: one in the test, one in a process that can be killed."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from qtcore.control.host_message import Peer
from qtcore.messaging.bus import Bus
from qtcore.messaging.calls import CallDesk
from qtcore.messaging.clock import RealClock
from qtcore.messaging.mailbox import Mailbox
from qtcore.messaging.network import Network

SCRIPT = Path(__file__).with_name("peer.py")
LIMIT_S = 10.0


def load_peer() -> ModuleType:
    """The peer's script as a module, so that both sides share its topics."""
    name = "qt_messaging_peer"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, SCRIPT)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


class ShiftedClock(RealClock):
    """Real time, moved on by the test."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        return super().now() + self.ahead_s


class FarHost:
    """The other process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def tell(self, op: str, **given: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"op": op, **given}).encode() + b"\n")
        assert await self.hear() == {"done": op}

    async def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            line = await self.process.stdout.readline()
        said: dict[str, Any] = json.loads(line)
        return said

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class NearHost:
    """The test's own side."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        self.clock = ShiftedClock()
        self.bus = Bus(self.clock)
        self.desk = CallDesk(self.clock)
        self.complaints: list[str] = []
        self.network: Network

    def meet(self, **changes: Any) -> None:
        """Learn where the far host is."""
        peer = Peer(
            host="far_host",
            publisher=f"ipc://{self.run_dir}/far_host.pub",
            router=f"ipc://{self.run_dir}/far_host.rpc",
            plugins=("far",),
            writes=dict.fromkeys(("Tick", "Level", "Brief", "ClockMap"), ("far",)),
        )
        self.network.set_peers([peer.model_copy(update=changes)])

    async def read(self, *topics: type[Any], gaps: bool = True, limit: int = 1000) -> Mailbox:
        """Subscribe as a plugin would."""
        for cls in topics:
            self.bus.declare(cls)
            self.network.follow(cls)
        mailbox = Mailbox([cls.__name__ for cls in topics], gaps=gaps, limit=limit, now=self.clock.now)
        self.bus.attach(mailbox)
        await self.network.settled(mailbox.topics)
        return mailbox


@pytest.fixture
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a short path."""
    return tmp_path_factory.mktemp("r")


@pytest.fixture
async def near(run_dir: Path, request: pytest.FixtureRequest) -> AsyncIterator[NearHost]:
    """This process's host, joined to the network; the parameter is how late it hears."""
    host, late_s = NearHost(run_dir), getattr(request, "param", 0.0)
    async with Network(
        host="near_host", run_dir=run_dir, bus=host.bus, desk=host.desk, complain=host.complaints.append, late_s=late_s
    ) as host.network:
        yield host
    await host.desk.aclose()


@pytest.fixture
def far(run_dir: Path) -> Callable[..., Any]:
    """Starts the other host as `async with far() as host`."""

    @asynccontextmanager
    async def start(generation: int = 1) -> AsyncIterator[FarHost]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(SCRIPT),
            str(run_dir),
            str(generation),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        host = FarHost(process)
        try:
            assert await host.hear() == {"up": True}
            yield host
        finally:
            await host.kill()
            process._transport.close()  # type: ignore[attr-defined] # asyncio closes its pipes only when collected

    return start


@pytest.fixture
def peer() -> ModuleType:
    """The topics that both sides share."""
    return load_peer()
