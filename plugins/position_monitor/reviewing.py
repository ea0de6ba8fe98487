"""Each open position judged again by what is predicted now, with an act: close, reduce or tighten."""

from __future__ import annotations

from decimal import Decimal

from plugins.domain import ExitReason, Signal, Source, View
from plugins.position_monitor.sight import (
    SIDES,
    Close,
    Protect,
    Reduce,
    Rules,
    Sight,
    covered,
    fresh,
    losing_tick,
    stop_distance,
)

HALF = Decimal("0.5")
EVENTS = frozenset({Source.RSI_RULE})
"""Sources whose neutral takes a view back, once; the ensemble's is the view of one candle among many."""


def review(sight: Sight, rules: Rules) -> Close | Reduce | Protect | None:
    """What a fresh prediction that does not share the position's direction asks for; None when it does."""
    signal = fresh(sight.signal, sight.market_now)
    if signal is None:
        return None
    if signal.view is View.NEUTRAL:
        return _unsupported(sight, signal, rules)
    if SIDES[signal.view] is sight.position.side.opposite:
        return _contradicted(sight, signal, rules)
    return None


def _contradicted(sight: Sight, signal: Signal, rules: Rules) -> Close | Protect | None:
    """One that would be entered closes the position; a weaker one brings its stop nearer."""
    symbol, said = sight.position.symbol, f"{signal.source.value} now says {signal.view.value} ({signal.confidence})"
    if sight.policy is None or signal.confidence >= sight.policy.minimum_confidence:
        return Close(symbol, ExitReason.OPPOSITE_SIGNAL, said)
    return _tightened(sight, rules, said)


def _unsupported(sight: Sight, signal: Signal, rules: Rules) -> Close | Reduce | None:
    symbol, source = sight.position.symbol, signal.source.value
    if signal.source in EVENTS:
        return Close(symbol, ExitReason.NEUTRAL_SIGNAL, f"{source} sees no reason to hold it any more")
    if sight.market_now is None or sight.market_now - sight.opened_market_at < rules.least_age:
        return None
    said = f"{source} has seen no reason to hold it {sight.neutrals} times in a row"
    if sight.neutrals >= rules.neutral_close:
        return Close(symbol, ExitReason.NEUTRAL_SIGNAL, said)
    half = (sight.entered or sight.position.quantity) * HALF
    if sight.neutrals >= rules.neutral_reduce and sight.position.quantity > half:
        return Reduce(symbol, half, ExitReason.RE_EVALUATION, said)
    return None


def _tightened(sight: Sight, rules: Rules, said: str) -> Protect | None:
    """A stop at a part of its usual distance behind the mark, if that is nearer than the one that is there."""
    if sight.mark is None or sight.stop is None or not covered(sight.stop):
        return None
    position = sight.position
    distance = stop_distance(sight, rules) * rules.tighten
    trigger = losing_tick(sight, sight.mark.price - position.side.sign * distance)
    gained = (trigger - sight.stop.trigger) * position.side.sign
    if trigger <= 0 or gained < rules.least_step * position.entry_price:
        return None
    return Protect(position.symbol, trigger, f"tightened: {said}")
