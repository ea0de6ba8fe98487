"""The program that forks hosts: it imports what hosts need, and from then on only forks.

It runs no loop, starts no thread and calls into no library, because a fork copies the locks of
all threads but only one thread: a library that has been *used* may hang in every child. It is
started by exec (the light server), or forked by the light server to import one more set of
modules (a zygote).
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

from qtcore.hosts import birth, fork_protocol, linux, proc
from qtcore.hosts.fork_protocol import Forked, ForkHost, ForkSpare, ForkZygote, HostFds, Ready, Refused

HOST_STACK = (
    "anyio._backends._asyncio",
    "asyncio",
    "orjson",
    "pluggy",
    "pydantic",
    "structlog",
    "opentelemetry.sdk.trace",
    "opentelemetry.trace",
    "zmq.asyncio",
    "qtcore",
    "qtcore.hosts.program",
)
"""What every host imports anyway; without these there is no host."""


class PreloadFailed(Exception):
    """A module of the preload set cannot be held by a zygote; the text is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Warmth:
    """What makes hosts start quicker: modules imported ahead, and where spares may rehearse (empty: nowhere)."""

    scratch: str
    modules: tuple[str, ...]

    def rehearse(self) -> None:
        """Call `rehearse(scratch)` of each module that has it. What it raises ends the spare; a later one is tried."""
        for name in self.modules if self.scratch else ():
            rehearse = getattr(sys.modules.get(name), "rehearse", None)
            if rehearse is not None:
                rehearse(self.scratch)


def main(argv: list[str]) -> int:
    """`python -P -m qtcore.hosts.fork_server SUPERVISOR_PID REQUEST_FD SCRATCH [WARM_MODULE ...]`."""
    supervisor_pid, request_fd, warmth = int(argv[0]), int(argv[1]), Warmth(argv[2], tuple(argv[3:]))
    birth.close_inherited([request_fd])
    birth.await_adoption(supervisor_pid, request_fd)
    linux.name_process("qt:fork-server")
    with socket.socket(fileno=request_fd) as requests:
        for name in HOST_STACK:
            importlib.import_module(name)
        skipped = _warm(warmth.modules)
        _settle()
        fork_protocol.send(requests, Ready(skipped))
        _serve(requests, supervisor_pid, warmth)
    return 0


def _warm(names: Iterable[str]) -> tuple[str, ...]:
    """Import what makes hosts start quicker; a failure is told, and the host that needs it will say the same."""
    skipped = []
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # noqa: BLE001 - any module may raise anything at import
            skipped.append(f"{name} could not be imported ahead: {type(error).__name__}: {error}")
    return tuple(skipped)


def _settle() -> None:
    """Move what exists out of the collector's sight, so that children do not copy those pages by collecting."""
    gc.collect()
    gc.disable()
    gc.freeze()


def _serve(requests: socket.socket, supervisor_pid: int, warmth: Warmth) -> None:
    """Answer requests until the supervisor closes its end."""
    while True:
        request, fds = fork_protocol.receive(requests)
        match request:
            case None:
                return
            case ForkHost(spec=spec):
                _fork_adopted(requests, partial(_become_host, spec, HostFds(*fds)))
            case ForkZygote(preload=preload):
                _fork_adopted(requests, partial(_become_zygote, preload, fds[0], supervisor_pid, warmth))
            case ForkSpare():
                _fork_adopted(requests, partial(_become_spare, fds[0], supervisor_pid, warmth))
            case other:
                fork_protocol.send(requests, Refused(f"{type(other).__name__} is not a request"))
        for fd in fds:
            os.close(fd)


def _fork_adopted(requests: socket.socket, child: Callable[[], int]) -> None:
    """Fork twice, so that the grandchild loses its parent at once and is adopted by the supervisor."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        middle = os.fork()
    except OSError as error:
        fork_protocol.send(requests, Refused(f"fork failed: {error.strerror}"))
        return
    if middle == 0:
        _in_the_middle(requests, child)
    os.waitpid(middle, 0)


def _in_the_middle(requests: socket.socket, child: Callable[[], int]) -> NoReturn:
    code = birth.EXIT_BROKEN
    try:
        pid = os.fork()
        if pid == 0:
            requests.close()
            code = child()
        else:
            fork_protocol.send(requests, Forked(pid))
            code = 0
    except OSError as error:
        fork_protocol.send(requests, Refused(f"fork failed: {error.strerror}"))
    except BaseException:  # noqa: BLE001 - last words of a process that ends here
        traceback.print_exc()
    finally:
        os._exit(code)


def _become_host(spec: str, fds: HostFds) -> int:
    from qtcore.hosts import program

    gc.enable()
    return program.run(spec, fds)


def _become_spare(request_fd: int, supervisor_pid: int, warmth: Warmth) -> int:
    from qtcore.hosts import program

    birth.own_session()
    birth.await_adoption(supervisor_pid, request_fd)
    linux.name_process("qt:spare")
    gc.enable()
    program.rehearse()
    warmth.rehearse()
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=request_fd) as orders:
        fork_protocol.send(orders, Ready())
        order, fds = fork_protocol.receive(orders)
    if not isinstance(order, ForkHost):
        return 0  # the supervisor is gone, or needs no host
    return program.run(order.spec, HostFds(*fds))


def _become_zygote(preload: tuple[str, ...], request_fd: int, supervisor_pid: int, warmth: Warmth) -> int:
    birth.own_session()
    birth.await_adoption(supervisor_pid, request_fd)
    linux.name_process("qt:zygote")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.enable()
    with socket.socket(fileno=request_fd) as requests:
        try:
            _preload(preload)
        except PreloadFailed as failure:
            fork_protocol.send(requests, Refused(str(failure)))
            return 0
        _settle()
        fork_protocol.send(requests, Ready())
        _serve(requests, supervisor_pid, warmth)
    return 0


def _preload(names: Iterable[str]) -> None:
    """Import third-party modules; raises PreloadFailed when one fails or leaves threads behind."""
    # Numeric libraries start a thread per processor when they are imported, unless told otherwise.
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    for name in names:
        try:
            importlib.import_module(name)
        except (Exception, SystemExit) as error:
            raise PreloadFailed(
                f"preload module {name!r} cannot be imported ({type(error).__name__}: {error}); hosts of this set "
                "start from the light fork server. Install it or take it out of `preload`"
            ) from error
        if (threads := proc.own_threads()) > 1:
            raise PreloadFailed(
                f"preload module {name!r} starts threads when it is imported ({threads - 1} of them), which a fork "
                "would lose; hosts of this set start from the light fork server. Take it out of `preload`"
            )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
