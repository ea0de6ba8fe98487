"""Actions called on behalf of people, and the heals the kernel asked for: questions that await an answer."""

from __future__ import annotations

from itertools import count

import anyio
from pydantic import JsonValue

from qtcore.control.host_message import CallDone
from qtcore.errors import CallFailed, CallUnanswered, ConfigurationError
from qtcore.messaging.calls import BAD_ARGUMENT


class PendingCalls:
    """Pairs each CallAction with its CallDone."""

    def __init__(self) -> None:
        self._serial = count(1)
        self._waiting: dict[str, tuple[anyio.Event, list[CallDone]]] = {}

    def new_request(self) -> str:
        """An id for a question; register it by awaiting `result`."""
        request = f"call-{next(self._serial)}"
        self._waiting[request] = (anyio.Event(), [])
        return request

    def answered(self, message: CallDone) -> None:
        """Take an answer; one that nobody awaits any more is dropped."""
        waiting = self._waiting.get(message.request)
        if waiting is not None:
            waiting[1].append(message)
            waiting[0].set()

    async def result(self, request: str, action: str, timeout_s: float) -> JsonValue:
        """The action's result.

        Raises ConfigurationError when the argument does not fit, CallFailed when it raised, CallUnanswered
        when it is silent.
        """
        event, answers = self._waiting[request]
        try:
            with anyio.fail_after(timeout_s):
                await event.wait()
        except TimeoutError:
            raise CallUnanswered(
                f"{action} gave no answer within {timeout_s:g} s; if it has an effect, its outcome is unknown"
            ) from None
        finally:
            del self._waiting[request]
        return _unpack(answers[0], action)


def _unpack(answer: CallDone, action: str) -> JsonValue:
    if answer.error is not None and answer.error_type == BAD_ARGUMENT:
        raise ConfigurationError(f"{action}: {answer.error}")
    if answer.error is not None:
        raise CallFailed(f"{action}: {answer.error}", error_type=answer.error_type or "")
    return answer.result
