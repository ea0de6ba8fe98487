"""Runs one plugin's hooks, timers and actions: each call in a task, deadline, wrappers and span of its own."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from opentelemetry.context import Context as TraceContext
from opentelemetry.trace import Tracer

from qtcore.errors import QtError
from qtcore.hooks import HookCall
from qtcore.hosts.runtime.belongings import Belongings
from qtcore.hosts.runtime.ending import PluginExit
from qtcore.hosts.runtime.registration import HookRegister

T = TypeVar("T")

CANCEL_GRACE_S = 0.5
"""How long a call past its deadline may take to give up before it is left behind."""


class HookTimedOut(QtError):
    """A hook, timer or action did not end within its deadline."""


class HookInterrupted(QtError):
    """The generation ended while the call was running."""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Awaits one call of one plugin at a time per caller; calls of different callers overlap."""

    plugin: str
    generation: int
    hooks: HookRegister
    belongings: Belongings
    tracer: Tracer
    entered: Callable[[], None]
    """Told right before plugin code runs: evidence of who runs when the loop blocks."""

    def begin(self, hook: str, work: Callable[[], Any], *, parent: TraceContext | None = None) -> asyncio.Task[Any]:
        """Start a call as a task of the generation, in a span of its own. `hook` is named as in HookCall."""
        return self.belongings.spawn(self._traced(hook, work, parent), hook)

    async def call(
        self, hook: str, work: Callable[[], Any], *, timeout_s: float, parent: TraceContext | None = None
    ) -> Any:
        """Make a call and wait for it. Raises HookTimedOut, HookInterrupted, or what the call raises."""
        return await self.outcome(hook, self.begin(hook, work, parent=parent), timeout_s)

    async def outcome(self, hook: str, task: asyncio.Task[T], timeout_s: float) -> T:
        """Wait for a begun call. Past the deadline it is cancelled once and, if deaf, left behind."""
        try:
            done, _ = await asyncio.wait({task}, timeout=timeout_s)
        except asyncio.CancelledError:
            task.cancel()
            raise
        if not done:
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_GRACE_S)
            raise HookTimedOut(f"{self.plugin}: {hook} did not end within {timeout_s:g} s")
        if task.cancelled():
            raise HookInterrupted(f"{self.plugin} ended while {hook} was running")
        return task.result()

    async def run(self, hook: str, work: Callable[[], Any]) -> Any:
        """Make a call in the current task, inside the wrappers of the host's plugins."""
        call = HookCall(self.plugin, self.generation, hook)
        async with AsyncExitStack() as stack:
            for wrapper in self.hooks.around(call):
                await stack.enter_async_context(wrapper)
            self.entered()
            try:
                return await (work() if is_async(work) else self.belongings.in_thread(work))
            except (SystemExit, KeyboardInterrupt) as error:
                # Left alone, it would end the loop and with it every plugin of the host.
                raise PluginExit(f"{self.plugin}: {hook} tried to end the process ({error!r})") from error

    async def _traced(self, hook: str, work: Callable[[], Any], parent: TraceContext | None) -> Any:
        attributes: dict[str, str | int] = {"qt.plugin": self.plugin, "qt.generation": self.generation, "qt.hook": hook}
        name = f"{self.plugin} {hook}"
        with self.tracer.start_as_current_span(name, context=parent, attributes={**attributes}):
            return await self.run(hook, work)


def is_async(work: Callable[..., Any]) -> bool:
    """Whether calling `work` gives something to await, partial applications included."""
    while isinstance(work, partial):
        work = work.func
    return inspect.iscoroutinefunction(work)
