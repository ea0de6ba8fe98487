"""Protecting: a new stop or take-profit is on the venue before the old one goes."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from dataclasses import replace
from decimal import Decimal

import anyio

from plugins.domain import Intent, Mode, Purpose, StopStatus
from plugins.exchange.books import Books
from plugins.exchange.ids import client_order_id
from plugins.exchange.order_path import Tracked
from plugins.exchange.replies import STOP_ALREADY_THERE
from plugins.exchange.requests import Requests, VenueRefusal, VenueSilent
from plugins.exchange.results import Ordered, ordered, refused
from plugins.exchange.sending import Sender
from plugins.exchange.settings import ExchangeSettings
from plugins.exchange.wire import ZERO, PositionView
from qtcore import Context


class Protection:
    """Places and replaces the conditional orders that guard positions.

    The venue keeps one closePosition order a side and kind. So the first guard closes the whole
    position, its successor is a reduce-only order over the position's quantity, and so in turn:
    there is no moment without one.
    """

    def __init__(self, ctx: Context[ExchangeSettings], *, requests: Requests, books: Books, sender: Sender) -> None:
        self._ctx = ctx
        self._requests = requests
        self._books = books
        self._sender = sender
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._attempts: Counter[tuple[str, Purpose]] = Counter()

    async def place(
        self, symbol: str, purpose: Purpose, trigger: Decimal, reason: str, limit: Decimal | None = None
    ) -> Ordered:
        """Guard an open position at `trigger`; older guards of the same kind are cancelled after. Raises Fenced."""
        async with self._locks[symbol]:
            held = await self._held(symbol)
            if held is None:
                return refused(f"there is no position in {symbol} to protect")
            old = self._books.protection(symbol, purpose)
            if same := [known for known in old if _is_at(known, trigger, limit) and _covers(known, held)]:
                return ordered(same[0], f"there is one at {trigger} already")
            if purpose is Purpose.STOP and (tighter := _tighter(old, held, trigger)):
                return refused(f"a stop at {tighter} guards {symbol} already, and stops never loosen")
            intent = self._intent(held, purpose, trigger, reason)
            if limit is not None:  # the venue takes no limit with closePosition
                intent = replace(_by_quantity(intent, held), price=limit)
            known = await self._send(intent)
            if known.code == STOP_ALREADY_THERE:
                known = await self._send(_by_quantity(self._intent(held, purpose, trigger, reason), held))
            if known.stop_status is StopStatus.LIVE:
                await self._retire(old, known)
            return ordered(known)

    async def _held(self, symbol: str) -> PositionView | None:
        """The position as last reconciled; asked for where none is known, because it may be that new."""
        if held := self._books.positions.get(symbol):
            return held
        try:
            return (await self._requests.positions(symbol)).get(symbol)
        except (VenueRefusal, VenueSilent) as error:
            raise VenueSilent(f"whether there is a position in {symbol} cannot be said now: {error}") from error

    async def _send(self, intent: Intent) -> Tracked:
        with self._sender.holding(intent.id):
            known = await self._sender.send(Tracked(intent))
            if known.unresolved:
                known = await self._sender.resolve(known, within_s=self._ctx.settings.resolve_s)
        return known

    async def _retire(self, old: list[Tracked], new: Tracked) -> None:
        for known in old:
            if known.intent.id != new.intent.id:
                await self._sender.cancel(known)

    def _intent(self, held: PositionView, purpose: Purpose, trigger: Decimal, reason: str) -> Intent:
        position_id = self._books.position_id(held.symbol)
        attempt = self._next_attempt(position_id, purpose)
        return Intent(
            id=client_order_id(Mode(self._ctx.mode), purpose, position_id, attempt),
            symbol=held.symbol,
            side=held.side.opposite,
            purpose=purpose,
            quantity=ZERO,
            reduce_only=False,
            close_position=True,
            created_at=self._ctx.wall(),
            trigger=trigger,
            position_id=position_id,
            reason=reason,
            trace_id=self._ctx.trace_id(),
        )

    def _next_attempt(self, position_id: str, purpose: Purpose) -> int:
        key = (position_id, purpose)
        try:
            before = self._books.ledger.count_for(position_id, purpose)
        except sqlite3.Error:
            before = 0
        self._attempts[key] = max(self._attempts[key], before) + 1
        return self._attempts[key]


def _is_at(known: Tracked, trigger: Decimal, limit: Decimal | None) -> bool:
    return (known.intent.trigger, known.intent.price) == (trigger, limit)


def _by_quantity(intent: Intent, held: PositionView) -> Intent:
    return replace(intent, close_position=False, reduce_only=True, quantity=held.quantity)


def _tighter(old: list[Tracked], held: PositionView, trigger: Decimal) -> Decimal | None:
    """The trigger of a live stop over the whole position that is nearer to the price than `trigger`."""
    sign = held.side.sign
    live = [known for known in old if known.stop_status is StopStatus.LIVE and _covers(known, held)]
    nearer = [
        known.intent.trigger for known in live if known.intent.trigger and known.intent.trigger * sign > trigger * sign
    ]
    return max(nearer, key=lambda price: price * sign, default=None)


def _covers(known: Tracked, held: PositionView) -> bool:
    return known.intent.close_position or known.intent.quantity >= held.quantity
