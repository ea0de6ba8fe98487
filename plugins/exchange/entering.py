"""Entering: the stop is on the venue before the entry leaves, and without a stop there is no entry."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

import anyio

from plugins.domain import ExitReason, Intent, IntentState, Mode, OutcomeCode, Purpose, StopStatus
from plugins.exchange.booking import Booking
from plugins.exchange.books import Books, LedgerDown
from plugins.exchange.closing import Closing
from plugins.exchange.door import Patience, Refusal, Wish
from plugins.exchange.ids import client_order_id
from plugins.exchange.leverage import Leverages
from plugins.exchange.order_path import Tracked, abandoned
from plugins.exchange.replies import NEEDS_A_POSITION
from plugins.exchange.requests import VenueRefusal, VenueSilent
from plugins.exchange.results import Entered
from plugins.exchange.sending import Sender
from plugins.exchange.settings import ExchangeSettings
from plugins.exchange.wire import ZERO
from qtcore import Context, Fenced

LIMIT_LOOK_S = 0.5
"""Between two looks at an entry that waits at its limit."""


class Entries:
    """Carries entries from the open door to the protected fill."""

    def __init__(
        self,
        ctx: Context[ExchangeSettings],
        *,
        books: Books,
        sender: Sender,
        booking: Booking,
        leverages: Leverages,
        closing: Closing,
    ) -> None:
        self._ctx = ctx
        self._books = books
        self._sender = sender
        self._booking = booking
        self._leverages = leverages
        self._closing = closing

    def entry_id(self, signal_id: str) -> str:
        """The client id that the entry of this signal has, whether it exists or not."""
        return client_order_id(Mode(self._ctx.mode), Purpose.ENTRY, signal_id)

    def answered(self, signal_id: str) -> Entered | None:
        """What became of this signal's entry if there was one: the same wish is never carried out twice."""
        entry = self._books.get(self.entry_id(signal_id))
        if entry is None:
            return None
        if entry.intent.price is not None and entry.final and not entry.filled:
            entry = self._books.get(self._second_id(signal_id)) or entry
        stop = self._books.get(client_order_id(Mode(self._ctx.mode), Purpose.STOP, signal_id))
        return _answer(entry, stop)

    def _second_id(self, signal_id: str) -> str:
        """Of the market order that follows a limit order which did not fill."""
        return client_order_id(Mode(self._ctx.mode), Purpose.ENTRY, signal_id, 2)

    async def look_at_leftovers(self, symbol: str) -> None:
        """Ask how the stops of a position that is no more have ended, so that they do not stand in the way."""
        if self._books.held(symbol) is not None:
            return
        for known in (*self._books.protection(symbol), *self._books.protection(symbol, Purpose.STOP_LIMIT)):
            try:
                await self._sender.look(known)
            except (VenueRefusal, VenueSilent) as error:
                self._ctx.log.info("an old stop could not be looked at", order=known.intent.id, why=str(error))

    async def enter(
        self, wish: Wish, approval: Awaitable[Refusal | None], still_refused: Callable[[], Refusal | None]
    ) -> Entered:
        """Carry out a wish that the door let pass. Raises Fenced.

        Once its stop is on the venue the `approval` is waited for and the door asked again, for the kill switch may
        have been pulled meanwhile; a refusal takes the stop back. It is asked once more before a second order.
        """
        entry, stop = self._intents(wish)
        with self._sender.holding(entry.intent.id, stop.intent.id), self._ctx.span("intent", signal=wish.signal_id):
            try:
                await self._leverages.ensure(wish.symbol)
                stop = await self._sender.send(stop, alongside=[entry])
            except (VenueRefusal, VenueSilent, LedgerDown) as error:
                entry = self._dropped(entry, str(error))
                return _refusal(entry, stop, Refusal(OutcomeCode.ORDER_REFUSED, str(error)))
            if stop.unresolved:
                stop = await self._sender.resolve(stop, within_s=self._ctx.settings.resolve_s)
            if stop.stop_status is StopStatus.LIVE:
                if (refusal := await approval or still_refused()) is not None:
                    entry = self._dropped(entry, refusal.sentence)
                    return _refusal(entry, await self._take_back(entry, stop), refusal)
                return await self._enter_covered(entry, stop, wish.patience, still_refused)
            if stop.code in NEEDS_A_POSITION:
                if (refusal := await approval or still_refused()) is not None:
                    return _refusal(self._dropped(entry, refusal.sentence), stop, refusal)
                return await self._enter_then_cover(entry, stop)
            return await self._without_stop(entry, stop)

    async def _enter_covered(
        self,
        entry: Tracked,
        stop: Tracked,
        patience: Patience | None,
        still_refused: Callable[[], Refusal | None],
    ) -> Entered:
        try:
            entry = await self._send_entry(entry, patience)
            if patience is not None and patience.then_market and _unfilled(entry) and still_refused() is None:
                entry = await self._follow_at_market(entry)
        except (LedgerDown, Fenced) as error:
            await self._take_back(self._dropped(entry, str(error)), stop)
            if isinstance(error, Fenced):
                raise
            return _refusal(entry, stop, Refusal(OutcomeCode.ORDER_REFUSED, str(error)))
        if entry.final and not entry.filled:
            stop = await self._take_back(entry, stop)
        return _answer(entry, stop)

    async def _enter_then_cover(self, entry: Tracked, refused_stop: Tracked) -> Entered:
        """For a venue that takes no closing stop while flat: enter, and cover the fill at once or leave again."""
        # At market: a limit that fills while nobody looks would be naked until somebody does.
        entry = await self._send_entry(replace(entry, intent=replace(entry.intent, price=None)))
        if not entry.filled:
            return _answer(entry, refused_stop)
        stop = await self._cover(self._stop(refused_stop.intent, attempt=2))
        if stop.stop_status is not StopStatus.LIVE:
            await self._closing.close(entry.intent.symbol, ExitReason.UNPROTECTED)
        return _answer(entry, stop)

    async def _cover(self, stop: Tracked) -> Tracked:
        try:
            stop = await self._sender.send(stop)
        except LedgerDown as error:
            self._ctx.log.warning("a fill cannot be covered, so it is closed", order=stop.intent.id, why=str(error))
            return stop
        return await self._sender.resolve(stop, within_s=self._ctx.settings.resolve_s) if stop.unresolved else stop

    async def _follow_at_market(self, entry: Tracked) -> Tracked:
        intent = replace(entry.intent, price=None, created_at=self._now())
        second = Tracked(replace(intent, id=self._second_id(intent.signal_id or "")))
        with self._sender.holding(second.intent.id):
            return await self._send_entry(second)

    async def _wait_at_limit(self, entry: Tracked, wait_s: float) -> Tracked:
        """Look now and then until it is filled or its time is over, then take it back."""
        until_s = time.monotonic() + wait_s
        while entry.live and time.monotonic() < until_s:
            await anyio.sleep(min(LIMIT_LOOK_S, wait_s))
            try:
                entry = await self._sender.look(entry)
            except (VenueRefusal, VenueSilent) as error:
                self._ctx.log.info("a limit entry could not be looked at", order=entry.intent.id, why=str(error))
        return await self._sender.cancel(entry) if entry.live else entry

    async def _send_entry(self, entry: Tracked, patience: Patience | None = None) -> Tracked:
        entry = await self._sender.send(entry)
        if patience is not None:
            entry = await self._wait_at_limit(entry, patience.wait_s)
        if not entry.final:
            entry = await self._sender.resolve(entry, within_s=self._ctx.settings.resolve_s)
        if entry.filled:
            try:
                await self._booking.pull(entry.intent.symbol)
            except (VenueRefusal, VenueSilent, LedgerDown) as error:
                self._ctx.log.warning("fills of an entry are booked later", order=entry.intent.id, why=str(error))
        return entry

    async def _without_stop(self, entry: Tracked, stop: Tracked) -> Entered:
        entry = self._dropped(entry, f"its stop is {stop.state.value}: {stop.sentence}")
        if stop.live:
            stop = await self._sender.cancel(stop)
        return _refusal(entry, stop, Refusal(OutcomeCode.STOP_REFUSED, entry.sentence))

    async def _take_back(self, entry: Tracked, stop: Tracked) -> Tracked:
        """Cancel the stop of an entry that did not happen; what fails here the reconciliation finds as an orphan."""
        self._ctx.log.info("entry did not happen, its stop is taken back", order=entry.intent.id, why=entry.sentence)
        try:
            return await self._sender.cancel(stop)
        except Fenced:
            return stop

    def _dropped(self, entry: Tracked, why: str) -> Tracked:
        if entry.attempts:
            return entry
        entry = abandoned(entry, why)
        self._books.note(entry)
        return entry

    def _intents(self, wish: Wish) -> tuple[Tracked, Tracked]:
        now, trace_id = self._ctx.wall(), self._ctx.trace_id()
        entry = Intent(
            id=self.entry_id(wish.signal_id),
            symbol=wish.symbol,
            side=wish.side,
            purpose=Purpose.ENTRY,
            quantity=wish.quantity,
            reduce_only=False,
            close_position=False,
            created_at=now,
            signal_id=wish.signal_id,
            reason=wish.reason,
            trace_id=trace_id,
            price=wish.patience.limit if wish.patience else None,
        )
        stop = replace(
            entry,
            price=None,
            side=wish.side.opposite,
            purpose=Purpose.STOP,
            quantity=ZERO,
            close_position=True,
            trigger=wish.stop_trigger,
        )
        return Tracked(entry), self._stop(stop, attempt=1)

    def _stop(self, stop: Intent, *, attempt: int) -> Tracked:
        stop_id = client_order_id(Mode(self._ctx.mode), Purpose.STOP, stop.signal_id or "", attempt)
        return Tracked(replace(stop, id=stop_id, created_at=self._now()))

    def _now(self) -> datetime:
        return self._ctx.wall()


