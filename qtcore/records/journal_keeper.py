"""The thread that makes the journal durable in groups, folds its log away and drops old events."""

from __future__ import annotations

import threading
from collections.abc import Callable

GROUP_S = 0.02
"""How long appended events gather before one fsync; with the fsync itself well under 50 ms."""

RETRY_S = 1.0
"""How soon a disk that refused is tried again."""


class JournalKeeper:
    """Calls `work` soon after each `wake`, in a thread of its own that sleeps while nothing happens.

    `work` returns False when the disk refused; it is then called again after RETRY_S without a wake.
    """

    def __init__(self, work: Callable[[], bool]) -> None:
        self._work = work
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="qt-journal-keeper", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """There is something to do."""
        self._woken.set()

    def close(self) -> None:
        """End the thread; work that is under way is finished first."""
        self._closing.set()
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        retry_s: float | None = None
        # `close` sets closing before woken, so a wake that `clear` swallows is seen at the top.
        while not self._closing.is_set():
            self._woken.wait(retry_s)
            if self._closing.wait(GROUP_S):
                return
            self._woken.clear()
            retry_s = None if self._work() else RETRY_S
