"""The few Linux system calls that the standard library has no function for."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

AUTOGROUP = Path("/proc/self/autogroup")
_TURN_S, _ASKED_AT_MOST = 0.1, 100

_libc = ctypes.CDLL(None, use_errno=True)


def set_subreaper(on: bool) -> None:
    """Become the parent of descendants whose own parents die, or stop being it. Raises OSError."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(on))


def die_with_parent() -> None:
    """Have the kernel send SIGKILL to this process when its parent thread dies.

    Call it once the parent is the right one, and check the parent again afterwards. Raises OSError.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def name_process(name: str) -> None:
    """The name that `ps` and `top` show; the kernel keeps 15 bytes."""
    _prctl(_PR_SET_NAME, ctypes.c_char_p(name.encode()[:15]))


def stand_back(nice: int) -> None:
    """Let others go first when processors are short.

    The kernel may share them out by session before it looks at processes (autogroup), and each host
    has a session of its own: then it is the session's value that counts. Of all unprivileged processes
    of the machine one may set that in a tenth of a second; whoever comes too soon goes on asking in a
    thread. Raises OSError.
    """
    os.nice(nice)
    value = str(os.getpriority(os.PRIO_PROCESS, 0))
    if not _session_stands_back(value):
        threading.Thread(target=_insist, args=(value,), name="stand back", daemon=True).start()


def _session_stands_back(value: str) -> bool:
    try:
        AUTOGROUP.write_text(value)
    except FileNotFoundError:  # a kernel without autogroups
        return True
    except BlockingIOError:
        return False
    return True


def _insist(value: str) -> None:
    """In vain only where others ask all the time; then the host has its share like anybody else."""
    with suppress(OSError):
        for _ in range(_ASKED_AT_MOST):
            time.sleep(random.uniform(0.5, 1.5) * _TURN_S)  # noqa: S311 - only so that many do not ask at once
            if _session_stands_back(value):
                return


def _prctl(option: int, argument: int | ctypes.c_char_p) -> None:
    zero = ctypes.c_ulong(0)
    value = ctypes.c_ulong(argument) if isinstance(argument, int) else argument
    if _libc.prctl(ctypes.c_int(option), value, zero, zero, zero) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}) was refused: {os.strerror(number)}")
