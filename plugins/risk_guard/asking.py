"""What the guard asks of others: fills, orders, cancellations and the account's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter

from plugins.domain import Fill
from plugins.risk_guard.fence import entries_at_work
from plugins.risk_guard.limits import Baselines
from plugins.risk_guard.settings import RiskGuardSettings
from plugins.risk_guard.trips import Trips
from qtcore import CallFailed, CallUnanswered, Context

Ctx = Context[RiskGuardSettings]

TIMEOUT_S = 3.0
ORDERS_LOOKED_AT = 100
PAGE = 1000

_FILL = TypeAdapter(Fill)


@dataclass(frozen=True, slots=True)
class Page:
    """Round trips after some further fills, those fills, how many the ledger holds, and whether there are more."""

    trips: Trips
    fills: tuple[Fill, ...]
    count: int
    more: bool


async def fills_after(ctx: Ctx, trips: Trips) -> Page:
    """The next fills of the exchange's ledger; from its beginning when it is another one. Raises CallFailed, …"""
    answer = await ctx.call("exchange.fills", {"after": trips.cursor, "limit": PAGE}, timeout_s=TIMEOUT_S)
    if answer["ledger"] != trips.ledger:
        trips = Trips(ledger=answer["ledger"])
        answer = await ctx.call("exchange.fills", {"after": 0, "limit": PAGE}, timeout_s=TIMEOUT_S)
    read = [(int(line["sequence"]), _FILL.validate_python(line["fill"])) for line in answer["fills"]]
    after = trips.with_fills(read)
    return Page(after, tuple(fill for _, fill in read), int(answer["count"]), after.cursor < int(answer["last"]))


async def orders(ctx: Ctx) -> Sequence[Mapping[str, Any]]:
    """The newest orders and all that are not over. Raises CallFailed, CallUnanswered."""
    working = await ctx.call("exchange.orders", {}, timeout_s=TIMEOUT_S)
    newest = await ctx.call("exchange.orders", {"limit": ORDERS_LOOKED_AT}, timeout_s=TIMEOUT_S)
    return list({line["id"]: line for line in [*newest, *working]}.values())


async def sweep(ctx: Ctx) -> list[str]:
    """Cancel every entry that is at work; returns those that were cancelled. Raises CallFailed, CallUnanswered."""
    cancelled = []
    for intent_id in entries_at_work(await ctx.call("exchange.orders", {}, timeout_s=TIMEOUT_S)):
        answer = await ctx.call("exchange.cancel", {"intent_id": intent_id}, timeout_s=TIMEOUT_S)
        ctx.log.warning("an entry was swept after the kill", order=intent_id, state=str(answer.get("state")))
        cancelled.append(intent_id)
    return cancelled


async def reconciled(ctx: Ctx) -> None:
    """Make the exchange look at the venue before it is believed. Raises CallFailed, CallUnanswered."""
    await ctx.call("exchange.reconcile", {}, timeout_s=2 * TIMEOUT_S)


async def baselines_of_history(ctx: Ctx, market_now: datetime) -> Baselines | None:
    """Baselines proven by the stored history of the account; None where it has none or cannot be asked."""
    midnight = datetime.combine(market_now.date(), time(), UTC)
    try:
        answer = await ctx.call("database.equity_bounds", {"since": midnight}, timeout_s=TIMEOUT_S)
    except (CallFailed, CallUnanswered) as error:
        ctx.log.info("the history does not answer yet", why=str(error))
        return None
    if answer is None or answer["first"] is None:
        return None
    return Baselines(market_now.date().isoformat(), Decimal(answer["first"]), Decimal(answer["highest"]))
