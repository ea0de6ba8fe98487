"""What we want and what the venue did: signals, intents, acknowledgements, fills, positions, stops."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from plugins.domain.words import (
    ExitReason,
    IntentState,
    MemberName,
    OutcomeCode,
    Purpose,
    Side,
    Source,
    Standing,
    StopStatus,
    View,
)
from qtcore import topic


@dataclass(frozen=True, slots=True)
class Vote:
    """What one member of the ensemble said of one symbol, or why it does not count.

    `probabilities` are calibrated, of (down, flat, up), and sum to one; `weight` is the one used: the weights of all
    votes of a signal sum to one, and one that does not count has none. `artefact` is the hash of what voted.
    """

    member: MemberName
    standing: Standing
    weight: float = 0.0
    probabilities: tuple[float, float, float] | None = None
    artefact: str = ""
    reason: str = ""


@topic(expires_s=30.0)
@dataclass(frozen=True, slots=True)
class Signal:
    """One opinion about one symbol, stored before it is published.

    `confidence` is between 0 and 1 on the source's own scale; `price` is the close it was made from.
    `votes`, `agreement` (the weight of the members that share the view, between 0 and 1) and `feature_hash`
    (of the feature schema) are the ensemble's.
    """

    id: str
    symbol: str
    view: View
    confidence: Decimal
    source: Source
    price: Decimal
    made_at: datetime
    market_at: datetime
    expires_at: datetime
    features: dict[str, float]
    trace_id: str | None = None
    candle_received_ns: int = 0
    votes: tuple[Vote, ...] = ()
    agreement: float | None = None
    feature_hash: str = ""


@topic()
@dataclass(frozen=True, slots=True)
class Outcome:
    """How a signal ended, once and for all."""

    signal_id: str
    symbol: str
    code: OutcomeCode
    sentence: str
    at: datetime
    intent_id: str | None = None
    trace_id: str | None = None


@topic(retained=True, key="source")
@dataclass(frozen=True, slots=True)
class SourceVerdict:
    """Whether entries of a source may be made, by the word of whoever watches its results.

    It is renewed all the time: `valid_s` real seconds after it was last heard it no longer allows anything.
    """

    source: Source
    entries_allowed: bool
    reason: str
    valid_s: float
    at: datetime


@topic(retained=True)
@dataclass(frozen=True, slots=True)
class EnsembleWeights:
    """The weight of each member as the ensemble uses it; they sum to one, and `reason` says where they come from."""

    weights: dict[MemberName, float]
    reason: str
    at: datetime


@topic(retained=True)
@dataclass(frozen=True, slots=True)
class RetrainingAdvice:
    """Why the models should be trained anew, in the eyes of whoever watches them; without a reason they need not be.

    `since` is the wall time at which the reason came up: a training after it has answered it.
    """

    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Intent:
    """An order we want, durable before the wire; `id` is the client order id the venue sees.

    `quantity` is in base asset; 0 with `close_position`. `price` is None for market orders;
    `trigger` is set for conditional orders.
    """

    id: str
    symbol: str
    side: Side
    purpose: Purpose
    quantity: Decimal
    reduce_only: bool
    close_position: bool
    created_at: datetime
    price: Decimal | None = None
    trigger: Decimal | None = None
    signal_id: str | None = None
    position_id: str | None = None
    reason: str = ""
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Ack:
    """What the venue answered to an intent."""

    intent_id: str
    venue_order_id: str
    state: IntentState
    filled_quantity: Decimal
    average_price: Decimal | None
    at: datetime
    code: int | None = None
    sentence: str = ""


@topic()
@dataclass(frozen=True, slots=True)
class Fill:
    """One execution, exactly as the venue booked it; `venue_trade_id` is unique per symbol."""

    symbol: str
    venue_trade_id: str
    venue_order_id: str
    client_order_id: str
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    realised_pnl: Decimal
    maker: bool
    at: datetime
    market_at: datetime
    trace_id: str | None = None


@topic(retained=True, key="symbol")
@dataclass(frozen=True, slots=True)
class Position:
    """An open (or just closed, quantity 0) position by the venue's word.

    `id` names one round trip from flat to flat; quantity is unsigned, in base asset; `opened_at` is market time.
    """

    id: str
    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealised_pnl: Decimal
    leverage: int
    opened_at: datetime
    at: datetime
    closed_because: ExitReason | None = None


@topic(retained=True, key="symbol")
@dataclass(frozen=True, slots=True)
class StopState:
    """What is known of a position's protective stop on the venue.

    `since` is the wall time at which `status` was first known: a stop that has been `triggering` or
    `triggered` for long and left a position open has not done its work. `limit` is the worst price that it takes,
    None for one that closes at market.
    """

    symbol: str
    intent_id: str
    venue_order_id: str | None
    status: StopStatus
    trigger: Decimal
    covers: Decimal | None
    at: datetime
    sentence: str = ""
    since: datetime | None = None
    limit: Decimal | None = None


@topic(retained=True, expires_s=15.0)
@dataclass(frozen=True, slots=True)
class Account:
    """The account by the venue's word, in USDT, and how fresh that word is."""

    wallet_balance: Decimal
    equity: Decimal
    available: Decimal
    unrealised_pnl: Decimal
    positions: int
    open_orders: int
    reconciled_at: datetime
    at: datetime
