"""A host's part of the network between hosts: there is no broker, each host binds and connects."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from qtcore.control.host_message import Peer
from qtcore.messaging.bus import Bus
from qtcore.messaging.call_links import CallLinks
from qtcore.messaging.call_server import CallServer
from qtcore.messaging.calls import CallDesk
from qtcore.messaging.clock import ClockMap
from qtcore.messaging.delivery import Delivery
from qtcore.messaging.inlet import Complain, Inlet
from qtcore.messaging.outlet import Outlet
from qtcore.messaging.sockets import Context


class Network:
    """Joins a host's bus and call desk to those of other hosts; an async context manager.

    Make it after the fork and on the loop: a ZeroMQ context holds a thread. With `late_s` it hears messages so much
    later; calls and their answers are not held up.
    """

    def __init__(
        self, *, host: str, run_dir: Path, bus: Bus, desk: CallDesk, complain: Complain, late_s: float = 0.0
    ) -> None:
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Fails when a part of the network stops working; a host without messages must not go on."""
        self._host = host
        self._bus = bus
        self._desk = desk
        self._context = Context()
        self._closers: list[Callable[[], None]] = []
        try:
            self._outlet = Outlet(self._context, run_dir / f"{host}.pub", bus, host=host, failed=self._failed)
            self._closers.append(self._outlet.close)
            self._server = CallServer(
                self._context, run_dir / f"{host}.rpc", desk, complain=complain, failed=self._failed
            )
            self._closers.append(self._server.close)
        except BaseException:
            self._close()
            raise
        self._inlet = Inlet(self._context, bus, complain=complain, failed=self._failed, late_s=late_s)
        self._links = CallLinks(self._context, self._failed)
        self._closers += [self._inlet.close, self._links.close]
        self._announcing: asyncio.Task[None] | None = None

    @property
    def publisher(self) -> str:
        """Where other hosts subscribe."""
        return self._outlet.endpoint

    @property
    def router(self) -> str:
        """Where other hosts call."""
        return self._server.endpoint

    async def __aenter__(self) -> Self:
        self._announcing = asyncio.get_running_loop().create_task(self._outlet.announce_heads(), name="heads")
        self._announcing.add_done_callback(self._announcing_ended)
        self._bus.wire = self
        self._desk.remote = self._links
        self.follow(ClockMap)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._bus.wire = None
        self._desk.remote = None
        if self._announcing is not None:
            self._announcing.cancel()
            await asyncio.wait({self._announcing})
        self._close()
        self.broken.cancel()

    def _close(self) -> None:
        for close in self._closers:
            close()
        self._context.destroy(linger=0)

    def _failed(self, error: BaseException) -> None:
        if not self.broken.done():
            self.broken.set_exception(error)

    def _announcing_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failed(error)

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
