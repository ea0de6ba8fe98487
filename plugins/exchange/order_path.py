"""The life of one order as a pure machine: what is known, what the evidence adds, what to do next.

A reply that does not come leaves the order `unknown`, and only proof ends that. The venue takes a
signed request only while `server time - timestamp <= recvWindow`; once its clock is past that (and a
margin for its engine), "no such order" means that there never will be one. Before that it means nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from plugins.domain import Intent, IntentState, StopStatus
from plugins.exchange.replies import DUPLICATE_ID, Refused, Unclear
from plugins.exchange.wire import ZERO, AlgoStatus, AlgoView, OrderStatus, OrderView

ENGINE_MARGIN_MS = 500
"""How long the venue's engine may take with a request that its door let in at the last moment. Assumed."""

FINAL = frozenset({IntentState.FILLED, IntentState.CANCELLED, IntentState.REFUSED, IntentState.NEVER_HAPPENED})


class Book(StrEnum):
    """Where the venue keeps an order."""

    ORDERS = "orders"
    ALGOS = "algos"


@dataclass(frozen=True, slots=True)
class Tracked:
    """An intent and everything known about it.

    `sent_ms` is the venue-clock timestamp that the last attempt was signed with. `filled` is what was
    really executed: of a conditional order, what its child order executed. `asked_early`: the venue did
    not know it while it could still arrive. `absent`: nor when it no longer could.
    """

    intent: Intent
    state: IntentState = IntentState.RECORDED
    attempts: int = 0
    sent_ms: int | None = None
    recv_window_ms: int = 0
    venue_order_id: str | None = None
    child_order_id: str | None = None
    filled: Decimal = ZERO
    average_price: Decimal | None = None
    code: int | None = None
    sentence: str = ""
    stop_status: StopStatus | None = None
    asked_early: bool = False
    absent: bool = False

    @property
    def book(self) -> Book:
        """Where the venue keeps it."""
        return Book.ALGOS if self.intent.trigger is not None else Book.ORDERS

    @property
    def final(self) -> bool:
        """Whether its story is over."""
        return self.state in FINAL

    @property
    def unresolved(self) -> bool:
        """Whether nobody knows yet what became of the request."""
        return self.state in {IntentState.SENT, IntentState.UNKNOWN}

    @property
    def live(self) -> bool:
        """Whether the venue has it and it waits or works there."""
        return self.state is IntentState.ACKNOWLEDGED

    @property
    def fence_ms(self) -> int:
        """The moment of the venue's clock after which the last attempt can no longer be accepted."""
        return (self.sent_ms or 0) + self.recv_window_ms + ENGINE_MARGIN_MS


@dataclass(frozen=True, slots=True)
class Attempt:
    """The request is about to go out, signed for this moment of the venue's clock."""

    sent_ms: int
    recv_window_ms: int


@dataclass(frozen=True, slots=True)
class Child:
    """The order that a triggered conditional order became."""

    order: OrderView


@dataclass(frozen=True, slots=True)
class Absent:
    """The venue knew no order of that id when its clock stood at `asked_ms`."""

    asked_ms: int


@dataclass(frozen=True, slots=True)
class NoTrades:
    """Every trade of the symbol up to now belongs to some other order."""


Evidence = Attempt | OrderView | AlgoView | Child | Refused | Unclear | Absent | NoTrades


class Act(StrEnum):
    """What to do next about an order."""

    NOTHING = "nothing"
    ASK = "ask"
    ASK_CHILD = "ask_child"
    WAIT = "wait"
    SEARCH_TRADES = "search_trades"


def learn(known: Tracked, evidence: Evidence) -> Tracked:
    """What is known after `evidence`. The venue's own word about an order outweighs every inference."""
    match evidence:
        case Attempt():
            return _sent(known, evidence)
        case OrderView():
            return _seen(known, evidence)
        case AlgoView():
            return _algo_seen(known, evidence)
        case Child():
            return _child_seen(known, evidence.order)
        case Refused() | Unclear():
            return _failed(known, evidence) if known.unresolved else known
        case Absent() | NoTrades():
            return _not_there(known, evidence) if known.unresolved else known
        case _:
            assert_never(evidence)


def next_act(known: Tracked, venue_now_ms: int) -> Act:
    """The next step towards certainty; `Act.WAIT` until `known.fence_ms`."""
    if known.unresolved:
        if known.absent:
            return Act.SEARCH_TRADES
        return Act.WAIT if known.asked_early and venue_now_ms <= known.fence_ms else Act.ASK
    if known.live and known.child_order_id is not None:
        return Act.ASK_CHILD
    return Act.ASK if known.live and known.book is Book.ORDERS else Act.NOTHING


