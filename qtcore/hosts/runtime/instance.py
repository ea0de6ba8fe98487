"""One generation of one plugin, from its import to the moment when nothing of it runs any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context as TraceContext

from qtcore.control.host_message import Assignment, NoteRaised, PluginEnded, PluginLoaded, PluginReady
from qtcore.errors import QtError
from qtcore.health.model import Status
from qtcore.hosts.runtime.answers import Answers
from qtcore.hosts.runtime.belongings import Belongings
from qtcore.hosts.runtime.contributing import contribute
from qtcore.hosts.runtime.ending import Ending, cancelled, ending_of, returned, stopped
from qtcore.hosts.runtime.live import Live, bring_to_life
from qtcore.hosts.runtime.loading import Loaded
from qtcore.hosts.runtime.surroundings import Slot, Surroundings
from qtcore.messaging.trace_context import context_of

Loader = Callable[[Belongings], Awaitable[Loaded]]


class DeafExclusive(QtError):
    """An exclusive plugin ended by itself but left tasks that ignore cancellation: its host must go."""


class Instance:
    """Runs one assignment and reports what becomes of it; `run` is its whole life."""

    def __init__(
        self, assignment: Assignment, load: Loader, slot: Slot, around: Surroundings, *, timers: bool = True
    ) -> None:
        self.assignment = assignment
        self.live: Live | None = None
        self.answers: Answers | None = None
        self.ready = asyncio.Event()
        self.belongings = Belongings(f"{assignment.plugin}#{assignment.generation}", around.base)
        self._load = load
        self._slot = slot
        self._around = around
        self._with_timers = timers
        self._over: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._stopping = False
        self._drain_s = 0.0
        self._package = ""
        self._start_span: trace.Span = trace.INVALID_SPAN

    async def run(self) -> Ending:
        """Load, start, and stay until over; reports PluginEnded last. Raises DeafExclusive."""
        starting = self.belongings.spawn(self._start(), "start")
        starting.add_done_callback(self._start_done)
        ending = await self._over
        await self._drain()
        self._close(ending)
        self.belongings.cancel()
        await self._leftovers(ending)
        self._report_end(ending)
        return ending

    def stop(self, reason: str, drain_s: float = 0.0) -> None:
        """Ask for the end: no new calls, `drain_s` for those under way, then cancellation."""
        self._stopping = True
        self._drain_s = drain_s
        self._end(stopped(reason))

    async def _start(self) -> None:
        loaded = await self._load(self.belongings)
        name, generation = self.assignment.plugin, self.assignment.generation
        self._package = loaded.package
        live = bring_to_life(
            self.assignment,
            loaded,
            slot=self._slot,
            around=self._around,
            belongings=self.belongings,
            on_ready=self._on_ready,
        )
        self.live, self.answers = live, Answers(live)
        self._around.report(PluginLoaded(plugin=name, generation=generation, module_file=loaded.module_file))
        self._start_span = self._around.tracer.start_span(
            f"{name} start",
            context=context_of(self.assignment.traceparent),
            attributes={"qt.plugin": name, "qt.generation": generation, "qt.hook": "start"},
        )
        otel_context.attach(trace.set_span_in_context(self._start_span))
        work = live.hook("start")
        if work is not None:  # always, as the register refuses a class without it
            await live.dispatcher.run("start", work)

    def _on_ready(self) -> None:
        if self.ready.is_set() or self._over.done() or self.live is None or self.answers is None:
            return
        self.ready.set()
        self._start_span.end()
        # What the plugin does from here on is no part of its start.
        otel_context.attach(TraceContext())
        self._around.desk.open(self.assignment.plugin, self.answers)
        if self._with_timers:
            self._begin_timers(self.live)
        self._around.report(PluginReady(plugin=self.assignment.plugin, generation=self.assignment.generation))

    def _begin_timers(self, live: Live) -> None:
        self.belongings.spawn(contribute(live, self.belongings, self._around.home, self._around.clock), "report")
        for timer in live.timers.values():
            task = self.belongings.spawn(timer.run(self._around.clock), f"every:{timer.name}")
            task.add_done_callback(self._timer_done)

    # --- the end --------------------------------------------------------------------------------

    def _start_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._end(cancelled(self.assignment.plugin))
        elif (error := task.exception()) is not None:
            self._end(self._ending_of(error))
        else:
            self._end(returned(self.assignment.plugin))

    def _timer_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(self._ending_of(error))

    def _ending_of(self, error: BaseException) -> Ending:
        if not self.ready.is_set():
            self._start_span.record_exception(error)
            self._start_span.set_status(trace.StatusCode.ERROR, type(error).__name__)
        return ending_of(error, ready=self.ready.is_set(), package=self._package)

    def _end(self, ending: Ending) -> None:
        if not self._over.done():
            self._over.set_result(ending)

    async def _drain(self) -> None:
        if self.answers is None:
            return
        self._around.desk.close(self.assignment.plugin, self.answers)
        if self._drain_s > 0 and self.answers.in_flight:
            await asyncio.wait(self.answers.in_flight, timeout=self._drain_s)

    def _close(self, ending: Ending) -> None:
        if not self.ready.is_set():
            self._start_span.end()
        if self.live is not None:
            self.live.ctx.fence(ending.sentence)

    async def _leftovers(self, ending: Ending) -> None:
        if self._stopping:
            # The supervisor waits too, and takes the host when its own deadline passes.
            await self.belongings.gone()
        elif not await self.belongings.gone(self.assignment.stop_timeout_s):
            self._left_behind(ending)
        if self.live is not None:
            self._around.hooks.unregister(self.live.plugin)

    def _left_behind(self, ending: Ending) -> None:
        left = ", ".join(self.belongings.left)
        sentence = f"{self.assignment.plugin} ended ({ending.sentence}) but {left} ignored being cancelled"
        if self.assignment.exclusive:
            raise DeafExclusive(sentence)
        self._around.report(
            NoteRaised(plugin=self.assignment.plugin, text=f"{sentence}; it is fenced off", status=Status.DEGRADED)
        )

    def _report_end(self, ending: Ending) -> None:
        span = self._start_span.get_span_context()
        self._around.report(
            PluginEnded(
                plugin=self.assignment.plugin,
                generation=self.assignment.generation,
                cause=ending.cause,
                error_type=ending.error_type,
                sentence=ending.sentence,
                traceback=ending.traceback,
                retry_after_s=ending.retry_after_s,
                trace_id=f"{span.trace_id:032x}" if span.is_valid else None,
            )
        )
