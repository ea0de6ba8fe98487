"""Processes that hosts left behind: the kernel makes them children of the supervisor, which ends and reaps them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress

import anyio

from qtcore.hosts import proc
from qtcore.hosts.child import Child

HOST_TAG = "QTCORE_HOST_PID"
"""Environment variable by which what a host executes can be told, even after it made a session of its own."""

END_WITHIN_S = 2.0
"""How long killed orphans may take to be gone when the launcher closes."""


class Orphans:
    """Tells orphans from the supervisor's own children: they lie in a foreign session and are not known to it."""

    def __init__(self, known: Callable[[], Iterable[int]]) -> None:
        self._known = known
        self._own_session = os.getsid(0)

    def end_of(self, host_pid: int) -> None:
        """Kill what a dead but unreaped host left in its session, or had started elsewhere."""
        tag = f"{HOST_TAG}={host_pid}"
        for pid, session in self._found():
            if session == host_pid or tag in proc.environment(pid):
                _kill(pid)

    def reap_dead(self) -> None:
        """Take the status of orphans that have ended; those of hosts are left for their owners."""
        for pid, _ in self._found():
            if proc.is_dead(pid):
                _reap(pid)

    async def end_all(self) -> None:
        """Kill and reap every orphan, as far as END_WITHIN_S allows."""
        with anyio.move_on_after(END_WITHIN_S):
            while found := self._found():
                for pid, _ in found:
                    await _end(pid)

    def _found(self) -> list[tuple[int, int]]:
        """Pid and session of each orphan; nobody but us can reap them, so these pids stay theirs."""
        known = {*self._known()}
        found = []
        for pid in proc.children():
            session = None if pid in known else proc.session(pid)
            if session is not None and session != self._own_session:
                found.append((pid, session))
        return found


async def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        await Child(pid).end()


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _reap(pid: int) -> None:
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG)
