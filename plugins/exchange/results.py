"""What the door's actions answer."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plugins.domain import IntentState, OutcomeCode, StopStatus
from plugins.exchange.door import Refusal
from plugins.exchange.order_path import Tracked


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of a wish to enter.

    `code` is the outcome that the signal should get; `filled` may mean a part (see `filled_quantity`).
    `venue_code` is the venue's number when it refused something.
    """

    intent_id: str
    state: IntentState
    filled_quantity: Decimal
    average_price: Decimal | None
    stop_intent_id: str
    stop_status: StopStatus
    code: OutcomeCode
    venue_code: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """What became of a protective or closing order; `code` is the venue's number when it refused."""

    intent_id: str | None
    state: IntentState
    filled_quantity: Decimal
    average_price: Decimal | None
    stop_status: StopStatus | None
    code: int | None
    sentence: str


def ordered(known: Tracked, sentence: str = "") -> Ordered:
    """The answer that follows from what is known of one order."""
    return Ordered(
        intent_id=known.intent.id,
        state=known.state,
        filled_quantity=known.filled,
        average_price=known.average_price,
        stop_status=known.stop_status,
        code=known.code,
        sentence=sentence or known.sentence,
    )


def refused(sentence: str, *, code: int | None = None) -> Ordered:
    """Nothing was sent, and why."""
    return Ordered(None, IntentState.REFUSED, Decimal(0), None, None, code, sentence)


def not_entered(intent_id: str, refusal: Refusal) -> Entered:
    """The door let nothing pass, and why."""
    return Entered(
        intent_id=intent_id,
        state=IntentState.REFUSED,
        filled_quantity=Decimal(0),
        average_price=None,
        stop_intent_id="",
        stop_status=StopStatus.MISSING,
        code=refusal.code,
        venue_code=None,
        sentence=refusal.sentence,
    )
