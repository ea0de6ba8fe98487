"""What to do about one position: pure rules over what is known and how long it has been so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.domain import (
    ExitReason,
    Instrument,
    Mark,
    Position,
    Posture,
    Side,
    Signal,
    StopState,
    StopStatus,
    SymbolPolicy,
    View,
)
from plugins.domain.money import tick_above, tick_below

_GONE = frozenset({StopStatus.CANCELLED, StopStatus.REJECTED, StopStatus.EXPIRED, StopStatus.MISSING})
_FIRED = frozenset({StopStatus.TRIGGERING, StopStatus.TRIGGERED})
_SIDES = {View.LONG: Side.LONG, View.SHORT: Side.SHORT}


@dataclass(frozen=True, slots=True)
class Rules:
    """Real seconds for protection, market time for age; the fallback stop is a share of the entry price."""

    naked_s: float
    fired_s: float
    maximum_age: timedelta
    fallback_stop: Decimal
    fallback_take_profit: Decimal


@dataclass(frozen=True, slots=True)
class Sight:
    """One position and all that is known about it; None where nothing is known.

    `naked_s` and `fired_s`: for how many real seconds it has had no live stop, and a stop that fired
    without the position being gone; None when that is not so. `refused` is the venue's sentence when
    the last stop was refused because it would trigger at once.
    """

    position: Position
    opened_market_at: datetime
    stop: StopState | None
    naked_s: float | None
    fired_s: float | None
    refused: str | None
    take_profit_asked: bool
    signal: Signal | None
    """The newest signal in the symbol that was made after the position was opened."""
    policy: SymbolPolicy | None
    mark: Mark | None
    instrument: Instrument | None
    market_now: datetime | None


@dataclass(frozen=True, slots=True)
class Close:
    """Close the whole position at market, reduce-only."""

    symbol: str
    reason: ExitReason
    sentence: str


@dataclass(frozen=True, slots=True)
class Protect:
    """Put a stop on the venue."""

    symbol: str
    trigger: Decimal
    sentence: str


@dataclass(frozen=True, slots=True)
class TakeProfit:
    """Put a take-profit on the venue."""

    symbol: str
    trigger: Decimal


Act = Close | Protect | TakeProfit


def decide(sight: Sight, rules: Rules, posture: str) -> Act | None:
    """The one thing to do now, most urgent first; None when all is well."""
    if posture == Posture.HANDS_OFF:
        return None
    return (
        _flatten(sight, posture)
        or _unprotectable(sight, rules)
        or _unprotected(sight, rules)
        or _outlived(sight, rules)
        or _contradicted(sight)
        or _take_profit(sight, rules)
    )


def covered(stop: StopState | None) -> bool:
    """A live stop covers the position: triggered is not filled, placing is not live."""
    return stop is not None and stop.status is StopStatus.LIVE


def fired(stop: StopState | None) -> bool:
    """The stop has been triggered, so the position should be gone any moment."""
    return stop is not None and stop.status in _FIRED


def _flatten(sight: Sight, posture: str) -> Close | None:
    if posture != Posture.FLATTEN:
        return None
    return Close(sight.position.symbol, ExitReason.FLATTEN, "the posture is flatten")


def _unprotectable(sight: Sight, rules: Rules) -> Close | None:
    symbol = sight.position.symbol
    if sight.refused is not None and not covered(sight.stop):
        return Close(symbol, ExitReason.UNPROTECTED, f"no stop can be placed: {sight.refused}")
    if sight.naked_s is not None and sight.naked_s >= rules.naked_s:
        return Close(symbol, ExitReason.UNPROTECTED, f"no live stop for {sight.naked_s:.1f} s")
    if sight.fired_s is not None and sight.fired_s >= rules.fired_s:
        return Close(symbol, ExitReason.UNPROTECTED, f"its stop fired {sight.fired_s:.1f} s ago and did not close it")
    return None


def _unprotected(sight: Sight, rules: Rules) -> Protect | None:
    stop = sight.stop
    if covered(stop) or fired(stop) or sight.instrument is None:
        return None
    if stop is not None and stop.status not in _GONE:
        return None
    known = "nothing is known of its stop" if stop is None else f"its stop is {stop.status.value}"
    trigger = stop_trigger(sight, rules)
    return Protect(sight.position.symbol, trigger, known) if trigger > 0 else None


def _outlived(sight: Sight, rules: Rules) -> Close | None:
    if sight.market_now is None:
        return None
    limit = timedelta(seconds=sight.policy.maximum_age_s) if sight.policy else rules.maximum_age
    age = sight.market_now - sight.opened_market_at
    if age < min(limit, rules.maximum_age):
        return None
    hours = age.total_seconds() / 3600
    return Close(sight.position.symbol, ExitReason.MAXIMUM_AGE, f"open for {hours:.1f} h of market time")


def _contradicted(sight: Sight) -> Close | None:
    signal = sight.signal
    if signal is None or (sight.market_now is not None and sight.market_now > signal.expires_at):
        return None
    symbol = sight.position.symbol
    if signal.view is View.NEUTRAL:
        return Close(symbol, ExitReason.NEUTRAL_SIGNAL, f"{signal.source.value} sees no reason to hold it any more")
    if _SIDES[signal.view] is sight.position.side.opposite:
        return Close(symbol, ExitReason.OPPOSITE_SIGNAL, f"{signal.source.value} now says {signal.view.value}")
    return None


def _take_profit(sight: Sight, rules: Rules) -> TakeProfit | None:
    if sight.take_profit_asked or sight.instrument is None or not covered(sight.stop):
        return None
    position = sight.position
    policy = sight.policy
    distance = policy.atr * policy.take_profit_atr if policy else position.entry_price * rules.fallback_take_profit
    raw = position.entry_price + position.side.sign * distance
    tick = sight.instrument.tick
    trigger = tick_above(raw, tick) if position.side is Side.LONG else tick_below(raw, tick)
    return TakeProfit(position.symbol, trigger) if trigger > 0 and distance > 0 else None


def stop_trigger(sight: Sight, rules: Rules) -> Decimal:
    """Where a missing stop belongs: the policy's distance from the entry, the fallback's without a policy."""
    position = sight.position
    policy = sight.policy
    distance = policy.atr * policy.stop_atr if policy else position.entry_price * rules.fallback_stop
    raw = position.entry_price - position.side.sign * distance
    tick = sight.instrument.tick if sight.instrument else Decimal(1)
    return tick_below(raw, tick) if position.side is Side.LONG else tick_above(raw, tick)
