"""Runs plugins in the test's own process, on the real dispatcher and messaging, with a clock of the test's own."""

from __future__ import annotations

import asyncio
import contextvars
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from opentelemetry.context import Context as TraceContext
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from structlog.testing import LogCapture
from structlog.typing import EventDict

from qtcore.control.host_message import ActWithheld, Assignment, SetPosture
from qtcore.health.model import Finding, Health
from qtcore.hosts.runtime.belongings import task_factory
from qtcore.hosts.runtime.posture import PostureView
from qtcore.hosts.runtime.registration import HookRegister
from qtcore.hosts.runtime.surroundings import Surroundings
from qtcore.kernel.posture import PostureScale
from qtcore.kernel.words import Autonomy
from qtcore.messaging.bus import Bus
from qtcore.messaging.calls import CallDesk, Caller
from qtcore.messaging.clock import ClockMap
from qtcore.messaging.delivery import Delivery
from qtcore.plugin import Plugin
from qtcore.testing.reports import Reports
from qtcore.testing.stand_in import StandIn
from qtcore.testing.tested import Tested
from qtcore.testing.virtual_clock import VirtualClock, turns
from qtcore.topics import options_of

T = TypeVar("T")

TESTER = "tester"
WAIT_S = 5.0
"""How long, in real seconds, the harness waits before it says what did not happen."""

_POLL_S = 0.0005

SCALE = ("normal", "no_entries", "reduce_only", "flatten", "hands_off")
"""The scale of the application that qtcore ships with; give `postures=` for another."""


@dataclass(frozen=True, slots=True)
class Plug:
    """One plugin for `harness`, with what `plugins.yaml` would say about it."""

    cls: type[Plugin[Any]]
    name: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    autonomy: Autonomy = Autonomy.ENFORCED

    @property
    def plugin(self) -> str:
        """The given name, or the class's in snake case."""
        return self.name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", self.cls.__name__).lower().removesuffix("_plugin")


@asynccontextmanager
async def harness(
    *plugins: type[Plugin[Any]] | Plug,
    settings: Mapping[str, Any] | None = None,
    autonomy: Autonomy = Autonomy.ENFORCED,
    mode: str = "paper",
    home: Path | None = None,
    postures: Sequence[str] = SCALE,
    clock: VirtualClock | None = None,
    timers: bool = True,
    stop_timeout_s: float = WAIT_S,
) -> AsyncIterator[Harness]:
    """Start one or several plugins; stop them at the end and check that nothing of them is left.

    `settings` and `autonomy` go to plugins given as bare classes. Fails at the end when a plugin
    ended by itself and the test did not ask for that end with `await h.end()`.
    """
    plugs = [plug if isinstance(plug, Plug) else Plug(plug, "", settings or {}, autonomy) for plug in plugins]
    loop = asyncio.get_running_loop()
    usual = loop.get_task_factory()
    with tempfile.TemporaryDirectory(prefix="qt-test-") as folder:
        held = Harness(
            home or Path(folder), mode, PostureScale(tuple(postures), (), postures[0]), clock or VirtualClock()
        )
        held.stop_timeout_s = stop_timeout_s
        loop.set_task_factory(task_factory)
        try:
            for plug in plugs:
                held.start(plug, timers=timers)
            yield held
            held.check_endings()
        finally:
            await held.stop()
            await held.desk.aclose()
            loop.set_task_factory(usual)
    held.check_leftovers()


