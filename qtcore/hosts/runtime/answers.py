"""What others ask of a running plugin: how it is, to repair itself, to run an action."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Any

from opentelemetry.context import Context as TraceContext
from pydantic import JsonValue

from qtcore.errors import CallFailed, CallUnanswered
from qtcore.health.model import Finding, Health
from qtcore.hosts.runtime.dispatcher import HookInterrupted, HookTimedOut
from qtcore.hosts.runtime.ending import sentence_of
from qtcore.hosts.runtime.live import Live
from qtcore.messaging.calls import NOT_READY
from qtcore.messaging.envelope import Envelope
from qtcore.messaging.trace_context import context_of

MAX_CALLS = 256
"""Calls of one plugin that may run at once; more are refused, so that a flood cannot fill the host."""

SILENT = "runs; its class says nothing about its health, so beats and work decide"


class SensorFailed(Exception):
    """`health` could not say anything; the text says why."""


class Answers:
    """Asks one live plugin; failures are typed and never reach another plugin."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._checking: asyncio.Task[Any] | None = None
        self.in_flight: set[asyncio.Task[Any]] = set()

    async def health(self, timeout_s: float) -> tuple[Health, float]:
        """What `health` says, with the context's facts and counters, and how long it took. Raises SensorFailed."""
        began_s = time.monotonic()
        work = self._live.hook("health")
        said = Health.healthy(SILENT) if work is None else await self._checked(work, timeout_s)
        if not isinstance(said, Health):
            raise SensorFailed(f"health returned {type(said).__name__}; return a qtcore.Health")
        ctx = self._live.ctx
        facts: dict[str, JsonValue] = {**ctx.facts, "progress": dict(ctx.counters), **said.facts}
        return said.model_copy(update={"facts": facts}), time.monotonic() - began_s

    async def heal(self, finding: Finding, parent: TraceContext, timeout_s: float) -> str:
        """What `heal` did; a repair longer than `timeout_s` belongs into `start`. Raises CallFailed."""
        work = self._live.hook("heal", finding=finding)
        if work is None:
            raise CallFailed("it has no heal hook", error_type="NoHeal")
        try:
            act = await self._live.dispatcher.call("heal", work, timeout_s=timeout_s, parent=parent)
        except Exception as error:
            self._live.ctx.log.exception("heal failed", finding=finding.code)
            raise CallFailed(sentence_of(error), error_type=type(error).__name__) from error
        return str(act) if act else "did not say what it did"

    def has_effect(self, action: str) -> bool:
        """Whether the action says that it changes the world."""
        return self._live.actions.has_effect(action)

    async def answer(self, action: str, call: Envelope) -> JsonValue:
        """Run an action. Raises CallFailed, CallUnanswered, or what the action raises."""
        found = self._live.actions[action]
        if len(self.in_flight) >= MAX_CALLS:
            raise CallFailed(f"{call.topic} is busy with {MAX_CALLS} calls; try again later", error_type="Busy")
        work = found.bind(self._live.ctx, call.body)
        hook = f"action:{action}"
        task = self._live.dispatcher.begin(hook, work, parent=context_of(call.traceparent))
        self.in_flight.add(task)
        task.add_done_callback(self.in_flight.discard)
        try:
            value = await self._live.dispatcher.outcome(hook, task, self._limit_s(found.mark.timeout_s, call))
        except HookTimedOut as error:
            raise CallUnanswered(f"{error}; whether it had its effect is unknown") from error
        except HookInterrupted as error:
            if found.mark.effect:
                raise CallUnanswered(f"{error}; whether it had its effect is unknown") from error
            raise CallFailed(str(error), error_type=NOT_READY) from error
        except Exception as error:
            self._live.ctx.log.warning("action failed", action=action, error=sentence_of(error), caller=call.writer)
            raise
        return found.jsonable(value)

    async def _checked(self, work: partial[Any] | Any, timeout_s: float) -> object:
        if self._checking is not None and not self._checking.done():
            raise SensorFailed("the last health check still hangs and ignores being cancelled")
        dispatcher = self._live.dispatcher
        self._checking = dispatcher.begin("health", work)
        try:
            return await dispatcher.outcome("health", self._checking, timeout_s)
        except Exception as error:
            raise SensorFailed(sentence_of(error)) from error

    def _limit_s(self, timeout_s: float, call: Envelope) -> float:
        if call.expires_s is None:
            return timeout_s
        return max(0.0, min(timeout_s, call.expires_s - self._live.ctx.now()))
