"""One host process as the supervisor holds it: by its pidfd, never by a bare pid."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import anyio

from qtcore.hosts import proc
from qtcore.hosts.birth import EXIT_BROKEN, EXIT_ORPHANED
from qtcore.hosts.board import Board
from qtcore.hosts.channel import SupervisorEnd
from qtcore.hosts.child import Child
from qtcore.hosts.output import OutputFile
from qtcore.hosts.spec import HostSpec
from qtcore.kernel.words import Cause

EXIT_MEANINGS = {
    EXIT_BROKEN: ": its runtime failed, see the traceback at the end of its output",
    EXIT_ORPHANED: ": it never became this supervisor's child",
}


class Way(StrEnum):
    """How a host came to be."""

    ZYGOTE = "zygote"
    LIGHT = "light"
    COLD = "cold"


@dataclass(frozen=True, slots=True)
class HostEnd:
    """Proof of death: the process has been reaped. `code` is the exit code or the signal's number."""

    cause: Cause
    code: int
    reason: str


class HostProcess:
    """A host that has been spawned; made by the Launcher, which also reaps it."""

    def __init__(
        self,
        *,
        spec: HostSpec,
        child: Child,
        way: Way,
        channel: SupervisorEnd,
        board: Board,
        output: OutputFile,
        evidence_fd: int,
        started_ns: int,
    ) -> None:
        self.spec = spec
        self.pid = child.pid
        self.way = way
        self.channel = channel
        self.output = output
        self.started_ns = started_ns
        self.end: HostEnd | None = None
        self._child = child
        self._board = board
        self._evidence_fd = evidence_fd
        self._gone = anyio.Event()
        self._killed_for: str | None = None
        self._oom_kills_before = proc.oom_kills()

    @property
    def host(self) -> str:
        """The host's name."""
        return self.spec.host

    @property
    def incarnation(self) -> int:
        """Which life of the host this is."""
        return self.spec.incarnation

    async def wait_gone(self) -> HostEnd:
        """Wait until the process is dead and reaped; any number of tasks may wait."""
        await self._gone.wait()
        assert self.end is not None  # noqa: S101 - set right before the event
        return self.end

    def kill(self, reason: str) -> None:
        """SIGKILL the host and everything in its process group; `wait_gone` tells when it is done."""
        if self.end is not None:
            return
        self._killed_for = self._killed_for or reason
        self.send_signal(signal.SIGKILL)
        self._kill_group()

    def send_signal(self, number: int) -> None:
        """Signal exactly this process; nothing happens when it is dead."""
        self._child.send_signal(number)

    def beats_once(self) -> bool:
        """Whether this incarnation has ever beaten: from then on it can write its stacks."""
        slot = self.spec.host_slot
        return self._board.incarnation(slot) == self.incarnation

    def entered_last(self) -> str | None:
        """The plugin whose code the host says it entered last: a hint, for other code may run since."""
        slot = self._board.running(self.spec.host_slot)
        return next((name for name, at in self.spec.plugin_slots.items() if at == slot), None)

    def evidence_size(self) -> int:
        """Bytes of stacks written so far; 0 after `close`."""
        return os.fstat(self._evidence_fd).st_size if self._evidence_fd >= 0 else 0

    def read_evidence(self, offset: int = 0) -> str:
        """The stacks written from `offset` on; empty after `close`."""
        if self._evidence_fd < 0:
            return ""
        return os.pread(self._evidence_fd, 1_000_000, offset).decode(errors="replace")

    def close(self) -> None:
        """Give back the descriptors of a process that is gone and whose evidence has been read."""
        self.channel.close()
        if self._evidence_fd >= 0:
            os.close(self._evidence_fd)
            self._evidence_fd = -1

    async def reap(self, bury: Callable[[int], None]) -> None:
        """Wait for the death, end what the host left running, then take its status (Launcher only)."""
        await self._child.wait_dead()
        # The unreaped corpse still holds its pid, so its group and session cannot be anybody else's.
        self._kill_group()
        bury(self.pid)
        self.end = self._explain(self._child.reap())
        self._gone.set()

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:  # it has not made its own session yet, or nobody is left in it
            return

    def _explain(self, info: os.waitid_result | None) -> HostEnd:
        if info is None:
            sentence = f"host {self.host} ended, but how is unknown: something else in the supervisor took its status"
            return HostEnd(Cause.EXIT_CODE, -1, sentence)
        if info.si_code == os.CLD_EXITED:
            meaning = EXIT_MEANINGS.get(info.si_status, "")
            sentence = f"host {self.host} exited with code {info.si_status}{meaning}"
            return HostEnd(Cause.EXIT_CODE, info.si_status, sentence)
        number = info.si_status
        name = _signal_name(number)
        if self._killed_for is not None:
            return HostEnd(Cause.SIGNAL, number, f"host {self.host} was killed because {self._killed_for}")
        if number == signal.SIGKILL and proc.oom_kills() > self._oom_kills_before:
            sentence = f"host {self.host} was killed by SIGKILL while the kernel ran out of memory"
            return HostEnd(Cause.OUT_OF_MEMORY, number, sentence)
        return HostEnd(Cause.SIGNAL, number, f"host {self.host} was ended by {name}, which the supervisor did not send")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals between the first and the last have no name
        return f"signal {number}"
