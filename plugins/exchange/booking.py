"""Fills and income, taken from the venue's own lists and booked once each."""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import anyio

from plugins.domain import ExitReason, Fill
from plugins.domain.rounds import RoundTrip, apply
from plugins.exchange.books import Books, LedgerDown, reason_of
from plugins.exchange.ledger_rows import BookedFill
from plugins.exchange.mentions import Mentions
from plugins.exchange.order_path import Absent, Book, Tracked, learn
from plugins.exchange.requests import PAGE, Requests
from plugins.exchange.settings import ExchangeSettings
from plugins.exchange.wire import IncomeView, TradeView
from qtcore import Context

TRADE_INCOME = frozenset({"COMMISSION", "REALIZED_PNL"})
OVERLAP_MS = 60_000
"""Income may appear late; each look reaches back this far in market time, and doubles are dropped."""
_CURSOR = "income_since_ms"


@dataclass(frozen=True, slots=True)
class Ended:
    """A round trip that came to its end, and why."""

    trip: RoundTrip
    because: ExitReason


class Booking:
    """The only writer of fills: userTrades are the truth, everything else is a hint to look."""

    def __init__(self, ctx: Context[ExchangeSettings], requests: Requests, books: Books, mentions: Mentions) -> None:
        self._ctx = ctx
        self._requests = requests
        self._books = books
        self._mentions = mentions
        self._locks: defaultdict[str, anyio.Lock] = defaultdict(anyio.Lock)
        self._ended: dict[str, Ended] = {}

    def ended(self) -> list[Ended]:
        """Round trips that have ended and of which nobody was told yet."""
        return list(self._ended.values())

    def told(self, ended: Ended) -> None:
        """Everybody knows of this end now."""
        if self._ended.get(ended.trip.symbol) is ended:
            del self._ended[ended.trip.symbol]

    def end_again(self, symbol: str) -> None:
        """Count a symbol's last round trip as just ended: who is told twice is none the wiser."""
        fills = self._books.ledger.round_of(symbol)
        trip = self._books.rounds.get(symbol)
        if trip is not None and not trip.open:
            self._ended[symbol] = Ended(trip, (fills[-1].closed_because if fills else None) or ExitReason.UNKNOWN)

    async def pull(self, symbol: str) -> list[BookedFill]:
        """Book every execution of a symbol that is not booked yet, and publish it.

        Raises VenueRefusal, VenueSilent; LedgerDown when exchange.db fails, and then nothing is
        published and the next pull finds the same executions again.
        """
        new: list[BookedFill] = []
        async with self._locks[symbol]:
            with _ledger_needed():
                await self._pull(symbol, new)
        return new

    async def _pull(self, symbol: str, new: list[BookedFill]) -> None:
        while True:
            last = self._books.ledger.last_trade_id(symbol)
            trades = await self._requests.trades_from(symbol, 0 if last is None else last + 1)
            if trades:
                new += await self._book(symbol, trades)
            if len(trades) < PAGE:
                return

    async def _book(self, symbol: str, trades: list[TradeView]) -> list[BookedFill]:
        trip = self._books.rounds.get(symbol)
        booked, ended = [], None
        for trade in trades:
            known, client_id = await self._owner(trade)
            fill = self._fill(trade, client_id, known)
            after = apply(trip, fill)
            booked.append(_booked(fill, trip, after, known))
            if not after[0].open:
                ended = Ended(after[0], reason_of(known, fill.client_order_id))
            trip = after[-1]
        new = self._books.ledger.add_fills(booked)
        self._books.booked_s[symbol] = time.monotonic()
        self._mentions.booked(symbol, trades[-1].trade_id)
        if trip is not None:
            self._books.rounds[symbol] = trip
            if not trip.open:
                self._books.positions.pop(symbol, None)
        if ended is not None:
            self._ended[symbol] = ended
        for each in new:
            with self._ctx.span("fill", symbol=symbol, quantity=str(each.fill.quantity), price=str(each.fill.price)):
                await self._ctx.publish(each.fill)
            self._ctx.progress("fills", data_as_of=each.fill.market_at)
        return new

    async def _owner(self, trade: TradeView) -> tuple[Tracked | None, str]:
        """Whose execution it is: our order if it is one, and the client id in any case."""
        known = self._books.by_order_id(trade.symbol, trade.order_id)
        if known is None:
            await self._learn_children(trade.symbol)
            known = self._books.by_order_id(trade.symbol, trade.order_id)
        if known is not None:
            return known, known.intent.id
        order = await self._requests.order(trade.symbol, order_id=trade.order_id)
        if isinstance(order, Absent):
            return None, f"unknown-{trade.order_id}"
        known = self._books.get(order.client_id)
        if known is not None:
            self._books.note(learn(known, order))
        return known, order.client_id

    async def _learn_children(self, symbol: str) -> None:
        """Ask which child orders our conditional orders of this symbol have become."""
        for known in self._books.of_symbol(symbol):
            if known.book is Book.ALGOS and known.child_order_id is None:
                algo = await self._requests.algo(known.intent.id)
                if not isinstance(algo, Absent):
                    self._books.note(learn(self._books.newest(known), algo))

    def _fill(self, trade: TradeView, client_id: str, known: Tracked | None) -> Fill:
        return Fill(
            symbol=trade.symbol,
            venue_trade_id=str(trade.trade_id),
            venue_order_id=trade.order_id,
            client_order_id=client_id,
            side=trade.side,
            quantity=trade.quantity,
            price=trade.price,
            fee=trade.fee,
            fee_asset=trade.fee_asset,
            realised_pnl=trade.realised_pnl,
            maker=trade.maker,
            at=self._ctx.wall(),
            market_at=trade.at,
            trace_id=known.intent.trace_id if known else self._ctx.trace_id(),
        )

    async def pull_income(self) -> set[str]:
        """Book wallet changes that are no trades; returns the symbols that had trades meanwhile.

        Raises VenueRefusal, VenueSilent, LedgerDown.
        """
        traded: set[str] = set()
        with _ledger_needed():
            while await self._pull_income_page(traded):
                pass
        return traded

    async def _pull_income_page(self, traded: set[str]) -> bool:
        since_ms = int(self._books.ledger.meta(_CURSOR) or 0)
        rows = await self._requests.income_since(max(0, since_ms - OVERLAP_MS))
        traded |= {row.symbol for row in rows if row.kind in TRADE_INCOME}
        self._books.ledger.add_income([row for row in rows if row.kind not in TRADE_INCOME])
        newest_ms = _newest_ms(rows)
        if newest_ms > since_ms:
            self._books.ledger.set_meta(_CURSOR, str(newest_ms))
        return len(rows) >= PAGE and newest_ms > since_ms


@contextmanager
def _ledger_needed() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerDown(f"exchange.db fails ({error}), so nothing can be booked; free or repair the disk") from error


def _booked(fill: Fill, before: RoundTrip | None, after: tuple[RoundTrip, ...], known: Tracked | None) -> BookedFill:
    ended = before is not None and before.open and not after[0].open
    trip = after[-1]
    return BookedFill(
        sequence=0,
        fill=fill,
        position_id=trip.id,
        quantity_after=trip.side.sign * trip.quantity,
        closed_because=reason_of(known, fill.client_order_id) if ended else None,
    )


def _newest_ms(rows: list[IncomeView]) -> int:
    newest = max((row.at for row in rows), default=datetime.fromtimestamp(0, UTC))
    return int(newest.timestamp() * 1000)
