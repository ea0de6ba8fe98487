"""What is known of one position, and the acts that can follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from plugins.domain import (
    ExitReason,
    Instrument,
    Mark,
    Position,
    Reduction,
    Side,
    Signal,
    StopState,
    StopStatus,
    SymbolPolicy,
    View,
)
from plugins.domain.money import tick_above, tick_below

GONE = frozenset({StopStatus.CANCELLED, StopStatus.REJECTED, StopStatus.EXPIRED, StopStatus.MISSING})
FIRED = frozenset({StopStatus.TRIGGERING, StopStatus.TRIGGERED})
SIDES = {View.LONG: Side.LONG, View.SHORT: Side.SHORT}


class StopType(StrEnum):
    """How a stop closes: at market, at a limit or not, or at a limit with one at market behind it."""

    MARKET = "market"
    LIMIT = "limit"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class Rung:
    """A part of the position as it was entered, and the gain (in multiples of the first risk) at which it is taken."""

    share: Decimal
    gain: Decimal


@dataclass(frozen=True, slots=True)
class Rules:
    """Real seconds for protection, market time for everything else; shares are of prices or quantities.

    `funding_least`: what a settlement must cost to be worth leaving for. `neutral_reduce` and `neutral_close`: after
    how many predictions of an ensemble in a row that see no reason to hold it a position is halved, and closed; not
    before it is `least_age` old.
    """

    naked_s: float
    fired_s: float
    maximum_age: timedelta
    least_age: timedelta
    fallback_stop: Decimal
    fallback_take_profit: Decimal
    ladder: tuple[Rung, ...]
    quick_ladder: tuple[Rung, ...]
    funding_least: Decimal
    neutral_reduce: int
    neutral_close: int
    tighten: Decimal
    least_step: Decimal
    stop_type: StopType
    limit_slip: Decimal
    hybrid_gap: Decimal


@dataclass(frozen=True, slots=True)
class Sight:
    """One position and all that is known about it; None where nothing is known.

    `naked_s` and `fired_s`: for how many real seconds it has had no live stop, and a stop that fired
    without the position being gone; None when that is not so. `refused` is the venue's sentence when
    the last stop was refused because it would trigger at once. `entered` and `risk` are its quantity and the
    distance of its stop when it was first seen. `neutrals`: predictions in a row that see no reason to hold it.
    """

    position: Position
    opened_market_at: datetime
    stop: StopState | None
    naked_s: float | None
    fired_s: float | None
    refused: str | None
    take_profit_asked: bool
    signal: Signal | None
    """The newest signal in the symbol that was made after the position was opened and is not answered yet."""
    policy: SymbolPolicy | None
    mark: Mark | None
    instrument: Instrument | None
    market_now: datetime | None
    view: Signal | None = None
    """The newest signal in the symbol, answered or not."""
    entered: Decimal | None = None
    risk: Decimal | None = None
    neutrals: int = 0
    reduction: Reduction | None = None
    shaped_for: Decimal | None = None
    """The trigger of the stop for which a limit has been asked for already."""
    funding_lead: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Close:
    """Close the whole position at market, reduce-only."""

    symbol: str
    reason: ExitReason
    sentence: str


@dataclass(frozen=True, slots=True)
class Reduce:
    """Bring the position down to at most `to`, at market, reduce-only."""

    symbol: str
    to: Decimal
    reason: ExitReason
    sentence: str


@dataclass(frozen=True, slots=True)
class Protect:
    """Put a stop on the venue."""

    symbol: str
    trigger: Decimal
    sentence: str


@dataclass(frozen=True, slots=True)
class Shape:
    """Give the stop that guards at `guard` a limit: in its place, or `beside` it and nearer."""

    symbol: str
    guard: Decimal
    trigger: Decimal
    limit: Decimal
    beside: bool


@dataclass(frozen=True, slots=True)
class TakeProfit:
    """Put a take-profit on the venue."""

    symbol: str
    trigger: Decimal


Act = Close | Reduce | Protect | Shape | TakeProfit


def covered(stop: StopState | None) -> bool:
    """A live stop covers the position: triggered is not filled, placing is not live."""
    return stop is not None and stop.status is StopStatus.LIVE


def fired(stop: StopState | None) -> bool:
    """The stop has been triggered, so the position should be gone any moment."""
    return stop is not None and stop.status in FIRED


def fresh(signal: Signal | None, market_now: datetime | None) -> Signal | None:
    """The signal as long as it holds: what it said ends when it expires."""
    if signal is None or (market_now is not None and market_now > signal.expires_at):
        return None
    return signal


def stop_distance(sight: Sight, rules: Rules) -> Decimal:
    """The policy's stop distance in price units, the fallback's without a policy."""
    policy = sight.policy
    return policy.atr * policy.stop_atr if policy else sight.position.entry_price * rules.fallback_stop


def losing_tick(sight: Sight, price: Decimal) -> Decimal:
    """The tick next to `price` on the losing side."""
    tick = sight.instrument.tick if sight.instrument else Decimal(1)
    return tick_below(price, tick) if sight.position.side is Side.LONG else tick_above(price, tick)


def winning_tick(sight: Sight, price: Decimal) -> Decimal:
    """The tick next to `price` on the winning side."""
    tick = sight.instrument.tick if sight.instrument else Decimal(1)
    return tick_above(price, tick) if sight.position.side is Side.LONG else tick_below(price, tick)
