"""Runs the plugins of one host process on the supervisor's orders."""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, assert_never

import structlog
from opentelemetry.trace import Tracer

from qtcore.control.host_message import (
    CallAction,
    CallDone,
    CheckHealth,
    FileRemoved,
    HealDone,
    HealPlugin,
    HealthReported,
    HostUp,
    NoteRaised,
    SetPeers,
    SetPosture,
    StartPlugin,
    StopHost,
    StopPlugin,
    ToHost,
    ToSupervisor,
)
from qtcore.errors import CallFailed, CallUnanswered, MessageTooLarge
from qtcore.health.model import Status
from qtcore.hosts.board import Board
from qtcore.hosts.runtime.answers import Answers, SensorFailed
from qtcore.hosts.runtime.belongings import OwnedThreads, task_factory
from qtcore.hosts.runtime.board_slot import BoardSlot
from qtcore.hosts.runtime.instance import Instance
from qtcore.hosts.runtime.keeping import keep_files
from qtcore.hosts.runtime.loading import load
from qtcore.hosts.runtime.posture import PostureView
from qtcore.hosts.runtime.registration import HookRegister
from qtcore.hosts.runtime.reporting import Reporter
from qtcore.hosts.runtime.surroundings import Surroundings
from qtcore.hosts.spec import HostSpec
from qtcore.kernel.posture import PostureScale
from qtcore.messaging.bus import Bus
from qtcore.messaging.calls import NOT_READY, CallDesk, Caller
from qtcore.messaging.clock import RealClock
from qtcore.messaging.network import Network
from qtcore.messaging.trace_context import context_of
from qtcore.records.home import Home
from qtcore.telemetry.setup import Telemetry, configure_process

OPERATOR = Caller("operator", 0)
ORPHAN_GRACE_S = 1.0
"""What plugins get to end in when the control channel closes: the supervisor is gone, and so is their lease."""

_THREADS = 32

Send = Callable[[ToSupervisor], None]


@contextmanager
def _owned_work() -> Iterator[None]:
    """Within it, each task and each `to_thread` belongs to the generation that began it."""
    loop = asyncio.get_running_loop()
    loop.set_task_factory(task_factory)
    loop.set_default_executor(OwnedThreads(_THREADS, thread_name_prefix="qt-plugin"))
    try:
        yield
    finally:
        loop.set_task_factory(None)


STANDS_BACK_S = 0.05
"""How much later a host that stands back hears what others publish: whoever acts on a burst has it to himself."""


