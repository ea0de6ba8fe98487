"""A host's part of the network between hosts: there is no broker, each host binds and connects."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import zmq.asyncio

from qtcore.control.host_message import Peer
from qtcore.messaging.bus import Bus
from qtcore.messaging.call_links import CallLinks
from qtcore.messaging.call_server import CallServer
from qtcore.messaging.calls import CallDesk
from qtcore.messaging.clock import ClockMap
from qtcore.messaging.delivery import Delivery
from qtcore.messaging.inlet import Complain, Inlet
from qtcore.messaging.outlet import Outlet


class Network:
    """Joins a host's bus and call desk to those of other hosts; an async context manager.

    Make it after the fork: a ZeroMQ context holds a thread.
    """

    def __init__(self, *, host: str, run_dir: Path, bus: Bus, desk: CallDesk, complain: Complain) -> None:
        self._host = host
        self._context = zmq.asyncio.Context()
        try:
            self._outlet = Outlet(self._context, run_dir / f"{host}.pub", bus, host)
            self._server = CallServer(self._context, run_dir / f"{host}.rpc", desk, complain)
            self._inlet = Inlet(self._context, bus, complain)
        except BaseException:
            self._context.destroy(linger=0)
            raise
        self._links = CallLinks(self._context)
        self._bus = bus
        self._desk = desk
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails when a part of the network stops working; a host without messages must not go on."""

    @property
    def publisher(self) -> str:
        """Where other hosts subscribe."""
        return self._outlet.endpoint

    @property
    def router(self) -> str:
        """Where other hosts call."""
        return self._server.endpoint

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._tasks = tuple(
            loop.create_task(work, name=name)
            for name, work in {
                "readers": self._outlet.watch_readers(),
                "heads": self._outlet.announce_heads(),
                "calls": self._server.serve(),
                "messages": self._inlet.receive(),
            }.items()
        )
        for task in self._tasks:
            task.add_done_callback(self._task_done)
        self._bus.wire = self
        self._desk.remote = self._links
        self.follow(ClockMap)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._bus.wire = None
        self._desk.remote = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._links.aclose()
        self.broken.cancel()
        self._context.destroy(linger=0)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None and not self.broken.done():
            self.broken.set_exception(error)

    def set_peers(self, peers: Iterable[Peer]) -> None:
        """Be connected to these hosts and no others; this host's own entry is left out."""
        others = [peer for peer in peers if peer.host != self._host]
        self._inlet.set_peers(others)
        self._links.set_peers(others)

    def send(self, delivery: Delivery) -> None:
        """Send a message to the other hosts that read its topic. Raises MessageTooLarge."""
        self._outlet.send(delivery)

    def follow(self, cls: type[Any]) -> None:
        """Begin to read a topic of other hosts."""
        self._inlet.follow(cls)

    async def settled(self, topics: Iterable[str]) -> None:
        """Wait, for a moment at most, until living writers of the topics reach this host."""
        await self._inlet.settled(topics)
