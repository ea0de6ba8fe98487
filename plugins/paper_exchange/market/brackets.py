"""Leverage brackets: how much margin a position of which size needs, and which leverage it may have.

The venue publishes a table for each symbol. A recording that carries it (`meta/leverage_brackets*.json`, the venue's
own JSON) is played with it; other symbols get a ladder made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from plugins.paper_exchange.market.source import Bracket

Brackets: TypeAlias = tuple[Bracket, ...]

_RUNGS: Final = (
    (75, 10_000, "0.01"),
    (50, 50_000, "0.01"),
    (25, 400_000, "0.02"),
    (20, 800_000, "0.025"),
    (10, 3_000_000, "0.05"),
    (5, 6_000_000, "0.1"),
    (4, 7_500_000, "0.125"),
    (2, 12_000_000, "0.25"),
    (1, 15_000_000, "0.5"),
)
"""Leverage, notional cap and maintenance rate: the median cap of each rung over 57 symbols of the venue's table
(2026-09), and the rate that nearly all symbols share on it."""

_DEEP_RUNGS: Final = {10: ((100, 50_000, "0.005"),), 100: ((150, 300_000, "0.004"), (100, 800_000, "0.005"))}
"""The rungs above those, by the depth of the symbol's market."""


def bracket_ladder(rungs: Sequence[tuple[int, Decimal, Decimal]]) -> Brackets:
    """Brackets from (leverage, notional cap, maintenance rate), the smallest positions first.

    Floor and maintenance amount follow: cum(n) = floor(n) × (rate(n) − rate(n−1)) + cum(n−1), the venue's published
    formula, which makes the maintenance margin run on without a jump from one bracket to the next.
    """
    made: list[Bracket] = []
    for leverage, cap, rate in rungs:
        before = made[-1] if made else None
        floor = before.cap if before else Decimal(0)
        amount = floor * (rate - before.rate) + before.amount if before else Decimal(0)
        made.append(Bracket(floor, cap, leverage, rate, amount))
    return tuple(made)


def made_ladder(max_leverage: int, first_rate: Decimal) -> Brackets:
    """A ladder of the usual shape that begins with a symbol's own greatest leverage and maintenance rate.

    Symbols that allow 100 have markets about ten times as deep as the median, those that allow 125 a hundred times.
    """
    depth = 100 if max_leverage >= 125 else 10 if max_leverage >= 100 else 1
    rungs = [(leverage, Decimal(cap), Decimal(rate)) for leverage, cap, rate in _DEEP_RUNGS.get(depth, ())]
    rungs += [(leverage, Decimal(cap) * depth, Decimal(rate)) for leverage, cap, rate in _RUNGS]
    kept = [rung for rung in rungs if rung[0] <= max_leverage]
    first = (max_leverage, kept[0][1], first_rate)
    return bracket_ladder([first, *((lever, cap, max(rate, first_rate)) for lever, cap, rate in kept[1:])])


def bracket_at(brackets: Brackets, notional: Decimal) -> Bracket:
    """The bracket of a position of this (unsigned) notional; the last one holds for all that lie beyond it."""
    for bracket in brackets:
        if notional <= bracket.cap:
            return bracket
    return brackets[-1]


def most_notional(brackets: Brackets, leverage: int) -> Decimal:
    """The largest position that may be held at a leverage; 0 where no bracket allows that leverage."""
    return max((bracket.cap for bracket in brackets if bracket.leverage >= leverage), default=Decimal(0))
