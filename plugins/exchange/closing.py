"""Closing: reduce-only, at market, always possible."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from decimal import Decimal

import anyio

from plugins.domain import ExitReason, Instrument, Intent, IntentState, Mode, Purpose
from plugins.domain.money import to_step
from plugins.exchange.booking import Booking
from plugins.exchange.books import Books, LedgerDown
from plugins.exchange.ids import client_order_id
from plugins.exchange.order_path import Tracked
from plugins.exchange.replies import NOTHING_TO_REDUCE
from plugins.exchange.requests import Requests, VenueRefusal, VenueSilent
from plugins.exchange.results import Ordered, ordered, refused
from plugins.exchange.sending import Sender
from plugins.exchange.settings import ExchangeSettings
from plugins.exchange.wire import ZERO, PositionView
from qtcore import Context

TRIES = 3
"""Orders in one call: a position above the venue's largest market order needs several, as does a lost request."""


class Closing:
    """Closes positions or parts of them; one call at a time for a symbol."""

    def __init__(
        self,
        ctx: Context[ExchangeSettings],
        *,
        requests: Requests,
        books: Books,
        sender: Sender,
        booking: Booking,
        instruments: dict[str, Instrument],
    ) -> None:
        self._ctx = ctx
        self._requests = requests
        self._books = books
        self._sender = sender
        self._booking = booking
        self._instruments = instruments
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._attempts: Counter[str] = Counter()

    async def close(self, symbol: str, reason: ExitReason) -> Ordered:
        """Close a position whatever its size. Raises Fenced."""
        async with self._locks[symbol]:
            answer = refused(f"{symbol} could not be closed in {TRIES} orders; calling again goes on")
            for _ in range(TRIES):
                held = await self._held(symbol)
                if held is None:
                    return answer if answer.filled_quantity else refused(f"there is no position in {symbol} to close")
                known = await self._send(held, reason, held.quantity)
                answer = ordered(known)
                if known.filled >= held.quantity or not _worth_another(known):
                    return answer
            return answer

    async def reduce(self, symbol: str, to: Decimal, reason: ExitReason) -> Ordered:
        """Bring a position down to at most `to`; asked again, it finds nothing left to do. Raises Fenced, VenueSilent.

        By the venue's word alone: from an older one more might be closed than was meant.
        """
        async with self._locks[symbol]:
            answer = refused(f"{symbol} is not above {to}")
            for _ in range(TRIES):
                held = (await self._requests.positions(symbol)).get(symbol)
                excess = self._whole_steps(symbol, held.quantity - to) if held else ZERO
                if held is None or excess <= ZERO:
                    return answer
                known = await self._send(held, reason, excess)
                answer = ordered(known)
                if known.filled >= excess or not _worth_another(known):
                    return answer
            return answer

    def _whole_steps(self, symbol: str, quantity: Decimal) -> Decimal:
        """What the venue takes of `quantity`: less than its smallest order is nothing."""
        rules = self._instruments.get(symbol)
        if rules is None:
            return quantity
        steps = to_step(max(quantity, ZERO), rules.step)
        return steps if steps >= rules.minimum_quantity else ZERO

    async def _held(self, symbol: str) -> PositionView | None:
        """The position by the venue's word, or as last known when it gives none now; VenueSilent without either."""
        try:
            return (await self._requests.positions(symbol)).get(symbol)
        except (VenueRefusal, VenueSilent) as error:
            if (believed := self._books.believed(symbol)) is not None:
                return believed
            raise VenueSilent(f"whether there is a position in {symbol} cannot be said now: {error}") from error

    async def _send(self, held: PositionView, reason: ExitReason, quantity: Decimal) -> Tracked:
        known = Tracked(self._intent(held, reason, quantity))
        with self._sender.holding(known.intent.id):
            known = await self._sender.send(known)
            if not known.final:
                known = await self._sender.resolve(known, within_s=self._ctx.settings.resolve_s)
        if known.filled:
            await self._book(held.symbol)
        return known

    def _intent(self, held: PositionView, reason: ExitReason, quantity: Decimal) -> Intent:
        position_id = self._books.position_id(held.symbol)
        return Intent(
            id=client_order_id(Mode(self._ctx.mode), Purpose.EXIT, position_id, self._next_attempt(position_id)),
            symbol=held.symbol,
            side=held.side.opposite,
            purpose=Purpose.EXIT,
            quantity=min(quantity, self._most(held.symbol)),
            reduce_only=True,
            close_position=False,
            created_at=self._ctx.wall(),
            position_id=position_id,
            reason=reason.value,
            trace_id=self._ctx.trace_id(),
        )

    def _most(self, symbol: str) -> Decimal:
        rules = self._instruments.get(symbol)
        return rules.maximum_market_quantity if rules else Decimal("Infinity")

    def _next_attempt(self, position_id: str) -> int:
        """One more than ever before for this position; from memory alone when the disk fails."""
        try:
            before = self._books.ledger.count_for(position_id, Purpose.EXIT)
        except sqlite3.Error:
            before = 0
        self._attempts[position_id] = max(self._attempts[position_id], before) + 1
        return self._attempts[position_id]

    async def _book(self, symbol: str) -> None:
        try:
            await self._booking.pull(symbol)
        except (VenueRefusal, VenueSilent, LedgerDown) as error:
            self._ctx.log.warning("fills of an exit are booked later", symbol=symbol, why=str(error))


def _worth_another(known: Tracked) -> bool:
    """Whether the position should be looked at again: it was filled in part, proven not to have arrived, or refused
    because there was nothing to reduce."""
    return (
        known.state is IntentState.FILLED
        or known.state is IntentState.NEVER_HAPPENED
        or known.code == NOTHING_TO_REDUCE
    )
