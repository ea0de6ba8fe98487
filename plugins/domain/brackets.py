"""Maintenance margin by bracket, and what follows from it for the distance to liquidation.

The venue's published rules for one-way cross margin: maintenance margin is notional × rate − amount, with
the rate and amount of the bracket that the notional falls in. The amounts are such that the margin is
continuous, and since the rates grow it is the largest of `notional × rate − amount` over all brackets; so every
question here is answered bracket by bracket and the strictest answer holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from plugins.domain.words import Side

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bracket:
    """One step of a symbol's margin table: from `floor` up to `cap` USDT of notional.

    `maintenance_rate` is a share of the notional, `maintenance_amount` (USDT, "cum") is taken off it.
    """

    floor: Decimal
    cap: Decimal
    maximum_leverage: int
    maintenance_rate: Decimal
    maintenance_amount: Decimal


ASSUMED = (Bracket(ZERO, Decimal("Infinity"), 125, Decimal("0.05"), ZERO),)
"""Where the venue's table is not known: stricter than the first brackets of any symbol that it lists."""


def maintenance_margin(notional: Decimal, brackets: Sequence[Bracket]) -> Decimal:
    """USDT that must be left for a position of this notional not to be liquidated."""
    return max((_margin(notional, bracket) for bracket in brackets), default=ZERO)


def liquidation_price(
    side: Side, quantity: Decimal, entry: Decimal, *, collateral: Decimal, brackets: Sequence[Bracket]
) -> Decimal:
    """The mark at which `collateral` (USDT, without this position's own result) no longer covers the margin.

    0 for a long position that its collateral covers down to nothing. `quantity` must be above zero.
    """
    prices = [_liquidation(side, quantity, entry, collateral, bracket) for bracket in brackets]
    return max(ZERO, *prices) if side is Side.LONG else min(prices)


def largest_quantity(
    side: Side, entry: Decimal, distance: Decimal, *, collateral: Decimal, brackets: Sequence[Bracket]
) -> Decimal:
    """The most that may be held if liquidation is to stay at least `distance` (price units) away from `entry`."""
    there = max(ZERO, entry - side.sign * distance)
    quantities = [
        (collateral + bracket.maintenance_amount) / (abs(entry - there) + bracket.maintenance_rate * there)
        for bracket in brackets
    ]
    return max(ZERO, min(quantities))


def largest_notional(leverage: int, brackets: Sequence[Bracket]) -> Decimal:
    """The most notional (USDT) that the venue allows at this leverage; 0 when it allows none."""
    return max((bracket.cap for bracket in brackets if bracket.maximum_leverage >= leverage), default=ZERO)


def _margin(notional: Decimal, bracket: Bracket) -> Decimal:
    return notional * bracket.maintenance_rate - bracket.maintenance_amount


def _liquidation(side: Side, quantity: Decimal, entry: Decimal, collateral: Decimal, bracket: Bracket) -> Decimal:
    worth = collateral + bracket.maintenance_amount - side.sign * quantity * entry
    return worth / (quantity * bracket.maintenance_rate - side.sign * quantity)
