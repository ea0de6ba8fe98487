"""Taking profit: parts of the position on the way, and an order for all of it at the end.

A rung is reached when the gain is so many times the first risk (the distance of the first stop). What is left after
it is a share of what was entered, so asking twice takes nothing twice, and the parts never exceed the whole.
"""

from __future__ import annotations

from decimal import Decimal

from plugins.domain import ExitReason, ExitStyle
from plugins.position_monitor.sight import Reduce, Rules, Rung, Sight, TakeProfit, covered, winning_tick


def next_rung(sight: Sight, rules: Rules) -> Reduce | None:
    """Bring the position down to what the rungs reached so far leave of it."""
    if sight.mark is None or sight.instrument is None or not sight.entered or not sight.risk:
        return None
    position = sight.position
    gain = (sight.mark.price - position.entry_price) * position.side.sign / sight.risk
    reached = [rung for rung in _ladder(sight, rules) if gain >= rung.gain]
    kept = sight.entered * (1 - sum((rung.share for rung in reached), Decimal(0)))
    smallest = max(sight.instrument.step, sight.instrument.minimum_quantity)
    if not reached or position.quantity - kept < smallest or kept < smallest:
        return None  # a rest too small to be ordered is left to the take-profit and the stop
    sentence = f"{gain:.2f} times its risk was gained: rung {len(reached)} of its ladder"
    return Reduce(position.symbol, kept, ExitReason.TAKE_PROFIT, sentence)


def take_profit(sight: Sight, rules: Rules) -> TakeProfit | None:
    """An order at the venue over all that is left, at the policy's distance from the entry."""
    if sight.take_profit_asked or sight.instrument is None or not covered(sight.stop):
        return None
    position, policy = sight.position, sight.policy
    distance = policy.atr * policy.take_profit_atr if policy else position.entry_price * rules.fallback_take_profit
    trigger = winning_tick(sight, position.entry_price + position.side.sign * distance)
    return TakeProfit(position.symbol, trigger) if trigger > 0 and distance > 0 else None


def _ladder(sight: Sight, rules: Rules) -> tuple[Rung, ...]:
    """A position that follows a trend takes its parts later than one that wants a quick profit."""
    patient = sight.policy is None or sight.policy.exit_style is ExitStyle.TREND_FOLLOW
    return rules.ladder if patient else rules.quick_ladder
