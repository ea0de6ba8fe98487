"""What the exchange tells whoever asks: its books, the venue's own words, and money in the order of its booking."""

from __future__ import annotations

import math
import time
from datetime import datetime
from decimal import Decimal

from plugins.domain import Account
from plugins.exchange.comparing import Stranger
from plugins.exchange.opening import Exchange
from plugins.exchange.results import Entered
from plugins.exchange.settings import ExchangeSettings
from plugins.exchange.telling import account_of
from plugins.exchange.views import (
    FillPage,
    IncomeLine,
    OrderLine,
    PositionLine,
    Reconciled,
    Seen,
    fill_line,
    income_line,
    order_line,
    position_line,
    seen_by,
)
from qtcore import Context, NotReady, Plugin, action

Ctx = Context[ExchangeSettings]
RECONCILE_TIMEOUT_S = 30.0
LEDGER_PAGE = 1000
MOST_WEIGHT_FOR_PRICES = 0.5
"""Of the venue's request weight a minute; what is used beyond it is for orders and reconciliation."""


class Readings(Plugin[ExchangeSettings]):
    """The actions that change nothing at the venue."""

    def __init__(self) -> None:
        self._open: Exchange | None = None
        self._asking_prices = False

    def _exchange(self) -> Exchange:
        if self._open is None:
            raise NotReady("the exchange is not connected to a venue yet; try again once it is ready")
        return self._open

    @action(command="positions", help="open positions and their stops")
    async def positions(self, _: Ctx) -> list[PositionLine]:
        """Open positions by the venue's last word."""
        return [position_line(position, stop) for position, stop in self._exchange().reconciler.told]

    @action(command="orders", help="orders that wait or are unclear; with --limit also the newest that are over")
    async def orders(self, _: Ctx, limit: int = 0) -> list[OrderLine]:
        """Orders whose story is not over, or the newest `limit` of all."""
        books = self._exchange().books
        found = (
            books.ledger.latest(limit)
            if limit
            else sorted(books.working.values(), key=lambda known: known.intent.created_at)
        )
        return [order_line(known) for known in found]

    @action()
    async def intent(self, _: Ctx, intent_id: str = "", signal_id: str = "") -> list[OrderLine]:
        """What is known of one order, or of all orders that a signal led to; empty when nothing was ever recorded."""
        books = self._exchange().books
        if intent_id:
            known = books.get(intent_id)
            return [order_line(known)] if known else []
        found = {known.intent.id: known for known in books.ledger.of_signal(signal_id)}
        found.update((key, known) for key, known in books.working.items() if known.intent.signal_id == signal_id)
        return [order_line(known) for known in found.values()]

    @action()
    async def entry(self, _: Ctx, signal_id: str) -> Entered | None:
        """What became of a signal's entry, as `enter` would answer; null when it was never recorded."""
        return self._exchange().entries.answered(signal_id)

    @action(command="strangers", help="orders and positions on the account that this application did not make")
    async def strangers(self, _: Ctx) -> list[Stranger]:
        """What others have on the account; none of it is ever cancelled from here, and positions are guarded."""
        return self._exchange().reconciler.strangers

    @action()
    async def seen(self, _: Ctx, max_age_s: float = math.inf) -> Seen:
        """The venue's own words of the last round of questions, before anything was made of them.

        Asks nothing of the venue itself; where they are older than `max_age_s` the next round begins at once.
        """
        exchange = self._exchange()
        snapshot, account = exchange.reconciler.seen, exchange.books.account
        if snapshot is None or account is None:
            raise NotReady("the venue has not been asked yet")
        if time.monotonic() - snapshot.asked_s > max_age_s:
            exchange.reconciler.look_soon()
        return seen_by(snapshot, account, time.monotonic())

    @action()
    async def prices(self, _: Ctx) -> dict[str, tuple[Decimal, datetime]]:
        """What each symbol is worth by the venue's own answer now, and its market time, for whoever doubts the feed.

        Raises NotReady while another such question waits, or request weight is getting short: orders come first.
        """
        requests = self._exchange().requests
        if self._asking_prices or requests.weight_share > MOST_WEIGHT_FOR_PRICES:
            raise NotReady("the venue is not asked for prices now: orders and reconciliation come first")
        self._asking_prices = True
        try:
            return await requests.mark_prices()
        finally:
            self._asking_prices = False

    @action()
    async def account(self, ctx: Ctx) -> Account | None:
        """The account as last reconciled."""
        exchange = self._exchange()
        return account_of(exchange.books, exchange.reconciler.open_orders, ctx.wall())

    @action(timeout_s=RECONCILE_TIMEOUT_S)
    async def reconcile(self, _: Ctx) -> Reconciled:
        """Bring the books up to the venue's state now."""
        exchange = self._exchange()
        exchange.reconciler.hint()
        await exchange.reconciler.reconcile()
        return Reconciled(
            positions=len(exchange.books.positions),
            working_orders=len(exchange.books.working),
            unclear_orders=len(list(exchange.books.unresolved())),
            fills=exchange.books.ledger.counts()[0],
            strangers=exchange.reconciler.strangers,
        )

    @action()
    async def fills(self, _: Ctx, after: int = 0, limit: int = LEDGER_PAGE) -> FillPage:
        """Fills booked after sequence `after`, in order, for whoever missed some."""
        ledger = self._exchange().books.ledger
        count, last = ledger.counts()
        return FillPage(
            ledger.id, [fill_line(booked) for booked in ledger.fills_after(after, min(limit, LEDGER_PAGE))], count, last
        )

    @action()
    async def income(self, _: Ctx, after: int = 0, limit: int = LEDGER_PAGE) -> list[IncomeLine]:
        """Wallet changes that are no trades (funding, transfers), booked after sequence `after`, in order."""
        found = self._exchange().books.ledger.income_after(after, min(limit, LEDGER_PAGE))
        return [income_line(booked) for booked in found]
