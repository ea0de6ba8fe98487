"""A child process held by its pidfd: nobody else can be signalled or reaped by mistake."""

from __future__ import annotations

import os
import signal

import anyio

END_WITHIN_S = 2.0
"""How long a killed child may take to be gone before it is left to the kernel."""


class Child:
    """One child of this process, from now until it is reaped.

    Opening it is free of races, because a dead child keeps its pid until this process reaps it.
    Raises ProcessLookupError when there is no such process.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)

    def send_signal(self, number: int) -> None:
        """Signal it; nothing happens when it is dead."""
        if self._pidfd < 0:
            return
        try:
            signal.pidfd_send_signal(self._pidfd, number)
        except ProcessLookupError:
            return

    async def wait_dead(self) -> None:
        """Wait until it is dead; its corpse keeps the pid until `reap`. One task at a time."""
        await anyio.wait_readable(self._pidfd)

    def reap(self) -> os.waitid_result | None:
        """Take the status of the dead child and let go; None when it was not ours to take (yet, or any more)."""
        try:
            return os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        except ChildProcessError:
            return None
        finally:
            os.close(self._pidfd)
            self._pidfd = -1

    def release(self) -> int:
        """Let go of it without reaping, because another Child is about to hold it; returns the pid."""
        os.close(self._pidfd)
        self._pidfd = -1
        return self.pid

    async def end(self) -> None:
        """Kill, wait within END_WITHIN_S, reap."""
        self.send_signal(signal.SIGKILL)
        with anyio.move_on_after(END_WITHIN_S, shield=True):
            await self.wait_dead()
        self.reap()
