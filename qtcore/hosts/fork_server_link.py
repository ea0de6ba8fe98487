"""The supervisor's hold on one fork server: it starts it, asks it for hosts, and starts it again when it is gone."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from enum import StrEnum

import anyio

from qtcore.errors import QtError
from qtcore.hosts import fork_protocol
from qtcore.hosts.child import Child
from qtcore.hosts.fork_protocol import Forked, ForkHost, ForkSpare, ForkZygote, HostFds, Ready, Refused
from qtcore.hosts.spare import Spare

REPLY_WITHIN_S = 2.0
"""How long a fork may take; a server that needs longer is killed and replaced."""

READY_WITHIN_S = 30.0
"""How long imports may take, on a cold disk."""

STABLE_AFTER_S = 10.0
"""A server that lived so long is started again at once; one that keeps dying, ever less often."""

RESTART_AT_MOST_S = 5.0
_FIRST_DELAY_S = 0.05

SPARE_AFTER_S = 0.2
"""How long after the last need the next spare is forked: first things first."""

Start = Callable[[socket.socket], Awaitable[int]]
"""Makes the server process with this end of its request socket; returns its pid."""


class ForkServerAway(QtError):
    """The fork server cannot serve now; hosts start another way meanwhile."""


class ForkServerState(StrEnum):
    """What a fork server can do for us."""

    NEW = "new"
    READY = "ready"
    AWAY = "away"
    UNUSABLE = "unusable"


class ForkServerLink:
    """Keeps one fork server alive (`run`) and forks hosts from it (`fork`)."""

    def __init__(self, name: str, start: Start, note: Callable[[str], None]) -> None:
        self.name = name
        self.state = ForkServerState.NEW
        self._start = start
        self._note = note
        self._requests: socket.socket | None = None
        self._child: Child | None = None
        self._spare: Spare | None = None
        self._spare_taken = anyio.Event()
        self._turn = anyio.Lock()
        self._decided = anyio.Event()
        self._delay_s = _FIRST_DELAY_S

    async def usable(self) -> bool:
        """Whether it can fork now; waits only while it starts for the first time."""
        await self._decided.wait()
        return self.state is ForkServerState.READY or self._spare is not None

    @property
    def pid(self) -> int | None:
        """The server's process, if there is one."""
        return self._child.pid if self._child else None

    @property
    def has_spare(self) -> bool:
        """Whether the next host is forked already."""
        return self._spare is not None

    async def fork(self, spec_json: str, fds: HostFds) -> int:
        """Fork a host; returns its pid, soon our child's. Raises ForkServerAway."""
        return self.take_spare(spec_json, fds) or await self._ask(ForkHost(spec_json), fds)

    def take_spare(self, spec_json: str, fds: HostFds) -> int | None:
        """Make the spare this host; returns its pid, or None when there is none."""
        spare, self._spare = self._spare, None
        self._spare_taken.set()
        return spare.become(spec_json, fds) if spare else None

    async def fork_zygote(self, preload: tuple[str, ...], request_end: socket.socket) -> int:
        """Fork a zygote; returns its pid. Raises ForkServerAway."""
        return await self._ask(ForkZygote(preload), [request_end.fileno()])

    async def run(self) -> None:
        """Start the server, and again whenever it dies, until cancelled or found unusable."""
        try:
            while self.state is not ForkServerState.UNUSABLE:
                born_s = anyio.current_time()
                await self._live_once()
                if anyio.current_time() - born_s > STABLE_AFTER_S:
                    self._delay_s = _FIRST_DELAY_S
                await anyio.sleep(self._delay_s)
                self._delay_s = min(self._delay_s * 2, RESTART_AT_MOST_S)
        finally:
            await self._end()
            if self._spare is not None:
                await self._spare.end()
                self._spare = None

    async def _live_once(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._requests = ours
        try:
            with theirs:
                self._child = child = Child(await self._start(theirs))
            await self._wait_ready()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._keep_spare)
                await child.wait_dead()
                tasks.cancel_scope.cancel()
            self._note(f"the {self.name} died; hosts start another way until it is back")
        except (ForkServerAway, OSError) as error:
            self._note(f"the {self.name} did not start: {error}")
        finally:
            if self.state is not ForkServerState.UNUSABLE:
                self.state = ForkServerState.AWAY
            self._decided.set()
            await self._end()

    async def _wait_ready(self) -> None:
        with anyio.move_on_after(READY_WITHIN_S):
            answer = await self._receive()
            match answer:
                case Ready(skipped=skipped):
                    for sentence in skipped:
                        self._note(sentence)
                    self.state = ForkServerState.READY
                    self._decided.set()
                    return
                case Refused(sentence=sentence):
                    self.state = ForkServerState.UNUSABLE
                    raise ForkServerAway(sentence)
                case _:
                    raise ForkServerAway("it ended before it was ready; see its output in the logs folder")
        raise ForkServerAway(f"it was not ready within {READY_WITHIN_S:g} s")

    async def _keep_spare(self) -> None:
        """Fork a spare whenever there is none, while the server lives."""
        while True:
            await anyio.sleep(SPARE_AFTER_S)
            if self._spare is None:
                try:
                    self._spare = await self._forked_spare()
                except (ForkServerAway, OSError):
                    return  # the server is dying, or the machine is full: hosts are then forked when needed
            self._spare_taken = anyio.Event()
            await self._spare_taken.wait()

    async def _forked_spare(self) -> Spare | None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, ExitStack() as on_failure:
            on_failure.callback(ours.close)
            child = Child(await self._ask(ForkSpare(), [theirs.fileno()]))
            on_failure.pop_all()
        spare = Spare(child, ours)
        ready = False
        try:
            ready = await spare.wait_ready()
        finally:
            if not ready:
                await spare.end()
        return spare if ready else None

    async def _ask(self, request: fork_protocol.Message, fds: Sequence[int]) -> int:
        """One request and its reply. Shielded: an answer left unread would be taken for the next one's."""
        pid: int | None = None
        with anyio.CancelScope(shield=True):
            async with self._turn:
                with anyio.move_on_after(REPLY_WITHIN_S):
                    pid = await self._exchange(request, fds)
                if pid is None and self._child is not None:
                    self._child.send_signal(signal.SIGKILL)
        if pid is None:
            raise ForkServerAway(f"the {self.name} did not answer within {REPLY_WITHIN_S:g} s and was killed")
        return pid

    async def _exchange(self, request: fork_protocol.Message, fds: Sequence[int]) -> int:
        requests = self._requests
        if self.state is not ForkServerState.READY or requests is None:
            raise ForkServerAway(f"the {self.name} is {self.state}")
        try:
            fork_protocol.send(requests, request, fds)
        except OSError as error:
            raise ForkServerAway(f"the {self.name} cannot be asked: {error.strerror}") from error
        match await self._receive():
            case Forked(pid=pid):
                return pid
            case Refused(sentence=sentence):
                raise ForkServerAway(f"the {self.name} refused: {sentence}")
            case _:
                raise ForkServerAway(f"the {self.name} died while it was asked")

    async def _receive(self) -> fork_protocol.Message | None:
        """The next answer; None when the server is gone."""
        requests = self._requests
        if requests is None:
            return None
        try:
            await anyio.wait_readable(requests)
            answer, _ = fork_protocol.receive(requests)
        except (OSError, anyio.ClosedResourceError):
            return None
        return answer

    async def _end(self) -> None:
        """Make sure that the process is dead and reaped, and close what held it."""
        if self._child is not None:
            await self._child.end()
            self._child = None
        if self._requests is not None:
            anyio.notify_closing(self._requests)
            self._requests.close()
            self._requests = None


def exec_light(output: int, request_end: socket.socket, scratch: str, warm: Sequence[str]) -> int:
    """Start the light fork server with its output going to this descriptor; returns the pid. Raises OSError."""
    fd = request_end.fileno()
    return exec_python(["-m", "qtcore.hosts.fork_server", str(os.getpid()), str(fd), scratch, *warm], output, [fd])


def exec_python(arguments: Sequence[str], output: int, fds: Sequence[int]) -> int:
    """Start this interpreter in a session of its own with these descriptors kept; returns the pid. Raises OSError.

    `-P` keeps the working folder off `sys.path`: a stray `json.py` there must not end up in every host.
    """
    null = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    outputs = [(os.POSIX_SPAWN_DUP2, output, target) for target in (1, 2)]
    # Duplicating a descriptor onto itself is how posix_spawn lets it stay open.
    kept = [(os.POSIX_SPAWN_DUP2, fd, fd) for fd in fds]
    command = [sys.executable, "-P", *arguments]
    return os.posix_spawn(sys.executable, command, os.environ, file_actions=[*kept, null, *outputs], setsid=True)
