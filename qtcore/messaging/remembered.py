"""Results of calls with an idempotency key: the same key is answered from memory, not run again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from pydantic import JsonValue

from qtcore.errors import CallUnanswered
from qtcore.messaging.clock import Clock
from qtcore.messaging.envelope import Envelope

REMEMBER_S = 600.0
_MOST = 4096


class RememberedResults:
    """Keyed results of this host's actions for ten minutes; lost with the host.

    A call that failed may be run again under its key. One that ran into its deadline may not: its
    outcome is unknown, and the same key gets the same answer.
    """

    __slots__ = ("_clock", "_results")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._results: dict[tuple[str, str], tuple[float, asyncio.Future[JsonValue]]] = {}

    def knows(self, call: Envelope) -> bool:
        """True when the key of this call has been used."""
        return self.find(call) is not None

    def find(self, call: Envelope) -> asyncio.Future[JsonValue] | None:
        """The result, perhaps still in the making, of the call that used this key first."""
        if call.key is None:
            return None
        kept = self._results.get((call.topic, call.key))
        return None if kept is None else kept[1]

    async def run(self, call: Envelope, work: Coroutine[Any, Any, JsonValue]) -> JsonValue:
        """Run `work` as the one call under this key."""
        self._forget_old()
        place = (call.topic, call.key or "")
        outcome: asyncio.Future[JsonValue] = asyncio.get_running_loop().create_future()
        # Looked at here so that an error nobody else waits for is not reported as forgotten.
        outcome.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._results[place] = (self._clock.now(), outcome)
        try:
            value = await work
        except CallUnanswered as unknown:
            outcome.set_exception(unknown)
            raise
        except asyncio.CancelledError:
            outcome.set_exception(CallUnanswered(f"{call.topic} was interrupted; its outcome is unknown"))
            raise
        except Exception as error:
            del self._results[place]
            outcome.set_exception(error)
            raise
        outcome.set_result(value)
        return value

    def _forget_old(self) -> None:
        oldest_s = self._clock.now() - REMEMBER_S
        for place, (at_s, outcome) in list(self._results.items()):
            if at_s >= oldest_s and len(self._results) < _MOST:
                break
            if outcome.done():
                del self._results[place]
