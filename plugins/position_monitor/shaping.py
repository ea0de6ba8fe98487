"""Stops that take a limit: what they give up in certainty they gain in price, so a deadline stands behind each.

A limit that the market jumps over stays unfilled; whoever set only that would be without protection. So a fired stop
that has not closed the position in time is followed by a market order, and the hybrid keeps a market stop behind it.
"""

from __future__ import annotations

from plugins.position_monitor.sight import Rules, Shape, Sight, StopType, covered, losing_tick


def shape(sight: Sight, rules: Rules) -> Shape | None:
    """The limit that the live stop still needs by the chosen type; None for one at market, or once it was asked for."""
    stop, mark, sign = sight.stop, sight.mark, sight.position.side.sign
    if rules.stop_type is StopType.MARKET or stop is None or not covered(stop) or stop.limit is not None:
        return None
    if sight.shaped_for == stop.trigger or mark is None or sight.instrument is None:
        return None
    beside = rules.stop_type is StopType.HYBRID
    nearer = stop.trigger * (1 + sign * rules.hybrid_gap) if beside else stop.trigger
    trigger = losing_tick(sight, nearer)
    limit = losing_tick(sight, trigger * (1 - sign * rules.limit_slip))
    if limit <= 0 or (mark.price - trigger) * sign <= rules.hybrid_gap * mark.price:
        return None  # it would trigger at once; the stop at market is there
    return Shape(sight.position.symbol, stop.trigger, trigger, limit, beside)
