"""The few Linux system calls that the standard library has no function for."""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36

AUTOGROUP = Path("/proc/self/autogroup")

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
    has a session of its own: then it is the session's value that counts.
    """
    os.nice(nice)
    with suppress(FileNotFoundError):  # a kernel without autogroups
        AUTOGROUP.write_text(str(os.getpriority(os.PRIO_PROCESS, 0)))


def _prctl(option: int, argument: int | ctypes.c_char_p) -> None:
    zero = ctypes.c_ulong(0)
    value = ctypes.c_ulong(argument) if isinstance(argument, int) else argument
    if _libc.prctl(ctypes.c_int(option), value, zero, zero, zero) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}) was refused: {os.strerror(number)}")
