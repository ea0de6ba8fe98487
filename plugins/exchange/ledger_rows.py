"""Rows of exchange.db and what they stand for, both ways."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from plugins.domain import ExitReason, Fill, Intent, IntentState, Purpose, Side, StopStatus
from plugins.exchange.order_path import Tracked
from plugins.exchange.wire import IncomeView


@dataclass(frozen=True, slots=True)
class BookedFill:
    """A fill with its place in the ledger and in its round trip; sequence 0 = not booked yet."""

    sequence: int
    fill: Fill
    position_id: str
    quantity_after: Decimal
    closed_because: ExitReason | None


@dataclass(frozen=True, slots=True)
class BookedIncome:
    """A wallet change with its place in the ledger."""

    sequence: int
    income: IncomeView


PUT_INTENT = """
INSERT INTO intents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state, attempts = excluded.attempts, sent_ms = excluded.sent_ms,
    recv_window_ms = excluded.recv_window_ms, venue_order_id = excluded.venue_order_id,
    child_order_id = excluded.child_order_id, filled_quantity = excluded.filled_quantity,
    average_price = excluded.average_price, code = excluded.code, sentence = excluded.sentence,
    stop_status = excluded.stop_status, updated_at = excluded.updated_at
"""
ADD_ATTEMPT = "INSERT INTO attempts VALUES (?, ?, ?, ?, ?)"
ADD_ACK = "INSERT INTO acks VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
ADD_FILL = """
INSERT INTO fills VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (symbol, venue_trade_id) DO NOTHING
"""
ADD_INCOME = "INSERT INTO income VALUES (NULL, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, transaction_id) DO NOTHING"


def of_tracked(known: Tracked, at: datetime) -> tuple[Any, ...]:
    """The row of `intents`."""
    intent = known.intent
    return (
        intent.id, intent.symbol, intent.side.value, intent.purpose.value, known.book.value, text(intent.quantity),
        intent.reduce_only, intent.close_position, text(intent.price), text(intent.trigger), intent.signal_id,
        intent.position_id, intent.reason, intent.trace_id, intent.created_at.isoformat(), known.state.value,
        known.attempts, known.sent_ms, known.recv_window_ms, known.venue_order_id, known.child_order_id,
        text(known.filled), text(known.average_price), known.code, known.sentence,
        known.stop_status.value if known.stop_status else None, at.isoformat(),
    )  # fmt: skip


def to_tracked(value: sqlite3.Row) -> Tracked:
    """What a row of `intents` says."""
    intent = Intent(
        id=value["id"],
        symbol=value["symbol"],
        side=Side(value["side"]),
        purpose=Purpose(value["purpose"]),
        quantity=Decimal(value["quantity"]),
        reduce_only=bool(value["reduce_only"]),
        close_position=bool(value["close_position"]),
        created_at=datetime.fromisoformat(value["created_at"]),
        price=number(value["price"]),
        trigger=number(value["trigger"]),
        signal_id=value["signal_id"],
        position_id=value["position_id"],
        reason=value["reason"],
        trace_id=value["trace_id"],
    )
    return Tracked(
        intent=intent,
        state=IntentState(value["state"]),
        attempts=value["attempts"],
        sent_ms=value["sent_ms"],
        recv_window_ms=value["recv_window_ms"],
        venue_order_id=value["venue_order_id"],
        child_order_id=value["child_order_id"],
        filled=Decimal(value["filled_quantity"]),
        average_price=number(value["average_price"]),
        code=value["code"],
        sentence=value["sentence"],
        stop_status=StopStatus(value["stop_status"]) if value["stop_status"] else None,
    )


def ack_of(known: Tracked, at: datetime) -> tuple[Any, ...]:
    """The row of `acks` for what is known now."""
    return (
        known.intent.id, known.state.value, known.stop_status.value if known.stop_status else None,
        known.venue_order_id, text(known.filled), text(known.average_price), known.code, known.sentence, at.isoformat(),
    )  # fmt: skip


def attempt_of(known: Tracked, at: datetime) -> tuple[Any, ...]:
    """The row of `attempts` for the request about to be sent."""
    return known.intent.id, known.attempts, known.sent_ms, known.recv_window_ms, at.isoformat()


def of_fill(booked: BookedFill) -> tuple[Any, ...]:
    """The row of `fills` without its sequence."""
    fill = booked.fill
    return (
        fill.symbol, fill.venue_trade_id, fill.venue_order_id, fill.client_order_id, fill.side.value,
        text(fill.quantity), text(fill.price), text(fill.fee), fill.fee_asset, text(fill.realised_pnl), fill.maker,
        fill.at.isoformat(), fill.market_at.isoformat(), fill.trace_id, booked.position_id,
        text(booked.quantity_after), booked.closed_because.value if booked.closed_because else None,
    )  # fmt: skip


def to_fill(value: sqlite3.Row) -> BookedFill:
    """What a row of `fills` says."""
    fill = Fill(
        symbol=value["symbol"],
        venue_trade_id=value["venue_trade_id"],
        venue_order_id=value["venue_order_id"],
        client_order_id=value["client_order_id"],
        side=Side(value["side"]),
        quantity=Decimal(value["quantity"]),
        price=Decimal(value["price"]),
        fee=Decimal(value["fee"]),
        fee_asset=value["fee_asset"],
        realised_pnl=Decimal(value["realised_pnl"]),
        maker=bool(value["maker"]),
        at=datetime.fromisoformat(value["at"]),
        market_at=datetime.fromisoformat(value["market_at"]),
        trace_id=value["trace_id"],
    )
    because = ExitReason(value["closed_because"]) if value["closed_because"] else None
    return BookedFill(value["sequence"], fill, value["position_id"], Decimal(value["quantity_after"]), because)


def numbered(booked: BookedFill, sequence: int) -> BookedFill:
    """The fill with the sequence that the ledger gave it."""
    return replace(booked, sequence=sequence)


def of_income(income: IncomeView) -> tuple[Any, ...]:
    """The row of `income` without its sequence."""
    at = income.at.isoformat()
    return income.kind, income.transaction_id, income.symbol, text(income.amount), income.asset, at


def to_income(value: sqlite3.Row) -> BookedIncome:
    """What a row of `income` says."""
    income = IncomeView(
        transaction_id=value["transaction_id"],
        kind=value["kind"],
        symbol=value["symbol"],
        amount=Decimal(value["amount"]),
        asset=value["asset"],
        at=datetime.fromisoformat(value["market_at"]),
    )
    return BookedIncome(value["sequence"], income)


def text(amount: Decimal | None) -> str | None:
    """An amount as stored: plain digits, zero always `0`."""
    if amount is None:
        return None
    return format(amount, "f") if amount else "0"


def number(stored: str | None) -> Decimal | None:
    """A stored amount that may be missing."""
    return None if stored is None else Decimal(stored)
