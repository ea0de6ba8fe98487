"""Runs a plugin's @every methods: never overlapping, under deadlines, ending the instance after three failures."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from qtcore.config.declarations import marked
from qtcore.context import Logger
from qtcore.hosts.runtime.dispatcher import Dispatcher, HookTimedOut
from qtcore.messaging.clock import Clock
from qtcore.plugin import TIMER_MARK, Plugin, TimerMark

MAX_FAILURES = 3


@dataclass(slots=True)
class Timer:
    """One method that runs periodically, and how it has fared."""

    name: str
    mark: TimerMark
    work: Callable[[], Any]
    dispatcher: Dispatcher
    log: Logger
    failures: int = 0
    _running: asyncio.Task[Any] | None = field(default=None, repr=False)

    async def run(self, clock: Clock) -> None:
        """Run at each period until cancelled; a run that is late skips what it missed. Raises the third failure."""
        due_s = clock.now() + self.mark.every_s
        while True:
            await clock.sleep(max(0.0, due_s - clock.now()))
            await self.fire()
            behind = max(0.0, clock.now() - due_s)
            due_s += self.mark.every_s * (1 + math.floor(behind / self.mark.every_s))

    async def fire(self) -> None:
        """Run once. Raises the failure when it is the third in a row."""
        try:
            await self._once()
        except Exception as error:
            self.failures += 1
            self.log.warning("timer failed", timer=self.name, failures=self.failures, error=repr(error))
            if self.failures >= MAX_FAILURES:
                raise
        else:
            self.failures = 0

    async def _once(self) -> None:
        hook = f"timer:{self.name}"
        if self._running is not None and not self._running.done():
            raise HookTimedOut(f"{hook} has not ended since its last run and ignores being cancelled")
        self._running = self.dispatcher.begin(hook, self.work)
        await self.dispatcher.outcome(hook, self._running, self.mark.timeout_s)


def timers_of(plugin: Plugin[Any], ctx: object, dispatcher: Dispatcher, log: Logger) -> dict[str, Timer]:
    """The timers of a plugin object by name."""
    return {
        item.name: Timer(item.name, item.mark, partial(getattr(plugin, item.name), ctx), dispatcher, log)
        for item in marked(type(plugin), TIMER_MARK, TimerMark)
    }