def _sent(known: Tracked, attempt: Attempt) -> Tracked:
    return replace(
        known,
        state=IntentState.SENT,
        attempts=known.attempts + 1,
        sent_ms=attempt.sent_ms,
        recv_window_ms=attempt.recv_window_ms,
        stop_status=StopStatus.PLACING if known.book is Book.ALGOS else None,
        sentence="",
        asked_early=False,
        absent=False,
    )


def _seen(known: Tracked, order: OrderView) -> Tracked:
    if known.state is IntentState.FILLED and order.executed <= known.filled:
        return known
    return replace(
        known,
        state=_state_of(order),
        venue_order_id=order.order_id,
        filled=max(known.filled, order.executed),
        average_price=order.average_price or known.average_price,
        sentence=_shortfall(order),
    )


def _state_of(order: OrderView) -> IntentState:
    if not order.status.over:
        return IntentState.ACKNOWLEDGED
    if order.executed > ZERO:
        return IntentState.FILLED
    return IntentState.REFUSED if order.status is OrderStatus.REJECTED else IntentState.CANCELLED


def _shortfall(order: OrderView) -> str:
    if order.status.over and order.executed < order.quantity:
        return f"{order.executed} of {order.quantity} was filled, the rest is {order.status.value.lower()}"
    return ""


def _algo_seen(known: Tracked, algo: AlgoView) -> Tracked:
    if known.final and known.state is not IntentState.NEVER_HAPPENED:
        return known
    state, stop = _algo_state(algo.status)
    child_id = algo.child_order_id or known.child_order_id
    if algo.status is AlgoStatus.FINISHED and child_id is None:
        # Over, and nothing of it ever reached the matching engine: waiting for a child would be for ever.
        state, stop = IntentState.CANCELLED, StopStatus.EXPIRED
    return replace(
        known,
        state=state,
        stop_status=stop,
        venue_order_id=algo.algo_id,
        child_order_id=child_id,
        sentence=algo.reject_reason,
    )


def _algo_state(status: AlgoStatus) -> tuple[IntentState, StopStatus]:
    match status:
        case AlgoStatus.NEW:
            return IntentState.ACKNOWLEDGED, StopStatus.LIVE
        case AlgoStatus.TRIGGERING:
            return IntentState.ACKNOWLEDGED, StopStatus.TRIGGERING
        case AlgoStatus.TRIGGERED | AlgoStatus.FINISHED:
            # Finished may mean filled or cancelled; the child order will tell.
            return IntentState.ACKNOWLEDGED, StopStatus.TRIGGERED
        case AlgoStatus.CANCELED:
            return IntentState.CANCELLED, StopStatus.CANCELLED
        case AlgoStatus.EXPIRED:
            return IntentState.CANCELLED, StopStatus.EXPIRED
        case AlgoStatus.REJECTED:
            return IntentState.REFUSED, StopStatus.REJECTED
        case _:
            assert_never(status)


def _child_seen(known: Tracked, child: OrderView) -> Tracked:
    filled = max(known.filled, child.executed)
    seen = replace(
        known,
        child_order_id=child.order_id,
        filled=filled,
        average_price=child.average_price or known.average_price,
        sentence=_shortfall(child),
    )
    if not child.status.over:
        return replace(seen, stop_status=StopStatus.TRIGGERED)
    whole = child.executed >= child.quantity
    return replace(
        seen,
        state=IntentState.FILLED if filled else IntentState.CANCELLED,
        stop_status=StopStatus.FILLED if whole else StopStatus.EXPIRED,
    )


def _failed(known: Tracked, reply: Refused | Unclear) -> Tracked:
    if isinstance(reply, Unclear):
        return replace(known, state=IntentState.UNKNOWN, sentence=reply.why)
    if reply.code == DUPLICATE_ID:
        # An open order bears this id already: an earlier attempt did arrive.
        return replace(known, state=IntentState.UNKNOWN, code=reply.code, sentence=reply.sentence)
    return replace(
        known,
        state=IntentState.REFUSED,
        code=reply.code,
        sentence=reply.sentence,
        stop_status=StopStatus.REJECTED if known.book is Book.ALGOS else None,
    )


def _not_there(known: Tracked, proof: Absent | NoTrades) -> Tracked:
    if isinstance(proof, Absent):
        late = proof.asked_ms > known.fence_ms
        return replace(known, state=IntentState.UNKNOWN, asked_early=not late, absent=late)
    if not known.absent:
        return known
    return replace(
        known,
        state=IntentState.NEVER_HAPPENED,
        sentence="the venue does not know it, and its time to arrive is over",
        stop_status=StopStatus.MISSING if known.book is Book.ALGOS else None,
    )


def abandoned(known: Tracked, why: str) -> Tracked:
    """A recorded intent that was never sent and never will be. Each attempt is recorded before the wire."""
    if known.attempts:
        raise ValueError(f"{known.intent.id} was sent {known.attempts} times; only the venue can say what became of it")
    return replace(known, state=IntentState.NEVER_HAPPENED, sentence=why)
