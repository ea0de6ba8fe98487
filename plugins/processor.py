"""Work in a thread with a deadline that a starved machine does not use up: what counts is the thread's own work."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

T = TypeVar("T")

LOOK_S = 0.25
PATIENCE = 6.0
"""So many deadlines by the clock on the wall are the end of it: work that waits for ever uses no processor either."""


class ThreadClock:
    """Processor seconds that one piece of work has used, read from outside while it is being done."""

    def __init__(self) -> None:
        self._clock: int | None = None
        self._began_s = 0.0

    def begin(self) -> None:
        """The work begins now, in the calling thread."""
        self._clock = time.pthread_getcpuclockid(threading.get_ident())
        self._began_s = time.clock_gettime(self._clock)

    def used_s(self) -> float:
        """How much it has used; nothing before it got a thread."""
        if self._clock is None:
            return 0.0
        try:
            return time.clock_gettime(self._clock) - self._began_s
        except OSError:  # the thread has ended, and the answer is on its way
            return 0.0


def overdue(used_s: float, waited_s: float, limit_s: float) -> bool:
    """Whether work with this deadline is to be given up: it worked for so long, or waited several times as long."""
    return used_s >= limit_s or waited_s >= PATIENCE * limit_s


async def done_in_thread(work: Callable[[], T], limit_s: float) -> T:
    """What `work` returns. Raises TimeoutError when it is overdue; it is then left to end by itself."""
    clock = ThreadClock()

    def clocked() -> T:
        clock.begin()
        return work()

    began_s = time.monotonic()
    doing = asyncio.ensure_future(to_thread.run_sync(clocked, abandon_on_cancel=True))
    try:
        while not (await asyncio.wait({doing}, timeout=min(LOOK_S, limit_s)))[0]:
            if overdue(clock.used_s(), time.monotonic() - began_s, limit_s):
                raise TimeoutError
        return doing.result()
    finally:
        doing.cancel()
