"""Asking the exchange: what it answers, and what is true when it does not answer."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import anyio
from pydantic import TypeAdapter

from plugins.domain import EntryStyle, IntentState, OutcomeCode
from plugins.executor.gates import Order
from plugins.executor.settings import ExecutorSettings
from qtcore import CallFailed, CallUnanswered, Context

LONGEST_WAIT_S = 15.0
"""Real seconds that the exchange lets a limit entry wait."""
TRUTH_TIMEOUT_S = 2.0
TRUTH_TRIES = 20
TRUTH_AGAIN_S = 0.5
"""An exchange whose process died is back within a few seconds and knows what it sent; 10 s of asking outlast that."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of the exchange's answer that decide an outcome."""

    code: OutcomeCode
    sentence: str
    intent_id: str | None = None
    state: IntentState = IntentState.UNKNOWN
    filled_quantity: Decimal = Decimal(0)
    average_price: Decimal | None = None


_ANSWER = TypeAdapter(Answer)
_NOTHING_SENT = "the exchange did not take the order and has no record of it"


async def enter(ctx: Context[ExecutorSettings], order: Order) -> Answer:
    """Enter; when the exchange is silent or fails, ask it what is true instead of sending again."""
    signal = order.signal
    argument = {
        "signal_id": signal.id,
        "symbol": signal.symbol,
        "side": order.side,
        "quantity": order.sizing.quantity,
        "notional": order.sizing.notional,
        "stop_trigger": order.sizing.stop_trigger,
        "reason": f"{signal.source.value} {signal.view.value} {signal.confidence}",
    }
    timeout_s = ctx.settings.enter_timeout_s
    if order.limit is not None:
        wait_s = min(ctx.real_limit_s(order.deadline_s), LONGEST_WAIT_S)
        then_market = order.style is EntryStyle.LIMIT_THEN_MARKET
        argument |= {"limit": order.limit, "wait_s": wait_s, "then_market": then_market}
        timeout_s += wait_s
    try:
        found = await ctx.call("exchange.enter", argument, timeout_s=timeout_s, key=signal.id)
    except (CallFailed, CallUnanswered) as error:
        return await _truth(ctx, signal.id, str(error))
    return _read(found)


async def truth(ctx: Context[ExecutorSettings], signal_id: str) -> Answer | None:
    """What became of a signal's entry; None when none was ever recorded. Raises CallFailed, CallUnanswered."""
    found = await ctx.call("exchange.entry", {"signal_id": signal_id}, timeout_s=TRUTH_TIMEOUT_S)
    return _read(found) if found is not None else None


async def _truth(ctx: Context[ExecutorSettings], signal_id: str, why: str) -> Answer:
    last = ""
    for _ in range(TRUTH_TRIES):
        try:
            found = await truth(ctx, signal_id)
        except (CallFailed, CallUnanswered) as error:
            last = str(error)
            await anyio.sleep(TRUTH_AGAIN_S)
        else:
            return found or Answer(
                OutcomeCode.ORDER_REFUSED, f"{why}; {_NOTHING_SENT}", state=IntentState.NEVER_HAPPENED
            )
    return Answer(OutcomeCode.ORDER_UNKNOWN, f"{why}; asking for the truth failed too: {last}")


def _read(found: dict[str, Any]) -> Answer:
    wanted = {name: found.get(name) for name in Answer.__dataclass_fields__ if found.get(name) is not None}
    return _ANSWER.validate_python(wanted)