def _unfilled(entry: Tracked) -> bool:
    """Taken back before any of it was filled."""
    return entry.intent.price is not None and entry.state is IntentState.CANCELLED and not entry.filled


def _answer(entry: Tracked, stop: Tracked | None) -> Entered:
    if entry.filled:
        return _entered(entry, stop, OutcomeCode.FILLED, entry.sentence or "filled")
    if entry.state is IntentState.NEVER_HAPPENED and entry.attempts == 0 and stop is not None and stop.attempts:
        return _entered(entry, stop, OutcomeCode.STOP_REFUSED, entry.sentence)
    if _unfilled(entry):
        sentence = f"its limit at {entry.intent.price} did not fill in time"
        return _entered(entry, stop, OutcomeCode.LIMIT_UNFILLED, sentence)
    if entry.final:
        return _entered(entry, stop, OutcomeCode.ORDER_REFUSED, entry.sentence or entry.state.value)
    return _entered(entry, stop, OutcomeCode.ORDER_UNKNOWN, entry.sentence or "its outcome is not known yet")


def _refusal(entry: Tracked, stop: Tracked, refusal: Refusal) -> Entered:
    return _entered(entry, stop, refusal.code, refusal.sentence)


def _entered(entry: Tracked, stop: Tracked | None, code: OutcomeCode, sentence: str) -> Entered:
    return Entered(
        intent_id=entry.intent.id,
        state=entry.state,
        filled_quantity=entry.filled,
        average_price=entry.average_price,
        stop_intent_id=stop.intent.id if stop else "",
        stop_status=(stop.stop_status if stop else None) or StopStatus.MISSING,
        code=code,
        venue_code=entry.code if entry.code is not None else (stop.code if stop else None),
        sentence=sentence,
    )
