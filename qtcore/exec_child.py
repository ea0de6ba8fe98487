"""Becomes a command that dies with its parent: `python -I -S exec_child.py PARENT_PID COMMAND [ARGUMENT ...]`.

A process of its own because code between fork and exec is not safe in a host, which has threads.
Imports nothing of qtcore, to start quickly.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
EXIT_CANNOT_RUN = 126


def main() -> None:
    """Bind this process to its parent and replace it by the command."""
    parent = int(sys.argv[1])
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above took effect
        os._exit(EXIT_CANNOT_RUN)
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - the operator's own argument list, no shell
    except OSError as error:
        print(f"cannot run {sys.argv[2]}: {error.strerror}", flush=True)  # noqa: T201 - becomes the plugin's log
        os._exit(EXIT_CANNOT_RUN)


if __name__ == "__main__":
    main()
