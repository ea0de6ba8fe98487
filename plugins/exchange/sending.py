"""Carries one order through the wire, and finds out what became of it when the answer did not come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio

from plugins.exchange.booking import Booking
from plugins.exchange.books import Books, LedgerDown
from plugins.exchange.mentions import Mentions
from plugins.exchange.order_path import Absent, Act, Attempt, Book, Child, Evidence, NoTrades, Tracked, learn, next_act
from plugins.exchange.replies import CLOCK_WRONG, Refused, Unclear
from plugins.exchange.requests import Requests, VenueRefusal, VenueSilent
from plugins.exchange.settings import ExchangeSettings
from qtcore import Context

PACE_S = 0.05
"""Between two questions about an order that is still working."""
RETRY_S = 0.25
"""After a question that got no answer."""


class Sender:
    """Sends orders and resolves doubts. An order id in `busy` is in somebody's hands."""

    def __init__(
        self,
        ctx: Context[ExchangeSettings],
        *,
        requests: Requests,
        books: Books,
        booking: Booking,
        mentions: Mentions,
    ) -> None:
        self._ctx = ctx
        self._requests = requests
        self._books = books
        self._booking = booking
        self.busy: set[str] = set()
        self._mentions = mentions
        self.in_vain: str | None = None
        """Why the last question about an order in doubt had no answer; None once one had."""

    @contextmanager
    def holding(self, *ids: str) -> Iterator[None]:
        """Keep the background away from these orders for a while."""
        self.busy.update(ids)
        try:
            yield
        finally:
            self.busy.difference_update(ids)

    async def send(self, known: Tracked, *, alongside: Sequence[Tracked] = ()) -> Tracked:
        """Write the attempt down, then send it; what stands in `alongside` is written in the same commit.

        Raises Fenced when this generation may not act, LedgerDown when it cannot be written and must be.
        """
        known = await self._attempt(known, alongside)
        if known.code == CLOCK_WRONG:
            # Refused for its timestamp means refused for certain; one look at the venue's clock and once more.
            await self._requests.measure_clock()
            known = await self._attempt(known, ())
        return known

    async def _attempt(self, known: Tracked, alongside: Sequence[Tracked]) -> Tracked:
        intent = known.intent
        self._ctx.check_lease()
        attempt = Attempt(self._requests.clock.now_ms(), self._ctx.settings.recv_window_ms)
        known = learn(known, attempt)
        self._books.note(known, *alongside, attempt_of=intent.id)
        self._mentions.expect(intent.id)  # before: the stream may be faster than the answer
        with self._ctx.span("order.place", symbol=intent.symbol, purpose=intent.purpose.value, order=intent.id) as span:
            reply = await self._requests.place(intent, attempt)
            if isinstance(reply, Refused):
                span.set_attribute("error.type", str(reply.code))
        if isinstance(reply, (Refused, Unclear)):
            self._mentions.withdraw(intent.id)
        known = learn(self._books.newest(known), reply)
        self._books.note(known)
        self._ctx.progress("orders")
        return known

    async def resolve(self, known: Tracked, *, within_s: float) -> Tracked:
        """Follow the evidence until the order's story is clear or the time is over."""
        with anyio.move_on_after(within_s):
            while (act := next_act(known, self._requests.clock.now_ms())) is not Act.NOTHING:
                known = await self._step(known, act)
        return known

    async def look(self, known: Tracked) -> Tracked:
        """Ask once where a conditional order stands, and its child order if it has one."""
        known = await self._learn(known, await self._ask(known))
        if next_act(known, self._requests.clock.now_ms()) is Act.ASK_CHILD:
            known = await self._step(known, Act.ASK_CHILD)
        return known

    async def cancel(self, known: Tracked) -> Tracked:
        """Cancel an order and find out how it really ended. Raises Fenced."""
        self._ctx.check_lease()
        intent = known.intent
        with self._ctx.span("order.cancel", symbol=intent.symbol, order=intent.id):
            if known.book is Book.ALGOS:
                await self._requests.cancel_algo(intent.id)
            else:
                await self._requests.cancel_order(intent.symbol, intent.id)
        try:
            return await self.look(known)
        except (VenueRefusal, VenueSilent):
            return known  # it stays as it was known; the next reconciliation asks again

    async def _step(self, known: Tracked, act: Act) -> Tracked:
        if act is Act.WAIT:
            await anyio.sleep(max(0.0, known.fence_ms - self._requests.clock.now_ms() + 1) / 1000)
            return known
        try:
            before = known
            known = await self._learn(known, await self._evidence(known, act))
            self.in_vain = None
        except (VenueRefusal, VenueSilent, LedgerDown) as error:
            self.in_vain = str(error)
            await anyio.sleep(RETRY_S)
            return known
        if known == before:
            await anyio.sleep(PACE_S)
        return known

    async def _evidence(self, known: Tracked, act: Act) -> Evidence:
        if act is Act.SEARCH_TRADES:
            return await self._search_trades(known)
        if act is Act.ASK_CHILD:
            child = await self._requests.order(known.intent.symbol, order_id=known.child_order_id or "")
            return child if isinstance(child, Absent) else Child(child)
        return await self._ask(known)

    async def _ask(self, known: Tracked) -> Evidence:
        if known.book is Book.ALGOS:
            return await self._requests.algo(known.intent.id)
        return await self._requests.order(known.intent.symbol, client_id=known.intent.id)

    async def _search_trades(self, known: Tracked) -> Evidence:
        """Every execution of the symbol gets its owner; if one is this order's, the venue has it after all."""
        await self._booking.pull(known.intent.symbol)
        if fills := self._books.ledger.fills_of_order(known.intent.id):
            return await self._requests.order(known.intent.symbol, order_id=fills[0].fill.venue_order_id)
        return NoTrades()

    async def _learn(self, known: Tracked, evidence: Evidence) -> Tracked:
        newest = self._books.newest(known)
        after = learn(newest, evidence)
        if after != newest:
            self._books.note(after)
        return after
