"""Calls between plugins: one path for callers, whether the action lives in this host or another."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import uuid4

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from qtcore.errors import CallFailed, CallUnanswered
from qtcore.messaging.clock import Clock
from qtcore.messaging.envelope import Envelope, EnvelopeKind
from qtcore.messaging.remembered import RememberedResults
from qtcore.messaging.trace_context import current_traceparent
from qtcore.telemetry.routine import keep_routine

DEFAULT_CALL_TIMEOUT_S = 10.0
NOT_READY = "NotReady"
BAD_ARGUMENT = "BadArgument"


class Answerer(Protocol):
    """One ready plugin that answers calls of its actions."""

    def has_effect(self, action: str) -> bool: ...
    async def answer(self, action: str, call: Envelope) -> JsonValue: ...


class RemoteCalls(Protocol):
    """Calls into other hosts."""

    def reaches(self, plugin: str) -> bool: ...
    async def ask(self, plugin: str, call: Envelope, timeout_s: float) -> Envelope: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a plugin generation, or `operator` with generation 0."""

    name: str
    generation: int


class CallDesk:
    """Takes the calls of one host: answers those for its plugins, passes on the others."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.remote: RemoteCalls | None = None
        self._answerers: dict[str, Answerer] = {}
        self._remembered = RememberedResults(clock)
        self._running: set[asyncio.Task[Envelope]] = set()
        # An action runs on behalf of its own plugin: it must not inherit the caller's context.
        self._context = contextvars.copy_context()

    def open(self, plugin: str, answerer: Answerer) -> None:
        """From now on this generation answers for the plugin."""
        self._answerers[plugin] = answerer

    def close(self, plugin: str, answerer: Answerer) -> None:
        """This generation answers no more."""
        if self._answerers.get(plugin) is answerer:
            del self._answerers[plugin]

    async def call(
        self, caller: Caller, action: str, argument: object, *, timeout_s: float | None, key: str | None
    ) -> JsonValue:
        """Call `plugin.action`. Raises CallFailed, CallUnanswered, MessageTooLarge."""
        keep_routine()
        limit_s = DEFAULT_CALL_TIMEOUT_S if timeout_s is None else timeout_s
        call = Envelope(
            kind=EnvelopeKind.CALL,
            id=uuid4().hex,
            topic=action,
            writer=caller.name,
            generation=caller.generation,
            sequence=0,
            at=self.clock.wall(),
            expires_s=self.clock.now() + limit_s,
            key=key,
            traceparent=current_traceparent(),
            body=jsonable_argument(action, argument),
        )
        return opened(await self._reply(call, limit_s))

    async def answer(self, call: Envelope) -> Envelope:
        """The reply to a call for a plugin of this host; failures are replies too."""
        return await self.start_answer(call)

    def start_answer(self, call: Envelope) -> asyncio.Task[Envelope]:
        """Answer in a task of its own, which goes on when the caller stops waiting."""
        task = asyncio.get_running_loop().create_task(
            self._answer(call), name=f"answer {call.topic}", context=self._context.copy()
        )
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def aclose(self) -> None:
        """Cancel what is still being answered."""
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=1.0)

    async def _reply(self, call: Envelope, limit_s: float) -> Envelope:
        plugin = call.topic.partition(".")[0]
        if plugin in self._answerers or self._remembered.knows(call):
            task = self.start_answer(call)
            done, _ = await asyncio.wait({task}, timeout=limit_s)
            if not done:
                raise CallUnanswered(f"{call.topic} did not answer within {limit_s:g} s")
            return task.result()
        if self.remote is not None and self.remote.reaches(plugin):
            return await self.remote.ask(plugin, call, limit_s)
        return fault(call, NOT_READY, f"{plugin} is not ready, so {call.topic} was not called; try again once it is up")

    async def _answer(self, call: Envelope) -> Envelope:
        plugin, _, action = call.topic.partition(".")
        answerer = self._answerers.get(plugin)
        known = self._remembered.find(call)
        if known is not None:
            return await self._replied(call, _outcome(known))
        if answerer is None:
            return fault(call, NOT_READY, f"{plugin} is not ready, so {call.topic} was not called")
        if call.expires_s is not None and self.clock.now() > call.expires_s:
            return fault(call, CallUnanswered.__name__, f"{call.topic} arrived after its deadline and was not run")
        if call.key is not None and answerer.has_effect(action):
            return await self._replied(call, self._remembered.run(call, answerer.answer(action, call)))
        return await self._replied(call, answerer.answer(action, call))

    async def _replied(self, call: Envelope, work: Coroutine[Any, Any, JsonValue]) -> Envelope:
        try:
            return result(call, await work)
        except CallFailed as error:
            return fault(call, error.error_type or CallFailed.__name__, str(error))
        except Exception as error:  # noqa: BLE001 - an action's error belongs to its caller, whatever it is
            return fault(call, type(error).__name__, str(error) or type(error).__name__)


async def _outcome(known: asyncio.Future[JsonValue]) -> JsonValue:
    return await asyncio.shield(known)


def jsonable_argument(action: str, argument: object) -> dict[str, JsonValue]:
    """The parameters by name as JSON data. Raises TypeError."""
    data = to_jsonable_python(argument) if argument is not None else {}
    if not isinstance(data, dict):
        raise TypeError(
            f"{action} was called with {type(argument).__name__}; give its parameters by name, "
            "as a dict, a dataclass or a model"
        )
    return data


def result(call: Envelope, body: JsonValue) -> Envelope:
    """The reply that carries a result."""
    return _reply_to(call, EnvelopeKind.RESULT, body)


def fault(call: Envelope, error_type: str, sentence: str) -> Envelope:
    """The reply that carries a typed error."""
    return _reply_to(call, EnvelopeKind.FAULT, {"error_type": error_type, "sentence": sentence})


def opened(reply: Envelope) -> JsonValue:
    """The result in a reply. Raises CallFailed or CallUnanswered for a fault."""
    if reply.kind is EnvelopeKind.RESULT:
        return reply.body
    body = reply.body if isinstance(reply.body, dict) else {}
    sentence, error_type = str(body.get("sentence", "")), str(body.get("error_type", ""))
    if error_type == CallUnanswered.__name__:
        raise CallUnanswered(sentence)
    raise CallFailed(sentence, error_type=error_type)


def _reply_to(call: Envelope, kind: EnvelopeKind, body: JsonValue) -> Envelope:
    return Envelope(
        kind=kind,
        id=uuid4().hex,
        topic=call.topic,
        writer=call.topic.partition(".")[0],
        generation=0,
        sequence=0,
        at=datetime.now(UTC),
        reply_to=call.id,
        traceparent=call.traceparent,
        body=body,
    )
