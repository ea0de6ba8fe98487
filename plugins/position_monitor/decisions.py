"""What to do about one position: pure rules over what is known and how long it has been so."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from plugins.domain import ExitReason, Posture
from plugins.position_monitor.funding import too_dear
from plugins.position_monitor.ladder import next_rung, take_profit
from plugins.position_monitor.reviewing import review
from plugins.position_monitor.shaping import shape
from plugins.position_monitor.sight import (
    GONE,
    Act,
    Close,
    Protect,
    Reduce,
    Rules,
    Sight,
    covered,
    fired,
    losing_tick,
    stop_distance,
)


def decide(sight: Sight, rules: Rules, posture: str) -> Act | None:
    """The one thing to do now, most urgent first; None when all is well."""
    if posture == Posture.HANDS_OFF:
        return None
    return (
        _flatten(sight, posture)
        or _unprotectable(sight, rules)
        or _unprotected(sight, rules)
        or _outlived(sight, rules)
        or too_dear(sight, rules)
        or _unbalanced(sight)
        or review(sight, rules)
        or next_rung(sight, rules)
        or shape(sight, rules)
        or take_profit(sight, rules)
    )


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
        sentence = f"its stop fired {sight.fired_s:.1f} s ago and did not close it"
        return Close(symbol, ExitReason.STOP_OVERDUE, sentence)
    return None


def _unprotected(sight: Sight, rules: Rules) -> Protect | None:
    stop = sight.stop
    if covered(stop) or fired(stop) or sight.instrument is None:
        return None
    if stop is not None and stop.status not in GONE:
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


def _unbalanced(sight: Sight) -> Reduce | None:
    """The balancer's reduction, once for each time it is said."""
    reduction, position = sight.reduction, sight.position
    if reduction is None:
        return None
    to = position.quantity * (1 - reduction.share)
    return Reduce(position.symbol, to, ExitReason.PORTFOLIO, reduction.reason)


def stop_trigger(sight: Sight, rules: Rules) -> Decimal:
    """Where a missing stop belongs: the policy's distance from the entry, the fallback's without a policy."""
    position = sight.position
    return losing_tick(sight, position.entry_price - position.side.sign * stop_distance(sight, rules))
