"""Leaving before a settlement that costs more than the position can still be expected to bring.

Funding is paid by whoever holds a position at the settlement instant, on its notional at the mark price: a long
pays when the rate is above zero, a short when it is below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from plugins.domain import ExitReason, Mark, Position
from plugins.position_monitor.sight import SIDES, Close, Rules, Sight, fresh, stop_distance

ZERO = Decimal(0)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Due:
    """What the next settlement takes from a position: `share` of its notional, `of_margin` of what it binds."""

    symbol: str
    side: str
    rate: Decimal
    share: Decimal
    of_margin: Decimal
    amount: Decimal
    at: datetime | None


def dues(positions: Iterable[Position], marks: Mapping[str, Mark], least: Decimal) -> Iterator[Due]:
    """Settlements ahead that cost at least this share of the notional."""
    for position in positions:
        mark = marks.get(position.symbol)
        share = mark.funding_rate * position.side.sign if mark else ZERO
        if mark is not None and share >= least:
            yield Due(
                symbol=position.symbol,
                side=position.side.value,
                rate=mark.funding_rate,
                share=share,
                of_margin=share * max(1, position.leverage),
                amount=(share * position.quantity * mark.price).quantize(CENT),
                at=mark.next_funding_at,
            )


def too_dear(sight: Sight, rules: Rules) -> Close | None:
    """Close right before a settlement whose cost is worth a thought and above the edge that is left."""
    mark, now = sight.mark, sight.market_now
    if mark is None or now is None or mark.next_funding_at is None:
        return None
    if not timedelta(0) < mark.next_funding_at - now <= sight.funding_lead:
        return None
    pays, edge = cost(sight), edge_left(sight, rules)
    if pays < rules.funding_least or pays <= edge:
        return None
    sentence = f"the settlement at {mark.next_funding_at:%H:%M} would cost {pays:.4%}, the edge left is {edge:.4%}"
    return Close(sight.position.symbol, ExitReason.FUNDING, sentence)


def cost(sight: Sight) -> Decimal:
    """What the next settlement takes, as a share of the notional; negative when it brings something."""
    return sight.mark.funding_rate * sight.position.side.sign if sight.mark else ZERO


def edge_left(sight: Sight, rules: Rules) -> Decimal:
    """Expected gain from here on, as a share of the mark price; nothing without a fresh signal of this direction.

    The signal's confidence is taken as the probability that the take-profit is met before the stop:
    p · (way to the take-profit) - (1 - p) · (way to the stop).
    """
    signal = fresh(sight.view, sight.market_now)
    position, mark = sight.position, sight.mark
    if mark is None or signal is None or SIDES.get(signal.view) is not position.side:
        return ZERO
    policy, sign = sight.policy, position.side.sign
    winning = policy.atr * policy.take_profit_atr if policy else position.entry_price * rules.fallback_take_profit
    stop = sight.stop.trigger if sight.stop else position.entry_price - sign * stop_distance(sight, rules)
    gain = max(ZERO, (position.entry_price + sign * winning - mark.price) * sign)
    loss = max(ZERO, (mark.price - stop) * sign)
    return max(ZERO, signal.confidence * gain - (1 - signal.confidence) * loss) / mark.price
