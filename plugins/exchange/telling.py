"""What is known of the account, as the messages that others read; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from plugins.domain import Account, ExitReason, Position, Purpose, StopState, StopStatus
from plugins.domain.rounds import RoundTrip
from plugins.exchange.books import Books
from plugins.exchange.order_path import Tracked
from plugins.exchange.wire import ZERO, PositionView


def position_of(books: Books, held: PositionView, leverage: int, now: datetime) -> Position:
    """An open position. `opened_at` is market time, because ages are judged in market time; `at` is wall time."""
    trip = books.rounds.get(held.symbol)
    return Position(
        id=books.position_id(held.symbol),
        symbol=held.symbol,
        side=held.side,
        quantity=held.quantity,
        entry_price=held.entry_price,
        mark_price=held.mark_price,
        unrealised_pnl=held.unrealised_pnl,
        leverage=leverage,
        opened_at=trip.opened_market_at if trip is not None and trip.open else held.updated_at,
        at=now,
    )


def closed_position(trip: RoundTrip, because: ExitReason, leverage: int, now: datetime) -> Position:
    """The last word about a position that is no more: quantity 0 and why; the mark is its exit price."""
    return Position(
        id=trip.id,
        symbol=trip.symbol,
        side=trip.side,
        quantity=ZERO,
        entry_price=trip.entry_price,
        mark_price=trip.exit_price or trip.entry_price,
        unrealised_pnl=ZERO,
        leverage=leverage,
        opened_at=trip.opened_market_at,
        at=now,
        closed_because=because,
    )


def vanished_position(last: Position, now: datetime) -> Position:
    """A position that the venue no longer reports although no fill says how it ended."""
    return replace(last, quantity=ZERO, unrealised_pnl=ZERO, at=now, closed_because=ExitReason.UNKNOWN)


def stop_of(books: Books, held: PositionView, now: datetime) -> StopState:
    """The stop that guards a position now, or that none does."""
    covering = books.protection(held.symbol)
    placing = [known for known in books.of_symbol(held.symbol, Purpose.STOP) if known.unresolved]
    if found := covering or placing:
        return _state(books, found[-1], held, now)
    return StopState(held.symbol, "", None, StopStatus.MISSING, ZERO, None, now, "no stop of ours is on the venue")


def _state(books: Books, known: Tracked, held: PositionView, now: datetime) -> StopState:
    intent = known.intent
    return StopState(
        symbol=held.symbol,
        intent_id=intent.id,
        venue_order_id=known.venue_order_id,
        status=known.stop_status or StopStatus.PLACING,
        trigger=intent.trigger or ZERO,
        covers=held.quantity if intent.close_position else min(intent.quantity, held.quantity),
        at=now,
        sentence=known.sentence,
        since=books.stop_since(known),
        limit=intent.price,
    )


def account_of(books: Books, open_orders: int, now: datetime) -> Account | None:
    """The account as last reconciled, None before the first time."""
    if books.account is None or books.reconciled_at is None:
        return None
    return Account(
        wallet_balance=books.account.wallet_balance,
        equity=books.account.equity,
        available=books.account.available,
        unrealised_pnl=books.account.unrealised_pnl,
        positions=len(books.positions),
        open_orders=open_orders,
        reconciled_at=books.reconciled_at,
        at=now,
    )
