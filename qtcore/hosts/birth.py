"""The first steps of every process that the supervisor causes: whose child it is, and what it must not inherit.

Nothing here may need more than the standard library, because fork servers use it too.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Iterable

from qtcore.hosts import linux

ADOPTED_WITHIN_S = 5.0
"""How long a forked process waits to become the supervisor's child; it normally takes microseconds."""

EXIT_BROKEN = 70
"""Exit code of a process whose own program failed; its traceback is in its output."""

EXIT_ORPHANED = 75
"""Exit code of a process whose supervisor is gone."""

DUMP_SIGNAL = signal.SIGRTMIN + 5
"""Makes a host write its stacks; a real-time signal, because libraries use SIGUSR1 and SIGUSR2."""

_ASK_AGAIN_S = 0.0002


def await_adoption(supervisor_pid: int, lifeline: int) -> None:
    """Wait until the supervisor is the parent, then bind this life to the supervisor's.

    The parent-death signal belongs to the parent of the moment, so it must not be set before;
    and the supervisor may die in between, so the parent is looked at once more. `lifeline` is a
    pipe or socket whose other end only the supervisor holds. Exits the process when there is no
    supervisor any more.
    """
    supervisor = select.poll()
    supervisor.register(lifeline, 0)  # hang-up is always told; data is none of our business here
    deadline = time.monotonic() + ADOPTED_WITHIN_S
    while os.getppid() != supervisor_pid:
        if supervisor.poll(0) or time.monotonic() > deadline:
            os._exit(EXIT_ORPHANED)
        time.sleep(_ASK_AGAIN_S)
    linux.die_with_parent()
    if os.getppid() != supervisor_pid:
        os._exit(EXIT_ORPHANED)


def hold_privately(fds: Iterable[int]) -> None:
    """Keep descriptors from being passed on to whatever this process executes."""
    for fd in fds:
        os.set_inheritable(fd, False)


def own_session() -> None:
    """Lead a session and process group of one's own, so that the whole group can be killed at once."""
    if os.getsid(0) != os.getpid():
        os.setsid()


def close_inherited(keep: Iterable[int]) -> None:
    """Close every descriptor above stderr but those in `keep`.

    A shell may leave pipes open in whatever it starts; a host that held one would keep its reader
    waiting for ever.
    """
    kept = {0, 1, 2, *keep}
    for entry in os.listdir("/proc/self/fd"):  # noqa: PTH208 - plain numbers are wanted
        if int(entry) not in kept:
            _close_quietly(int(entry))


def _close_quietly(fd: int) -> None:
    try:
        os.close(fd)
    except OSError:  # the listing's own descriptor is closed by now
        return
