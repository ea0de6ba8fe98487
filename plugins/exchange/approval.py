"""The risk guard's word on an entry: asked for beside the stop while it says yes, and before it once it says no.

An entry never leaves without it. Its stop may: a stop opens nothing, and is taken back when the answer is no. So the
way to the guard and back costs an entry no time, and a guard that refuses costs the venue no orders.
"""

from __future__ import annotations

import asyncio

from plugins.domain import OutcomeCode
from plugins.exchange.door import Refusal, Wish
from plugins.exchange.settings import ExchangeSettings
from qtcore import CallFailed, CallUnanswered, Context

TIMEOUT_S = 1.0


class Approvals:
    """Asks the risk guard about entries, one call each."""

    def __init__(self, ctx: Context[ExchangeSettings]) -> None:
        self._ctx = ctx
        self._under_way: set[asyncio.Task[Refusal | None]] = set()
        self.expected = False
        """Its last word was yes, so the next will probably be too."""

    def ask(self, wish: Wish) -> asyncio.Task[Refusal | None]:
        """Ask now; the task's result is the refusal, None when the entry may leave. It ends within TIMEOUT_S."""
        task = asyncio.get_running_loop().create_task(self._asked(wish), name="ask the risk guard")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def _asked(self, wish: Wish) -> Refusal | None:
        why = await self._why_not(wish)
        self.expected = why is None
        return Refusal(OutcomeCode.RISK_GUARD, why) if why is not None else None

    async def _why_not(self, wish: Wish) -> str | None:
        asked = {"symbol": wish.symbol, "side": wish.side, "notional": wish.notional}
        try:
            answer = await self._ctx.call("risk_guard.approve", asked, timeout_s=TIMEOUT_S)
        except (CallFailed, CallUnanswered) as error:
            return f"the risk guard does not answer: {error}"
        return None if answer["approved"] is True else str(answer["reason"])
