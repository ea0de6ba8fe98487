"""Answers calls for a plugin that is not under test."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from qtcore.errors import CallFailed
from qtcore.messaging.envelope import Envelope

Handler = Callable[[dict[str, Any]], Any | Awaitable[Any]]


class StandIn:
    """The handlers that a test gave with `on_call`, and the calls they got."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def has_effect(self, action: str) -> bool:
        """Keys are honoured for every handler, so that a test sees a call that is not repeated."""
        return action in self.handlers

    async def answer(self, action: str, call: Envelope) -> JsonValue:
        """Run the handler with the argument as JSON data."""
        handler = self.handlers.get(action)
        if handler is None:
            raise CallFailed(f"the test has no on_call handler for {call.topic}", error_type="UnknownAction")
        argument: dict[str, Any] = call.body if isinstance(call.body, dict) else {}
        self.calls.append((action, argument))
        value = handler(argument)
        if inspect.isawaitable(value):
            value = await value
        data: JsonValue = to_jsonable_python(value)
        return data
