"""The venue's account and what we know of it brought together: at start, after each hint, and every few seconds.

Start-up, recovery and everyday are the same code. One strange answer changes nothing for good: what
is destructive needs two samples, and a list that is not a list is no empty list.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable
from typing import TypeVar

import anyio

from plugins.domain import IntentState, Mode, Position, Purpose, StopState
from plugins.exchange import telling
from plugins.exchange.booking import Booking
from plugins.exchange.books import Books, LedgerDown
from plugins.exchange.comparing import Snapshot, Stranger, adopted, orphans, strange_orders, strange_positions
from plugins.exchange.ids import Owner, owner_of
from plugins.exchange.leverage import Leverages
from plugins.exchange.order_path import Book, Tracked, abandoned, learn
from plugins.exchange.owing import Owing
from plugins.exchange.requests import Requests, VenueRefusal, VenueSilent
from plugins.exchange.sending import Sender
from plugins.exchange.settings import ExchangeSettings
from plugins.exchange.wire import AlgoView, OrderView, PositionView
from qtcore import Context

V = TypeVar("V")

MANY_SYMBOLS = 20
"""Asking for all symbols' orders at once weighs as much as asking for this many one by one."""
BUSY_SHARE = 0.8
"""Above this share of the venue's weight limit only what is due is asked for, and no sweep: the rest is for exits."""
HALF_SHARE = 0.5
LONG_DELAY_S = 1.0
ORPHAN_AGE_S = 1.0
"""A stop that guards nothing is cancelled when a look this much later finds the same."""
DISAGREEMENTS = 3
"""Rounds in which fills and position may differ before somebody is told: lists of the venue lag a little."""


