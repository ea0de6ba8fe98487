"""Makes host processes, the quickest way there is at the moment, and reaps them."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup

from qtcore.errors import EnvironmentRefused
from qtcore.hosts import linux
from qtcore.hosts.board import Board
from qtcore.hosts.channel import socket_pair, supervisor_end
from qtcore.hosts.child import Child
from qtcore.hosts.fork_protocol import HostFds
from qtcore.hosts.fork_server_link import ForkServerAway, ForkServerLink, exec_light, exec_python
from qtcore.hosts.orphans import Orphans
from qtcore.hosts.output import OutputFile
from qtcore.hosts.process import HostProcess, Way
from qtcore.hosts.spec import DEFAULT_RUNTIME, HostSpec

HOUSEKEEPING_S = 1.0
"""How often output files are capped and dead orphans reaped."""

GONE_WITHIN_S = 5.0
"""How long killed hosts may take to be gone when the launcher closes."""

FORK_SERVER_OUTPUT = "fork_server"


@dataclass(frozen=True, slots=True)
class _Cradle:
    """What one attempt to make a host holds until the host is born."""

    spec: HostSpec
    fds: HostFds
    our_end: socket.socket
    evidence: int
    ours: ExitStack
    """Closes what is ours, unless the host takes it over."""
    started_ns: int


class Launcher:
    """`async with Launcher(board, logs_dir=..., preload_sets=...) as launcher: await launcher.spawn(spec)`.

    Hosts are forked from the zygote of their preload set, else from the light fork server, else
    started cold; fork servers that die are started again meanwhile. However it was made, a host is
    a child of this process, is held by its pidfd, and dies with this process. Leaving the block
    kills every host that still lives and ends the fork servers. Enter it on the main thread: the
    parent-death signal is bound to the thread that starts the children.

    `warm` names modules that the fork servers import beside the host stack. With `scratch`, a private
    folder with a short path, spares call `rehearse` of those modules that have it. `note` gets sentences
    worth a journal entry. Other children of the supervisor must stay in its session: a dead child
    of a foreign session counts as an orphan of some host and is reaped.
    """

    def __init__(
        self,
        board: Board,
        *,
        logs_dir: Path,
        preload_sets: Sequence[tuple[str, ...]] = (),
        warm: Sequence[str] = (DEFAULT_RUNTIME.partition(":")[0], "qtcore.hosts.runtime.rehearsal"),
        scratch: Path | None = None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._board = board
        self._logs_dir = logs_dir
        self._preload_sets = {names for names in preload_sets if names}
        self._warm = warm
        self._scratch = scratch
        self._note = note
        self._open = AsyncExitStack()
        self._tasks: TaskGroup
        self._liveness = -1
        self._light: ForkServerLink | None = None
        self._zygotes: dict[tuple[str, ...], ForkServerLink] = {}
        self._alive: dict[int, HostProcess] = {}
        self._latest: dict[str, HostProcess] = {}
        self._outputs: dict[str, OutputFile] = {}
        self._being_made = 0
        self._orphans = Orphans(self._known_pids)

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._running())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return await self._open.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            if group.exceptions == (error,):  # only what the caller's own block raised
                return None
            raise

    @property
    def fork_servers(self) -> tuple[ForkServerLink, ...]:
        """The light fork server, if this machine allows one, and the zygotes; for reports."""
        return (*([self._light] if self._light else []), *self._zygotes.values())

    def spawn_at_once(self, spec: HostSpec) -> HostProcess | None:
        """As `spawn`, but without waiting for anything: made of a spare, or None where there is none to be had."""
        way, link = next((way, link) for way, link in self._ways(spec) if link is not None or way is Way.LIGHT)
        if link is None or not link.has_spare:
            return None
        self._make_way(spec)
        try:
            with self._cradle(spec) as cradle:
                pid = link.take_spare(cradle.spec.model_dump_json(), cradle.fds)
                return None if pid is None else self._born(cradle, way, pid)
        except (ForkServerAway, OSError) as error:
            self._note(f"host {spec.host} is not made of a spare: {error}")
            return None

    async def spawn(self, spec: HostSpec) -> HostProcess:
        """Create the host's process. It is up when it says HostUp; `wait_gone` tells when it is dead.

        The last incarnation of the host must be gone; its evidence is closed. Raises
        EnvironmentRefused when the machine gives no process.
        """
        self._make_way(spec)
        self._being_made += 1
        try:
            return await self._make(spec)
        finally:
            self._being_made -= 1

    # --- ways to make a host --------------------------------------------------------------------

    async def _make(self, spec: HostSpec) -> HostProcess:
        for way, link in self._ways(spec):
            if link is None or not await link.usable():
                continue
            try:
                return await self._made(spec, way, link.fork)
            except ForkServerAway as away:
                self._note(f"host {spec.host} is started another way: {away}")
        try:
            return await self._made(spec, Way.COLD, self._exec_host)
        except OSError as error:
            raise EnvironmentRefused(
                f"host {spec.host} cannot be started: {error.strerror}; free processes, descriptors or memory"
            ) from error

    def _ways(self, spec: HostSpec) -> tuple[tuple[Way, ForkServerLink | None], ...]:
        return (Way.ZYGOTE, self._zygotes.get(spec.preload)), (Way.LIGHT, self._light)

    def _make_way(self, spec: HostSpec) -> None:
        """Put away what is left of the last incarnation."""
        previous = self._latest.pop(spec.host, None)
        if previous is not None:
            previous.close()
        self._board.clear_host(spec.host_slot)

    async def _made(self, spec: HostSpec, way: Way, make: Callable[[str, HostFds], Awaitable[int]]) -> HostProcess:
        with self._cradle(spec) as cradle:
            return self._born(cradle, way, await make(spec.model_dump_json(), cradle.fds))

    @contextmanager
    def _cradle(self, spec: HostSpec) -> Iterator[_Cradle]:
        """What one attempt needs. Each has a socket of its own, so that a straggler of a failed one is nobody."""
        started_ns = time.monotonic_ns()
        with ExitStack() as theirs, ExitStack() as ours:
            our_end, their_end = socket_pair()
            ours.callback(our_end.close)
            theirs.callback(their_end.close)
            evidence = os.memfd_create(f"qt-evidence-{spec.host}", os.MFD_CLOEXEC)
            ours.callback(os.close, evidence)
            output = self._open_output(spec.host)
            theirs.callback(os.close, output)
            fds = HostFds(their_end.fileno(), self._board.fileno(), self._liveness, output, evidence)
            yield _Cradle(spec, fds, our_end, evidence, ours, started_ns)

    def _born(self, cradle: _Cradle, way: Way, pid: int) -> HostProcess:
        spec = cradle.spec
        process = HostProcess(
            spec=spec,
            child=_hold(pid, spec),
            way=way,
            channel=supervisor_end(cradle.our_end),
            board=self._board,
            output=self._output(spec.host),
            evidence_fd=cradle.evidence,
            started_ns=cradle.started_ns,
        )
        cradle.ours.pop_all()
        self._alive[pid] = self._latest[spec.host] = process
        self._tasks.start_soon(self._reap, process)
        return process

    async def _exec_host(self, spec_json: str, fds: HostFds) -> int:
        arguments = ["-m", "qtcore.hosts.program", spec_json, ",".join(str(fd) for fd in fds)]
        return exec_python(arguments, fds.output, fds)

    def _open_output(self, name: str) -> int:
        """The output file; a home that cannot be written must not keep a host from running."""
        try:
            return self._output(name).open()
        except OSError as error:
            self._note(f"the output of {name} is lost: {self._output(name).path}: {error.strerror}")
            return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)

    def _output(self, name: str) -> OutputFile:
        return self._outputs.setdefault(name, OutputFile(self._logs_dir / f"{name}.out"))

    # --- background -----------------------------------------------------------------------------

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        self._liveness, alive = os.pipe()  # nobody writes: its write end closes when we die
        try:
            with self._subreaper() as adopts:
                async with self._cleared_up(), anyio.create_task_group() as self._tasks:
                    self._tasks.start_soon(self._keep_house)
                    if adopts:
                        self._start_fork_servers()
                    try:
                        yield
                    finally:
                        await self._close()
        finally:
            os.close(self._liveness)
            os.close(alive)

    @contextmanager
    def _subreaper(self) -> Iterator[bool]:
        """Adopt the children of children while the launcher is open; False where the kernel refuses."""
        try:
            linux.set_subreaper(True)
        except OSError as error:
            self._note(f"hosts are started cold, because this process may not adopt forked ones: {error.strerror}")
            yield False
            return
        try:
            yield True
        finally:
            linux.set_subreaper(False)

    def _sweep_scratch(self) -> None:
        """Remove what spares left that were killed while they rehearsed, in this run or the last."""
        for left in self._scratch.glob("rehearsal-*") if self._scratch else ():
            shutil.rmtree(left, ignore_errors=True)

    def _start_fork_servers(self) -> None:
        self._sweep_scratch()
        self._light = light = ForkServerLink("light fork server", self._exec_light, self._note)
        for names in self._preload_sets:
            start = partial(_fork_zygote, light, names)
            self._zygotes[names] = ForkServerLink(f"zygote of {', '.join(names)}", start, self._note)
        for link in self.fork_servers:
            self._tasks.start_soon(link.run)

    async def _exec_light(self, request_end: socket.socket) -> int:
        output = self._open_output(FORK_SERVER_OUTPUT)
        try:
            return exec_light(output, request_end, str(self._scratch or ""), self._warm)
        finally:
            os.close(output)

    async def _reap(self, process: HostProcess) -> None:
        await process.reap(self._orphans.end_of)
        del self._alive[process.pid]

    async def _keep_house(self) -> None:
        while True:
            await anyio.sleep(HOUSEKEEPING_S)
            for output in [*self._outputs.values()]:
                await output.rotate_when_full()
            if not self._being_made:  # a host just forked is not known yet; its status must not be taken
                self._orphans.reap_dead()

    async def _close(self) -> None:
        with anyio.CancelScope(shield=True):
            for process in [*self._alive.values()]:
                process.kill("the supervisor ends")
            with anyio.move_on_after(GONE_WITHIN_S):
                for process in [*self._alive.values()]:
                    await process.wait_gone()
            for process in self._latest.values():
                process.close()
            await self._orphans.end_all()
            self._tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def _cleared_up(self) -> AsyncIterator[None]:
        """At the end: what remains of fork servers killed while they forked, or of spares while they rehearsed."""
        try:
            yield
        finally:
            with anyio.CancelScope(shield=True):
                await self._orphans.end_all()
            self._sweep_scratch()

    def _known_pids(self) -> set[int]:
        servers = {link.pid for link in self.fork_servers if link.pid is not None}
        return {*self._alive, *servers}


async def _fork_zygote(light: ForkServerLink, preload: tuple[str, ...], request_end: socket.socket) -> int:
    if not await light.usable():
        raise ForkServerAway("the light fork server is away")
    return await light.fork_zygote(preload, request_end)


def _hold(pid: int, spec: HostSpec) -> Child:
    try:
        return Child(pid)
    except ProcessLookupError:
        raise ForkServerAway(f"host {spec.host} died before it could be held") from None
