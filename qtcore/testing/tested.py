"""One plugin under test."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qtcore.control.host_message import Assignment
from qtcore.hosts.runtime.answers import Answers
from qtcore.hosts.runtime.belongings import Belongings
from qtcore.hosts.runtime.instance import Instance
from qtcore.hosts.runtime.live import Live
from qtcore.hosts.runtime.loading import Loaded
from qtcore.hosts.runtime.surroundings import Surroundings
from qtcore.plugin import Plugin
from qtcore.testing.reports import Reports


@dataclass(slots=True)
class TestSlot:
    """A place on the board that only the test looks at."""

    __test__ = False  # not a test class, whatever its name begins with

    leased: bool = True
    silent_s: float = 0.0
    work: int = 0
    data_as_of: datetime | None = None

    def holds_lease(self) -> bool:
        """True until the test takes the lease."""
        return self.leased

    def supervisor_silent_s(self) -> float:
        """What the test says."""
        return self.silent_s

    def note_progress(self, n: int) -> None:
        """Count work."""
        self.work += n

    def note_data_as_of(self, at: datetime) -> None:
        """Keep the newest data's time."""
        self.data_as_of = at

    def note_entered(self) -> None:
        """Nobody looks for a culprit here."""


class Tested:
    """A running generation of a plugin under test."""

    def __init__(
        self, cls: type[Plugin[Any]], assignment: Assignment, around: Surroundings, *, timers: bool = True
    ) -> None:
        self.cls = cls
        self.assignment = assignment
        self.name = assignment.plugin
        self.generation = assignment.generation
        self.slot = TestSlot()
        self.seen = False
        """The test knows that this generation has ended."""
        self.instance = Instance(assignment, self._loaded, self.slot, around, timers=timers)
        self._run = asyncio.create_task(self.instance.run(), name=f"{self.name} under test")

    @property
    def live(self) -> Live:
        """The built plugin. Fails while there is none."""
        if self.instance.live is None:
            raise AssertionError(f"{self.name} has not been built yet; `await h.ready()` first")
        return self.instance.live

    @property
    def answers(self) -> Answers:
        """What can be asked of the built plugin."""
        if self.instance.answers is None:
            raise AssertionError(f"{self.name} has not been built yet; `await h.ready()` first")
        return self.instance.answers

    @property
    def is_ready(self) -> bool:
        """Whether it called `ready()`."""
        return self.instance.ready.is_set()

    @property
    def over(self) -> bool:
        """Whether nothing of it runs any more."""
        return self._run.done()

    @property
    def left(self) -> tuple[str, ...]:
        """Names of what still runs."""
        return self.instance.belongings.left

    async def stop(self) -> None:
        """Stop it and wait, for a bounded time, until nothing of it runs."""
        was_over = self.over
        self.instance.stop("the test stopped it")
        await asyncio.wait({self._run}, timeout=self.assignment.stop_timeout_s)
        if not self._run.done():
            self._run.cancel()
            await asyncio.wait({self._run})
        if not was_over:
            self.seen = True

    def describe_end(self, reports: Reports) -> str:
        """Its cause, sentence and traceback."""
        end = reports.ended(self.name, self.generation)
        if end is None:
            error = None if self._run.cancelled() else self._run.exception()
            return repr(error)
        return f"{end.cause}: {end.sentence}\n{end.traceback}"

    async def _loaded(self, _belongings: Belongings) -> Loaded:
        return Loaded(self.cls)