class HostRuntime:
    """Several plugins in one process; what goes wrong in one never ends another."""

    def __init__(
        self,
        *,
        host: str,
        spec: HostSpec,
        board: Board,
        send: Send,
        telemetry: Callable[..., Telemetry] = configure_process,
    ) -> None:
        self._host = host
        self._spec = spec
        self._board = board
        self._open_telemetry = telemetry
        self._report = Reporter(send)
        self._instances: dict[tuple[str, int], Instance] = {}
        self._lives: set[asyncio.Task[Any]] = set()
        self._jobs: set[asyncio.Task[None]] = set()

    async def run(self, messages: AsyncIterator[ToHost]) -> None:
        """Serve until StopHost or the end of messages. Raises what makes the host useless, so that it exits."""
        clock = RealClock()
        bus, desk = Bus(clock), CallDesk(clock)
        async with Network(
            host=self._host,
            run_dir=self._spec.run_dir,
            bus=bus,
            desk=desk,
            complain=self._complain,
            late_s=STANDS_BACK_S if self._spec.nice else 0.0,
        ) as network:
            # Before the rest is set up: the supervisor decides meanwhile what is to start here.
            self._report(HostUp(host=self._host, pid=os.getpid(), publisher=network.publisher, router=network.router))
            self._network = network
            self._broken = network.broken
            with self._telemetry() as telemetry, _owned_work():
                self._around = self._surroundings(clock, bus, desk, telemetry.tracer)
                try:
                    self._do(keep_files(telemetry, Home(self._spec.home).output_of(self._host), self._removed))
                    await self._obey(messages)
                finally:
                    await self._end_jobs()
                    await desk.aclose()

    def _removed(self, path: Path) -> None:
        self._report(FileRemoved(path=str(path)))

    @contextmanager
    def _telemetry(self) -> Iterator[Telemetry]:
        spec = self._spec
        os.environ.update(spec.otel)
        telemetry = self._open_telemetry(
            Home(spec.home),
            f"host-{self._host}",
            incarnation=spec.incarnation,
            application=spec.application,
            mode=spec.mode,
            log_level=spec.log_level,
        )
        try:
            yield telemetry
        finally:
            telemetry.close()

    def _surroundings(self, clock: RealClock, bus: Bus, desk: CallDesk, tracer: Tracer) -> Surroundings:
        spec = self._spec
        return Surroundings(
            home=spec.home,
            mode=spec.mode,
            clock=clock,
            bus=bus,
            desk=desk,
            hooks=HookRegister(),
            posture=PostureView(PostureScale(spec.posture_levels, (), spec.posture_when_unknown), clock),
            tracer=tracer,
            log=lambda plugin, generation: structlog.get_logger().bind(plugin=plugin, generation=generation),
            report=self._report,
            base=contextvars.copy_context(),
        )

    async def _obey(self, messages: AsyncIterator[ToHost]) -> None:
        reading = asyncio.get_running_loop().create_task(self._read(messages), name="control messages")
        try:
            either: set[asyncio.Future[Any]] = {reading, self._broken}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._broken.done():
                self._broken.result()
            grace_s = reading.result()
        finally:
            reading.cancel()
        await self._stop_all(grace_s)

    async def _read(self, messages: AsyncIterator[ToHost]) -> float:
        async for message in messages:
            if isinstance(message, StopHost):
                return message.grace_s
            self._handle(message)
        return ORPHAN_GRACE_S

    def _handle(self, message: ToHost) -> None:
        match message:
            case StartPlugin():
                self._start(message)
            case StopPlugin():
                instance = self._instances.get((message.plugin, message.generation))
                if instance is not None:
                    instance.stop(message.reason, message.drain_s)
            case CheckHealth():
                self._do(self._check(message))
            case HealPlugin():
                self._do(self._heal(message))
            case CallAction():
                self._do(self._call(message))
            case SetPosture():
                self._around.posture.set(message)
            case SetPeers():
                self._network.set_peers(message.peers)
            case StopHost():
                pass  # ends the reading before it comes here
            case _:
                assert_never(message)

    # --- plugins --------------------------------------------------------------------------------

    def _start(self, message: StartPlugin) -> None:
        assignment = message.assignment
        slot = BoardSlot(self._board, self._spec.host_slot, assignment.slot, assignment.generation)
        instance = Instance(assignment, partial(load, assignment.use), slot, self._around)
        place = (assignment.plugin, assignment.generation)
        self._instances[place] = instance
        life = asyncio.get_running_loop().create_task(instance.run(), name=f"life of {assignment.plugin}")
        self._lives.add(life)
        life.add_done_callback(partial(self._life_over, place))

    def _life_over(self, place: tuple[str, int], life: asyncio.Task[Any]) -> None:
        self._lives.discard(life)
        self._instances.pop(place, None)
        error = None if life.cancelled() else life.exception()
        if error is not None and not self._broken.done():
            self._broken.set_exception(error)

    async def _stop_all(self, grace_s: float) -> None:
        for instance in self._instances.values():
            instance.stop("the host is stopping")
        if self._lives:
            await asyncio.wait(self._lives, timeout=grace_s)

    # --- questions ------------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        job = asyncio.get_running_loop().create_task(work)
        self._jobs.add(job)
        job.add_done_callback(self._job_done)

    def _job_done(self, job: asyncio.Task[None]) -> None:
        self._jobs.discard(job)
        if not job.cancelled() and (error := job.exception()) is not None:
            self._complain(f"answering the supervisor failed: {error!r}")

    async def _end_jobs(self) -> None:
        for job in (*self._jobs, *self._lives):
            job.cancel()
        left = {*self._jobs, *self._lives}
        if left:
            await asyncio.wait(left, timeout=ORPHAN_GRACE_S)

    def _answers(self, plugin: str, generation: int) -> Answers | None:
        instance = self._instances.get((plugin, generation))
        return None if instance is None else instance.answers

    async def _check(self, message: CheckHealth) -> None:
        health, failure, took_s = None, None, 0.0
        answers = self._answers(message.plugin, message.generation)
        try:
            if answers is None:
                raise SensorFailed(f"{message.plugin} is not loaded, so it cannot say how it is")
            timeout_s = self._instances[message.plugin, message.generation].assignment.health_timeout_s
            health, took_s = await answers.health(timeout_s)
        except SensorFailed as error:
            failure = str(error)
        self._report(
            HealthReported(
                plugin=message.plugin,
                generation=message.generation,
                request=message.request,
                health=health,
                sensor_failure=failure,
                took_s=took_s,
            )
        )

    async def _heal(self, message: HealPlugin) -> None:
        act, failure = "", None
        answers = self._answers(message.plugin, message.generation)
        try:
            if answers is None:
                raise CallFailed(f"{message.plugin} is not loaded, so it cannot heal", error_type=NOT_READY)
            timeout_s = self._instances[message.plugin, message.generation].assignment.heal_timeout_s
            act = await answers.heal(message.finding, context_of(message.traceparent), timeout_s)
        except CallFailed as error:
            failure = str(error)
        self._report(
            HealDone(
                plugin=message.plugin,
                generation=message.generation,
                request=message.request,
                act=act,
                error=failure,
            )
        )

    async def _call(self, message: CallAction) -> None:
        done = partial(CallDone, plugin=message.plugin, request=message.request)
        action = f"{message.plugin}.{message.action}"
        try:
            result = await self._around.desk.call(
                OPERATOR, action, message.argument, timeout_s=message.timeout_s, key=None
            )
        except CallFailed as error:
            self._report(done(error_type=error.error_type, error=str(error)))
        except (CallUnanswered, MessageTooLarge) as error:
            self._report(done(error_type=type(error).__name__, error=str(error)))
        else:
            self._report(done(result=result))

    def _complain(self, sentence: str) -> None:
        structlog.get_logger().warning(sentence)
        self._report(NoteRaised(text=sentence, status=Status.DEGRADED))
