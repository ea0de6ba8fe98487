"""Has reports kept by a child process, on schedule and when the whole changes; the supervisor itself sets no page."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import anyio

from qtcore.health.model import Status
from qtcore.records.home import Home
from qtcore.report.schedule import Schedule

DEADLINE_S = 60.0
"""A report that takes longer is given up; it stands back behind everything, so on a busy machine it takes its time."""
PERIOD_S = 1.0
_MOST_WORDS = 300


class ReportKeeper:
    """Looks once a second whether a report is due, and has one child at a time write it."""

    def __init__(
        self,
        home: Home,
        every_s: float,
        whole: Callable[[], Status | None],
        note: Callable[[str], None],
        command: Sequence[str] | None = None,
    ) -> None:
        self._whole = whole
        self._note = note
        self._command = command or [sys.executable, "-m", "qtcore.report.keeping", str(home.root)]
        self._schedule = Schedule(every_s, time.monotonic())
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """Why the last report was not written; None while all is well."""
        return self._problem

    async def run(self) -> None:
        """Keep reports until cancelled; a child that is at work then is killed."""
        while self._schedule.every_s:
            await anyio.sleep(PERIOD_S)
            status, now_s = self._whole(), time.monotonic()
            if status is None:
                continue
            self._schedule = self._schedule.see(status, now_s)
            if because := self._schedule.due(now_s):
                self._schedule = self._schedule.begun(now_s)
                self._problem = await self._written()
                if self._problem:
                    self._note(f"a report was due ({because}) and was not written: {self._problem}")

    async def _written(self) -> str | None:
        """None when it was; otherwise why not."""
        try:
            async with await anyio.open_process(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,  # what stands back is told by session
            ) as process:
                try:
                    with anyio.fail_after(DEADLINE_S):
                        told = b"".join([chunk async for chunk in process.stderr]) if process.stderr else b""
                        code = await process.wait()
                finally:
                    if process.returncode is None:
                        process.kill()
        except TimeoutError:
            return f"the process that writes it did not end within {DEADLINE_S:g} s"
        except OSError as error:
            return f"no process could be started for it ({error.strerror})"
        if code == 0:
            return None
        lines = told.decode(errors="replace").strip().splitlines() or [f"its process ended with {code}"]
        return lines[-1][:_MOST_WORDS]
