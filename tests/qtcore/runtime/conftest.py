"""A host runtime in the test's own process: the test is its supervisor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from qtcore.control.host_message import Assignment, StartPlugin, StopHost, ToHost
from qtcore.hosts.board import Board
from qtcore.hosts.runtime.host_runtime import HostRuntime
from qtcore.hosts.spec import HostSpec
from qtcore.records.held import boot_id
from qtcore.records.home import Home

M = TypeVar("M")
LIMIT_S = 10.0


class Supervisor:
    """Sends orders to one runtime and collects what it reports."""

    def __init__(self, home: Path, run_dir: Path, host: str = "main") -> None:
        Home(home).create()
        self.board = Board.create(1, 8)
        self.reports: list[Any] = []
        self._inbox: asyncio.Queue[ToHost | None] = asyncio.Queue()
        self._slots: dict[str, int] = {}
        self.beat()
        self.spec = HostSpec(
            host=host,
            incarnation=1,
            application="test",
            mode="paper",
            home=home,
            run_dir=run_dir,
            host_slot=0,
            posture_levels=("normal", "no_entries"),
            posture_when_unknown="no_entries",
            supervisor_pid=1,
            boot_id=boot_id(),
        )
        self.runtime = HostRuntime(host=host, spec=self.spec, board=self.board, send=self.reports.append)

    def beat(self) -> None:
        self.board.beat_supervisor(time.monotonic_ns())

    async def messages(self) -> AsyncIterator[ToHost]:
        while (message := await self._inbox.get()) is not None:
            yield message

    def tell(self, message: ToHost) -> None:
        self._inbox.put_nowait(message)

    def hang_up(self) -> None:
        self._inbox.put_nowait(None)

    def start(self, plugin: str, use: str, *, generation: int = 1, **more: Any) -> None:
        slot = self._slots.setdefault(plugin, len(self._slots))
        self.board.set_lease(slot, generation)
        assignment = Assignment(
            plugin=plugin, use=use, generation=generation, cadence_s=1, start_timeout_s=5, slot=slot, **more
        )
        self.tell(StartPlugin(assignment=assignment))

    async def report(self, kind: type[M], matches: Callable[[Any], bool] = lambda _: True) -> M:
        """The first report of a kind that matches, now or soon."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                for message in self.reports:
                    if isinstance(message, kind) and matches(message):
                        return message
                await asyncio.sleep(0.002)

    def of(self, kind: type[M]) -> list[M]:
        return [message for message in self.reports if isinstance(message, kind)]


@pytest.fixture
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private folder with a short path."""
    return tmp_path_factory.mktemp("r")


@pytest.fixture
def make_supervisor(tmp_path: Path, run_dir: Path) -> Callable[[], Supervisor]:
    """A supervisor whose runtime the test runs itself."""
    return lambda: Supervisor(tmp_path, run_dir)


@pytest.fixture
async def supervised(tmp_path: Path, run_dir: Path) -> AsyncIterator[Supervisor]:
    """A running host runtime; stopped in order at the end unless the test did so."""
    async with supervise(tmp_path, run_dir) as supervisor:
        yield supervisor


@asynccontextmanager
async def supervise(home: Path, run_dir: Path) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(home, run_dir)
    running = asyncio.create_task(supervisor.runtime.run(supervisor.messages()))
    try:
        yield supervisor
    finally:
        supervisor.tell(StopHost(reason="the test is over", grace_s=2))
        try:
            async with asyncio.timeout(LIMIT_S):
                await running
        finally:
            supervisor.board.close()