class Harness:
    """What a test holds: the plugins under test and the world around them."""

    def __init__(self, home: Path, mode: str, scale: PostureScale, clock: VirtualClock) -> None:
        self.home = home
        self.clock = clock
        self.stop_timeout_s = WAIT_S
        self.bus = Bus(clock)
        self.desk = CallDesk(clock)
        self.reports = Reports()
        self._spans = InMemorySpanExporter()
        self._logs = LogCapture()
        self._posture = PostureView(scale, clock)
        self._tested: dict[str, Tested] = {}
        self._published: list[Delivery] = []
        self._taken: dict[str, int] = {}
        self._stand_ins: dict[str, StandIn] = {}
        self.bus.listen(self._saw)
        self.posture = scale.levels[0]
        self._around = self._surroundings(mode)
        self.set_market(clock.wall())

    # --- the plugins under test -----------------------------------------------------------------

    def start(self, plug: Plug, *, timers: bool = True) -> None:
        """Start a plugin, or its next generation when it ran before."""
        before = self._tested.get(plug.plugin)
        assignment = Assignment(
            plugin=plug.plugin,
            use=f"{plug.cls.__module__}:{plug.cls.__name__}",
            generation=before.generation + 1 if before else 1,
            settings=dict(plug.settings),
            cadence_s=plug.cls.cadence_s,
            start_timeout_s=WAIT_S,
            stop_timeout_s=self.stop_timeout_s,
            exclusive=plug.cls.exclusive,
            autonomy=plug.autonomy,
            slot=0,
        )
        self._tested[plug.plugin] = Tested(plug.cls, assignment, self._around, timers=timers)

    async def ready(self, name: str | None = None) -> None:
        """Wait until the plugin, or every plugin, is ready. Fails with its cause when it ends instead."""
        for tested in self._chosen(name):
            await self._wait(partial(_settled, tested), f"{tested.name} to be ready")
            if not tested.is_ready:
                tested.seen = True
                raise AssertionError(f"{tested.name} ended before it was ready: {tested.describe_end(self.reports)}")

    async def health(self, name: str | None = None, *, timeout_s: float = WAIT_S) -> Health:
        """What the plugin's `health` says. Raises SensorFailed."""
        said, _ = await self._one(name).answers.health(timeout_s)
        return said

    async def heal(self, finding: Finding, name: str | None = None, *, timeout_s: float = WAIT_S) -> str:
        """What the plugin's `heal` says it did. Raises CallFailed."""
        return await self._one(name).answers.heal(finding, TraceContext(), timeout_s)

    async def run_timer(self, timer: str, name: str | None = None) -> None:
        """Run an @every method now. Raises its third failure in a row."""
        live = self._one(name).live
        if timer not in live.timers:
            raise AssertionError(f"there is no timer {timer!r}; there are: {', '.join(live.timers) or 'none'}")
        await live.timers[timer].fire()

    async def end(self, name: str | None = None) -> Any:
        """Wait until the plugin has ended by itself; returns its PluginEnded."""
        tested = self._one(name)
        await self._wait(lambda: tested.over, f"{tested.name} to end")
        tested.seen = True
        return self.reports.ended(tested.name, tested.generation)

    async def restart(self, name: str | None = None) -> None:
        """Stop the plugin and start its next generation."""
        tested = self._one(name)
        await tested.stop()
        self.start(Plug(tested.cls, tested.name, tested.assignment.settings, tested.assignment.autonomy))

    def fence(self, name: str | None = None) -> None:
        """Take the lease from the running generation, as if another had been started."""
        self._one(name).slot.leased = False

    async def stop(self) -> None:
        """Stop every plugin and wait until nothing of them runs."""
        for tested in reversed(self._tested.values()):
            await tested.stop()

    # --- the world around them ------------------------------------------------------------------

    async def publish(self, message: object, *, writer: str = TESTER, generation: int = 1) -> None:
        """Publish as a plugin that is not under test; readers have run when this returns."""
        self.bus.publish(writer, generation, message)
        await turns()

    def published(self, topic: type[T]) -> list[T]:
        """Everything that plugins under test published on a topic so far."""
        return [delivery.message for delivery in self._of(topic)]

    async def next(self, topic: type[T], *, timeout_s: float = WAIT_S) -> T:
        """The next published message of a topic that `next` has not returned yet."""
        name = options_of(topic).name
        place = self._taken.get(name, 0)
        await self._wait(lambda: len(self._of(topic)) > place, f"a {name} to be published", timeout_s)
        self._taken[name] = place + 1
        message: T = self._of(topic)[place].message
        return message

    async def call(
        self, action: str, argument: object = None, *, timeout_s: float = WAIT_S, key: str | None = None
    ) -> Any:
        """Call `plugin.action` as another plugin would. Raises CallFailed, CallUnanswered."""
        return await self.desk.call(Caller(TESTER, 1), action, argument, timeout_s=timeout_s, key=key)

    def on_call(self, action: str, handler: Callable[[dict[str, Any]], Any | Awaitable[Any]]) -> None:
        """Answer calls of an action of an absent plugin; what `handler` raises reaches the caller, typed."""
        plugin, _, name = action.partition(".")
        stand_in = self._stand_ins.setdefault(plugin, StandIn())
        stand_in.handlers[name] = handler
        self.desk.open(plugin, stand_in)

    def calls(self, action: str) -> list[dict[str, Any]]:
        """The arguments with which an `on_call` action has been called."""
        plugin, _, name = action.partition(".")
        stand_in = self._stand_ins.get(plugin, StandIn())
        return [argument for called, argument in stand_in.calls if called == name]

    @property
    def posture(self) -> str:
        """The posture in force; set it to change it."""
        return self._posture.level

    @posture.setter
    def posture(self, level: str) -> None:
        self._posture.set(SetPosture(level=self._posture.checked(level), expires_s=self.clock.now() + 1e9))

    def forget_posture(self) -> None:
        """Let the posture become unknown, as if the supervisor had gone silent."""
        self._posture.forget()

    def set_market(self, at: datetime, *, speed: float = 1.0) -> None:
        """Make it `at` in market time, running `speed` times as fast as real time."""
        clock_map = ClockMap(int(at.timestamp() * 1000), int(self.clock.now() * 1e9), speed)
        self.bus.publish(TESTER, 1, clock_map)

    async def advance(self, seconds: float) -> None:
        """Move real and market time on; timers that fall due run."""
        await self.clock.advance(seconds)

    async def until(self, condition: Callable[[], bool], *, timeout_s: float = WAIT_S) -> None:
        """Wait, in real time, until `condition()` is true; fails after `timeout_s`."""
        await self._wait(condition, "the condition to come true", timeout_s)

    # --- what they left behind ------------------------------------------------------------------

    @property
    def findings(self) -> dict[str, Finding]:
        """Open findings by code that plugins raised outside of health."""
        return self.reports.findings

    @property
    def withheld(self) -> list[str]:
        """What plugins said they would have done, in order."""
        return [act.what for act in self.reports.of(ActWithheld)]

    @property
    def logs(self) -> list[EventDict]:
        """Log lines in order, each a dict with `event`, `log_level`, `plugin`, `generation` and its facts."""
        return self._logs.entries

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """Finished trace spans in order of their end."""
        return self._spans.get_finished_spans()

    def progress(self, name: str | None = None) -> dict[str, int]:
        """The plugin's progress counters."""
        return dict(self._one(name).live.ctx.counters)

    def facts(self, name: str | None = None) -> dict[str, Any]:
        """What the plugin set with `ctx.fact`."""
        return dict(self._one(name).live.ctx.facts)

    def check_endings(self) -> None:
        """Fail when a plugin ended by itself unseen by the test."""
        for tested in self._tested.values():
            if tested.over and not tested.seen:
                raise AssertionError(f"{tested.name} ended during the test: {tested.describe_end(self.reports)}")

    def check_leftovers(self) -> None:
        """Fail when a task or thread of a plugin outlived it."""
        for tested in self._tested.values():
            if tested.left:
                raise AssertionError(f"{tested.name} left running after its stop: {', '.join(tested.left)}")

    # --------------------------------------------------------------------------------------------

    def _surroundings(self, mode: str) -> Surroundings:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._spans))
        logger = structlog.wrap_logger(None, processors=[structlog.processors.add_log_level, self._logs])
        return Surroundings(
            home=self.home,
            mode=mode,
            clock=self.clock,
            bus=self.bus,
            desk=self.desk,
            hooks=HookRegister(),
            posture=self._posture,
            tracer=provider.get_tracer("qtcore.testing"),
            log=lambda plugin, generation: logger.bind(plugin=plugin, generation=generation),
            report=self.reports.add,
            base=contextvars.copy_context(),
        )

    def _saw(self, delivery: Delivery) -> None:
        if delivery.envelope.writer in self._tested:
            self._published.append(delivery)

    def _of(self, topic: type[Any]) -> list[Delivery]:
        name = options_of(topic).name
        return [delivery for delivery in self._published if delivery.envelope.topic == name]

    def _chosen(self, name: str | None) -> list[Tested]:
        return list(self._tested.values()) if name is None else [self._one(name)]

    def _one(self, name: str | None) -> Tested:
        if name is None and len(self._tested) == 1:
            return next(iter(self._tested.values()))
        if name not in self._tested:
            raise AssertionError(f"say which plugin is meant: {', '.join(self._tested)} (got {name!r})")
        return self._tested[name]

    async def _wait(self, condition: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():  # noqa: ASYNC110 - the condition is the test's own and signals nothing
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            ends = [tested.describe_end(self.reports) for tested in self._tested.values() if tested.over]
            hint = f"; meanwhile: {'; '.join(ends)}" if ends else ""
            raise AssertionError(f"waited {timeout_s:g} s in vain for {what}{hint}") from None


def _settled(tested: Tested) -> bool:
    return tested.is_ready or tested.over