class Reconciler:
    """Keeps the books true and tells others what they say."""

    def __init__(
        self,
        ctx: Context[ExchangeSettings],
        *,
        requests: Requests,
        books: Books,
        sender: Sender,
        booking: Booking,
        leverages: Leverages,
    ) -> None:
        self._ctx = ctx
        self._requests = requests
        self._books = books
        self._sender = sender
        self._booking = booking
        self._leverages = leverages
        self._hints: dict[str, int] = {}
        self._sweep_wanted = True
        self._wake = anyio.Event()
        self._turn = anyio.Lock()
        self._suspected: dict[str, float] = {}
        self._told: dict[str, Position] = {}
        self._told_stops: dict[str, StopState] = {}
        self._swept_s = float("-inf")
        self._quiet_until_s = 0.0
        self.disagreements: Counter[str] = Counter()
        self._mode = Mode(ctx.mode)
        self._strange_orders: list[Stranger] = []
        self.owing = Owing()
        self.failing: str | None = None
        self.seen: Snapshot | None = None
        """What the venue said in the last round of questions, before anything was made of it."""
        self.done_s: float | None = None
        """When the last successful reconciliation ended (monotonic seconds)."""

    @property
    def age_s(self) -> float | None:
        """Seconds since the last successful reconciliation, None before the first."""
        return None if self.done_s is None else time.monotonic() - self.done_s

    @property
    def strangers(self) -> list[Stranger]:
        """Orders (by the last look at all symbols) and positions that this application did not make in this mode."""
        return self._strange_orders + strange_positions(self._books.positions, self._books.rounds, self._mode)

    @property
    def of_other_mode(self) -> tuple[str, ...]:
        """Client ids on this account that this application gave in another mode."""
        return tuple(stranger.client_id for stranger in self.strangers if stranger.owner is Owner.OTHER_MODE)

    @property
    def open_orders(self) -> int:
        """Orders that wait or work at the venue, whoever made them."""
        return sum(known.live for known in self._books.working.values()) + len(self._strange_orders)

    def hint(self, symbol: str | None = None, *, trade_id: int = 0) -> None:
        """Something happened at the venue: look soon; without a symbol at everything.

        `trade_id` is that of an execution heard of, so that it is fetched unless it is booked already.
        """
        if symbol is None:
            self._sweep_wanted = True
        else:
            self._hints[symbol] = max(trade_id, self._hints.get(symbol, 0))
        self._wake.set()

    def look_soon(self) -> None:
        """Begin the next round now instead of when it is due, unless the venue's weight is getting short."""
        if self._requests.weight_share < HALF_SHARE:
            self._wake.set()

    async def run(self) -> None:
        """Reconcile for ever."""
        async with asyncio.TaskGroup() as background:
            while True:
                await self._pause()
                try:
                    await self.reconcile()
                except (VenueRefusal, VenueSilent) as error:
                    self._failed(error)
                self._resolve_doubts(background)

    async def _pause(self) -> None:
        rest_s = max(0.0, self._quiet_until_s - time.monotonic())
        if rest_s:
            await anyio.sleep(rest_s)
        with anyio.move_on_after(self._ctx.settings.reconcile_s):
            await self._wake.wait()
            await anyio.sleep(self._hint_delay_s())
        self._wake = anyio.Event()

    def _hint_delay_s(self) -> float:
        """How long hints are gathered: the longer, the more of the venue's weight is used up."""
        share = self._requests.weight_share
        if share > BUSY_SHARE:
            return self._ctx.settings.reconcile_s
        return LONG_DELAY_S if share > HALF_SHARE else self._ctx.settings.hint_delay_s

    def _failed(self, error: VenueRefusal | VenueSilent) -> None:
        if self.failing is None:
            self._ctx.log.warning("reconciliation failed", why=str(error))
        self.failing = str(error)
        rest_s = error.retry_after_s if isinstance(error, VenueRefusal) else 0.0
        self._quiet_until_s = time.monotonic() + max(rest_s, 0.25)
        self._sweep_wanted = True
        self._wake.set()

    async def reconcile(self) -> None:
        """One round: ask, compare, book, act, tell. Raises VenueRefusal, VenueSilent."""
        async with self._turn:
            sweep, hints = self._take_wishes()
            self._books.save_leftovers()
            traded = {symbol for symbol, trade_id in hints.items() if self._is_news(symbol, trade_id)}
            if sweep:
                traded |= await self._traded_since()
            snapshot = self.seen = await self._look(sweep, traded | hints.keys())
            await self._book_trades(snapshot, traded)
            await self._follow_orders(snapshot)
            await self._clear_orphans()
            if snapshot.whole:
                self._strange_orders = strange_orders(snapshot, self._mode)
            self._books.reconciled_at = self._ctx.wall()
            self.done_s, self.failing = time.monotonic(), None
            if sweep:
                self._swept_s = self.done_s
            await self._tell()
            self._ctx.progress("reconciled")

    def _is_news(self, symbol: str, trade_id: int) -> bool:
        return trade_id > (self._books.ledger.last_trade_id(symbol) or 0)

    def _take_wishes(self) -> tuple[bool, dict[str, int]]:
        hints, self._hints = self._hints, {}
        due = time.monotonic() - self._swept_s > self._ctx.settings.sweep_s
        weighty = self._requests.weight_share > BUSY_SHARE
        sweep = self._sweep_wanted or (due and not weighty)
        self._sweep_wanted = False
        return sweep, hints

    async def _look(self, sweep: bool, hints: set[str]) -> Snapshot:
        asked_s = time.monotonic()
        positions = await self._answer(self._requests.positions())
        self._books.account = await self._answer(self._requests.account())
        symbols = self._books.symbols_at_work() | positions.keys() | hints
        whole = sweep or len(symbols) > MANY_SYMBOLS
        orders: list[OrderView] = []
        algos: list[AlgoView] = []
        for symbol in [None] if whole else sorted(symbols):
            orders += await self._answer(self._requests.open_orders(symbol))
            algos += await self._answer(self._requests.open_algos(symbol))
        return Snapshot(asked_s, positions, tuple(orders), tuple(algos), frozenset(symbols), whole)

    async def _answer(self, question: Awaitable[V]) -> V:
        self.owing.asked()
        try:
            answer = await question
        except VenueRefusal:
            self.owing.answered()
            raise
        self.owing.answered()
        return answer

    # --- fills --------------------------------------------------------------------------------------

    async def _book_trades(self, snapshot: Snapshot, traded: set[str]) -> None:
        before = self._books.positions
        self._books.positions = now = self._merged(snapshot)
        changed = {symbol for symbol in before.keys() | now.keys() if _moved(before.get(symbol), now.get(symbol))}
        doubtful = {symbol for symbol in self._books.rounds.keys() | now.keys() if self._differs(symbol)}
        for symbol in sorted(changed | doubtful | traded):
            await self._pull(symbol)
        for symbol in doubtful | self.disagreements.keys():
            self.disagreements[symbol] = self.disagreements[symbol] + 1 if self._differs(symbol) else 0
        self.disagreements = +self.disagreements

    def _merged(self, snapshot: Snapshot) -> dict[str, PositionView]:
        """The snapshot's positions, but for symbols of which fills were booked since it was asked for."""
        newer = {symbol for symbol, booked_s in self._books.booked_s.items() if booked_s > snapshot.asked_s}
        kept = {symbol: held for symbol, held in self._books.positions.items() if symbol in newer}
        for symbol in newer:
            self.hint(symbol)
        return {symbol: held for symbol, held in snapshot.positions.items() if symbol not in newer} | kept

    async def _pull(self, symbol: str) -> None:
        try:
            await self._booking.pull(symbol)
        except LedgerDown as error:
            # Positions and stops are told all the same: exits must go on.
            self._books.ledger_fault = str(error)

    async def _traded_since(self) -> set[str]:
        try:
            return await self._booking.pull_income()
        except LedgerDown as error:
            self._books.ledger_fault = str(error)
            return set()

    def _differs(self, symbol: str) -> bool:
        return not self._books.agrees(symbol)

    # --- orders -------------------------------------------------------------------------------------

    async def _follow_orders(self, snapshot: Snapshot) -> None:
        views: dict[str, OrderView | AlgoView] = {view.client_id: view for view in snapshot.orders}
        views.update((view.client_id, view) for view in snapshot.algos)
        for order_id in list(self._books.working):
            known = self._books.working.get(order_id)  # it may have ended while others were looked at
            if known is not None and order_id not in self._sender.busy and snapshot.covers(known.intent.symbol):
                await self._follow(known, views.get(order_id))
        for view in snapshot.algos:
            if owner_of(view.client_id, self._mode) is Owner.OURS and self._books.get(view.client_id) is None:
                self._ctx.log.warning("a stop that exchange.db does not know is taken over", order=view.client_id)
                self._books.note(adopted(view, self._ctx.wall()))

    async def _follow(self, known: Tracked, view: OrderView | AlgoView | None) -> None:
        if known.state is IntentState.RECORDED:
            self._books.note(abandoned(known, "it was never sent: who wanted it ended first"))
        elif view is not None:
            after = learn(known, view)
            if after != known:
                self._books.note(after)
        elif known.live:
            await self._sender.look(known)  # no longer in the venue's list of open orders: ask how it ended

    async def _clear_orphans(self) -> None:
        found = {known.intent.id: known for known in orphans(self._books.working.values(), self._books.positions)}
        now_s = time.monotonic()
        self._suspected = {order_id: self._suspected.get(order_id, now_s) for order_id in found}
        for order_id, since_s in self._suspected.items():
            if now_s - since_s >= ORPHAN_AGE_S and order_id not in self._sender.busy:
                await self._clear(found[order_id])

    async def _clear(self, known: Tracked) -> None:
        """Cancel it only where the fills, too, say that nothing is held: a venue may answer with nothing for long."""
        symbol = known.intent.symbol
        held = await self._requests.positions(symbol)
        if self._books.agrees(symbol) and not self._books.entering(symbol) and orphans([known], held):
            self._ctx.log.info("a stop that guards nothing is cancelled", order=known.intent.id)
            with self._sender.holding(known.intent.id):
                await self._sender.cancel(known)

    def _resolve_doubts(self, background: asyncio.TaskGroup) -> None:
        for known in list(self._books.working.values()):
            waiting = known.unresolved or (known.live and known.book is Book.ORDERS)
            if waiting and known.intent.id not in self._sender.busy:
                background.create_task(self.resolve(known), name=f"resolve {known.intent.id}")

    async def resolve(self, known: Tracked) -> None:
        """Look for proof of what became of an order, then look at its symbol."""
        with self._sender.holding(known.intent.id):
            if known.live and known.intent.purpose is Purpose.ENTRY and known.intent.price is not None:
                known = await self._sender.cancel(known)  # who waited for it is gone, and its moment too
            known = await self._sender.resolve(known, within_s=self._ctx.settings.resolve_s)
        if known.final:
            self._ctx.log.info("an unclear order is resolved", order=known.intent.id, state=known.state.value)
            self.hint(known.intent.symbol)

    # --- telling ------------------------------------------------------------------------------------

    async def _tell(self) -> None:
        now = self._ctx.wall()
        for ended in self._booking.ended():
            leverage = self._leverages.of(ended.trip.symbol)
            await self._ctx.publish(telling.closed_position(ended.trip, ended.because, leverage, now))
            self._booking.told(ended)
            if self._told.get(ended.trip.symbol, ended.trip).id == ended.trip.id:
                self._forget(ended.trip.symbol)
        for symbol in sorted(self._told.keys() - self._books.positions.keys()):
            # Where fills agree, an old word of the venue was told after the end, and nothing else would take it back.
            if self.disagreements[symbol] >= DISAGREEMENTS or not self._differs(symbol):
                await self._ctx.publish(telling.vanished_position(self._told[symbol], now))
                self._forget(symbol)
        for symbol, held in sorted(self._books.positions.items()):
            if self._differs(symbol) and self.disagreements[symbol] < DISAGREEMENTS:
                self.hint(symbol)  # position and fills were read at different moments: look again before telling
                continue
            self._told[symbol] = telling.position_of(self._books, held, self._leverages.of(symbol), now)
            self._told_stops[symbol] = telling.stop_of(self._books, held, now)
            # The stop first: who reads of a position must not think for a moment that it has none.
            await self._ctx.publish(self._told_stops[symbol])
            await self._ctx.publish(self._told[symbol])
        if account := telling.account_of(self._books, self.open_orders, now):
            await self._ctx.publish(account)

    def _forget(self, symbol: str) -> None:
        self._told.pop(symbol, None)
        self._told_stops.pop(symbol, None)

    @property
    def told(self) -> list[tuple[Position, StopState]]:
        """Open positions with their stops, as last told."""
        return [(self._told[symbol], self._told_stops[symbol]) for symbol in sorted(self._told)]


def _moved(old: PositionView | None, new: PositionView | None) -> bool:
    return (old and (old.side, old.quantity)) != (new and (new.side, new.quantity))
