"""A door that kills itself at a chosen moment; forks one per line of standard input, so that imports are paid once.

A line is a JSON object: origin, home, wish, purpose (whose order), and the moment: before_intent, after_intent,
after_send or after_ack.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from plugins.domain import Intent, IntentState, Mode, Purpose, VenueAddress
from plugins.exchange import ExchangePlugin
from plugins.exchange.ledger import Ledger
from plugins.exchange.order_path import Attempt, Tracked
from plugins.exchange.requests import Requests
from qtcore.testing import Plug, harness


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(purpose: Purpose, moment: str) -> None:
    """Make the chosen moment the last one."""
    put, place = Ledger.put, Requests.place

    def deadly_put(self: Ledger, *known: Tracked, at: datetime, attempt_of: str | None = None) -> None:
        hit = next((each for each in known if each.intent.purpose is purpose and each.intent.id == attempt_of), None)
        acked = any(
            each.intent.purpose is purpose and each.attempts and each.state is not IntentState.SENT for each in known
        )
        if hit and moment == "before_intent":
            die()
        put(self, *known, at=at, attempt_of=attempt_of)
        if (hit and moment == "after_intent") or (acked and moment == "after_ack"):
            die()

    async def deadly_place(self: Requests, intent: Intent, attempt: Attempt) -> Any:
        reply = await place(self, intent, attempt)
        if intent.purpose is purpose and moment == "after_send":
            die()
        return reply

    Ledger.put = deadly_put  # type: ignore[method-assign] # the point of this program
    Requests.place = deadly_place  # type: ignore[method-assign] # the point of this program


async def trade(order: dict[str, Any]) -> None:
    async with harness(Plug(ExchangePlugin, "exchange"), home=Path(order["home"]), timers=False) as h:
        h.on_call("risk_guard.approve", lambda _: {"approved": True, "reason": "within all limits"})
        await h.publish(VenueAddress(Mode.PAPER, order["origin"], "test"))
        await h.ready("exchange")
        await h.call("exchange.enter", order["wish"], timeout_s=20)
        await h.call("exchange.close", {"symbol": order["wish"]["symbol"], "reason": "operator"}, timeout_s=20)


def run(order: dict[str, Any]) -> None:
    arm(Purpose(order["purpose"]), order["moment"])
    asyncio.run(trade(order))


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                run(json.loads(line))
            finally:
                os._exit(3)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
