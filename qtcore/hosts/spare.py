"""A spare: a process forked ahead that needs only to be told which host it is."""

from __future__ import annotations

import socket
from contextlib import suppress

import anyio

from qtcore.hosts import fork_protocol
from qtcore.hosts.child import Child
from qtcore.hosts.fork_protocol import ForkHost, HostFds, Ready

READY_WITHIN_S = 5.0
"""How long it may take to be adopted and rehearsed, on a busy machine."""


class Spare:
    """It is nobody until `become`: it has no plugin, no generation, and no descriptor of any host."""

    def __init__(self, child: Child, orders: socket.socket) -> None:
        self._child = child
        self._orders = orders

    async def wait_ready(self) -> bool:
        """Wait until it is the supervisor's child and needs only orders; False when it never will be."""
        ready = None
        with anyio.move_on_after(READY_WITHIN_S):
            await anyio.wait_readable(self._orders)
            with suppress(OSError):
                ready, _ = fork_protocol.receive(self._orders)
        return isinstance(ready, Ready)

    def become(self, spec_json: str, fds: HostFds) -> int | None:
        """Make it this host and let go of it; returns its pid, or None when it is dead."""
        with self._orders:
            try:
                fork_protocol.send(self._orders, ForkHost(spec_json), fds)
            except OSError:  # it is dead or dying; a corpse that is not there yet is swept up later
                self._child.reap()
                return None
        return self._child.release()

    async def end(self) -> None:
        """End a spare that is not needed."""
        self._orders.close()
        await self._child.end()
