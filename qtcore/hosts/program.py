"""The host program: one process in which plugins run, from its first instruction to its exit code."""

from __future__ import annotations

import faulthandler
import importlib
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

import anyio
from anyio import open_signal_receiver  # by name: as an attribute it would be imported in every child
from anyio.abc import TaskStatus
from anyio.streams.memory import MemoryObjectSendStream

from qtcore.control.host_message import StopHost, ToHost
from qtcore.hosts import birth, interpreter, linux
from qtcore.hosts.board import Board
from qtcore.hosts.channel import ChannelClosed, HostEnd, host_end
from qtcore.hosts.fork_protocol import HostFds
from qtcore.hosts.orphans import HOST_TAG
from qtcore.hosts.spec import HostSpec

FLUSH_WITHIN_S = 1.0
"""How long the last messages may take to be read by the supervisor."""

SIGTERM_GRACE_S = 10.0
INBOX = 100
"""Control messages read ahead; when the runtime does not keep up, the supervisor's end fills and it notices."""

OOM_SCORE = 300
"""Makes the kernel, short of memory, choose a host before the supervisor."""


class Runtime(Protocol):
    """What runs the plugins inside a host."""

    async def run(self, messages: AsyncIterator[ToHost]) -> None:
        """Serve until StopHost or the end of messages, then leave nothing running."""
        ...


RuntimeFactory = Callable[..., Runtime]
"""Called with keywords host, spec, board and send."""


def main(argv: list[str]) -> int:
    """Cold start: `python -P -m qtcore.hosts.program SPEC_JSON FDS`, FDS as five numbers with commas."""
    fds = HostFds(*(int(fd) for fd in argv[1].split(",")))
    birth.close_inherited(fds)
    return run(argv[0], fds)


def run(spec_json: str, fds: HostFds) -> int:
    """Be a host until told to stop; returns the exit code. Never returns in a host that lost its supervisor."""
    spec = HostSpec.model_validate_json(spec_json)
    _be_somebody(spec, fds)
    board = Board.attach(fds.board)
    # Adopted only now, because the middle process of the fork dies while the lines above run.
    birth.await_adoption(spec.supervisor_pid, fds.liveness)
    board.claim_host(spec.host_slot, spec.incarnation)
    threading.Thread(target=_beat_thread, args=(board, spec, fds.liveness), name="qt-beat", daemon=True).start()
    code = birth.EXIT_BROKEN
    interpreter.prepare()
    try:
        make_runtime = _load_runtime(spec.runtime)
        anyio.run(live, spec, board, socket.socket(fileno=fds.control), make_runtime, backend="asyncio")
        code = 0
    except Exception:  # noqa: BLE001 - the output file is the place for it, and the code tells the supervisor
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def rehearse() -> None:
    """Run an empty loop once: a forked process copies each page that it touches for the first time."""
    anyio.run(anyio.lowlevel.checkpoint, backend="asyncio")


def leave(code: int) -> None:
    """End now. Exit hooks of libraries do not run: a plugin's thread that never ends must not keep the host."""
    os._exit(code)


def _be_somebody(spec: HostSpec, fds: HostFds) -> None:
    """Shed what was inherited and become a process in its own right, named, grouped and with its own output."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to judge
    os.umask(0o077)
    birth.hold_privately(fds)
    birth.own_session()
    linux.name_process(f"qt:{spec.host}")
    _protect_machine()
    _take_share(spec)
    _attach_output(fds.output)
    faulthandler.enable(file=fds.evidence)
    faulthandler.register(birth.DUMP_SIGNAL, file=fds.evidence, all_threads=True)
    os.environ[HOST_TAG] = str(os.getpid())
    sys.argv = ["qt-host", spec.host]
    sys.path[:0] = [str(folder) for folder in spec.import_path]
    _reseed()


def _protect_machine() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))  # cores hold keys
    try:
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    except OSError as error:
        print(f"the kernel's choice when memory runs out was not set: {error}", file=sys.stderr)  # noqa: T201 - our log


def _take_share(spec: HostSpec) -> None:
    """Of processors and memory, what this host is meant to have.

    Data is limited, not address space: libraries reserve far more of that than they ever use.
    """
    if spec.nice:
        try:
            linux.stand_back(spec.nice)
        except OSError as error:
            print(f"the host stands back for nobody: {error}", file=sys.stderr)  # noqa: T201 - our log
    if spec.memory_mb is not None:
        limit = spec.memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _attach_output(fd: int) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(null)
    os.close(fd)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # it is the real one here


def _reseed() -> None:
    """Give a forked child its own randomness where Python does not see to it: numpy's global generator."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _load_runtime(name: str) -> RuntimeFactory:
    module, _, factory = name.partition(":")
    made: RuntimeFactory = getattr(importlib.import_module(module), factory)
    return made


def _beat_thread(board: Board, spec: HostSpec, liveness: int) -> None:
    """Beat, and die at once when the supervisor does: its end of the pipe is then closed.

    The parent-death signal does the same; the pipe also holds where that signal is not delivered.
    """
    poller = select.poll()
    poller.register(liveness, select.POLLIN)
    while True:
        board.beat_thread(spec.host_slot, time.monotonic_ns())
        if poller.poll(spec.beat_period_s * 1000):
            os.killpg(0, signal.SIGKILL)


async def live(spec: HostSpec, board: Board, control: socket.socket, make_runtime: RuntimeFactory) -> None:
    """Be the host on this loop until it is told to stop; the control socket is closed at the end."""
    channel = host_end(control)
    outbox, inbox = anyio.create_memory_object_stream[ToHost](INBOX)
    runtime = make_runtime(host=spec.host, spec=spec, board=board, send=channel.send)
    async with anyio.create_task_group() as tasks, inbox:
        tasks.start_soon(_beat_loop, board, spec)
        tasks.start_soon(channel.drain)
        tasks.start_soon(_read, channel, outbox)
        tasks.start_soon(interpreter.settle)
        await tasks.start(_obey_sigterm, outbox)
        await runtime.run(inbox)
        tasks.cancel_scope.cancel()
    with anyio.move_on_after(FLUSH_WITHIN_S):
        await _say_last_words(channel)
    channel.close()


async def _beat_loop(board: Board, spec: HostSpec) -> None:
    while True:
        board.beat_loop(spec.host_slot, time.monotonic_ns())
        await anyio.sleep(spec.beat_period_s)


async def _read(channel: HostEnd, outbox: MemoryObjectSendStream[ToHost]) -> None:
    async with outbox:
        async for message in channel:
            await outbox.send(message)


async def _obey_sigterm(outbox: MemoryObjectSendStream[ToHost], *, task_status: TaskStatus[None]) -> None:
    with open_signal_receiver(signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            try:
                await outbox.send(StopHost(reason="SIGTERM", grace_s=SIGTERM_GRACE_S))
            except (anyio.ClosedResourceError, anyio.BrokenResourceError):
                return


async def _say_last_words(channel: HostEnd) -> None:
    try:
        await channel.flush()
    except ChannelClosed:
        return


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
