"""What the door shows to callers: rows of JSON-able records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from plugins.domain import ExitReason, Fill, IntentState, Position, Purpose, Side, StopState, StopStatus
from plugins.exchange.comparing import Snapshot, Stranger
from plugins.exchange.ledger_rows import BookedFill, BookedIncome
from plugins.exchange.order_path import Tracked
from plugins.exchange.wire import AccountView


@dataclass(frozen=True, slots=True)
class PositionLine:
    """An open position and its stop."""

    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealised_pnl: Decimal
    leverage: int
    opened_at: datetime
    stop: StopStatus
    stop_since: datetime | None
    stop_trigger: Decimal
    id: str


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order of ours, as far as its story is known."""

    symbol: str
    purpose: Purpose
    side: Side
    quantity: Decimal
    trigger: Decimal | None
    state: IntentState
    stop_status: StopStatus | None
    filled_quantity: Decimal
    average_price: Decimal | None
    code: int | None
    sentence: str
    created_at: datetime
    id: str
    signal_id: str | None
    position_id: str | None
    trace_id: str | None


@dataclass(frozen=True, slots=True)
class FillLine:
    """A fill with its number in exchange.db (the next page starts after it) and its round trip."""

    sequence: int
    fill: Fill
    position_id: str
    closed_because: ExitReason | None


@dataclass(frozen=True, slots=True)
class FillPage:
    """Some fills in order, how many there are in all, and the highest sequence.

    `ledger` names this exchange.db: sequences of another one mean other fills.
    """

    ledger: str
    fills: list[FillLine]
    count: int
    last: int


@dataclass(frozen=True, slots=True)
class IncomeLine:
    """A wallet change that is no trade, with its number in exchange.db; negative when paid."""

    sequence: int
    transaction_id: str
    kind: str
    symbol: str
    amount: Decimal
    asset: str
    market_at: datetime


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The state after a reconciliation that was asked for."""

    positions: int
    working_orders: int
    unclear_orders: int
    fills: int
    strangers: list[Stranger]


@dataclass(frozen=True, slots=True)
class SeenPosition:
    """A position as the venue told it."""

    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal


@dataclass(frozen=True, slots=True)
class SeenGuard:
    """A conditional order that waits at the venue, whoever placed it."""

    symbol: str
    client_id: str
    side: Side
    kind: str
    trigger: Decimal
    quantity: Decimal | None
    close_position: bool
    status: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the venue said in the last round of questions, and how many seconds ago it was asked."""

    age_s: float
    positions: list[SeenPosition]
    guards: list[SeenGuard]
    wallet: Decimal


def seen_by(snapshot: Snapshot, account: AccountView, now_s: float) -> Seen:
    """The venue's words as others may have them; nothing of what was made of them."""
    return Seen(
        age_s=now_s - snapshot.asked_s,
        positions=[
            SeenPosition(each.symbol, each.side, each.quantity, each.entry_price, each.mark_price)
            for each in snapshot.positions.values()
        ],
        guards=[
            SeenGuard(
                symbol=each.symbol,
                client_id=each.client_id,
                side=each.side,
                kind=each.kind,
                trigger=each.trigger,
                quantity=each.quantity,
                close_position=each.close_position,
                status=each.status.value,
            )
            for each in snapshot.algos
        ],
        wallet=account.wallet_balance,
    )


def position_line(position: Position, stop: StopState) -> PositionLine:
    """One line of `qt positions`."""
    return PositionLine(
        symbol=position.symbol,
        side=position.side,
        quantity=position.quantity,
        entry_price=position.entry_price,
        mark_price=position.mark_price,
        unrealised_pnl=position.unrealised_pnl,
        leverage=position.leverage,
        opened_at=position.opened_at,
        stop=stop.status,
        stop_since=stop.since,
        stop_trigger=stop.trigger,
        id=position.id,
    )


def order_line(known: Tracked) -> OrderLine:
    """One line of `qt orders`."""
    intent = known.intent
    return OrderLine(
        symbol=intent.symbol,
        purpose=intent.purpose,
        side=intent.side,
        quantity=intent.quantity,
        trigger=intent.trigger,
        state=known.state,
        stop_status=known.stop_status,
        filled_quantity=known.filled,
        average_price=known.average_price,
        code=known.code,
        sentence=known.sentence,
        created_at=intent.created_at,
        id=intent.id,
        signal_id=intent.signal_id,
        position_id=intent.position_id,
        trace_id=intent.trace_id,
    )


def fill_line(booked: BookedFill) -> FillLine:
    """A fill as others may have it."""
    return FillLine(booked.sequence, booked.fill, booked.position_id, booked.closed_because)


def income_line(booked: BookedIncome) -> IncomeLine:
    """A wallet change as others may have it."""
    income = booked.income
    return IncomeLine(
        sequence=booked.sequence,
        transaction_id=income.transaction_id,
        kind=income.kind,
        symbol=income.symbol,
        amount=income.amount,
        asset=income.asset,
        market_at=income.at,
    )
