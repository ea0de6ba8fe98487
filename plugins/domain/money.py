"""Rounding to the venue's steps, in Decimal."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_UP, Decimal


def to_step(quantity: Decimal, step: Decimal) -> Decimal:
    """`quantity` rounded down to a whole number of `step`, so that it never grows."""
    return (quantity / step).to_integral_value(ROUND_DOWN) * step


def to_tick(price: Decimal, tick: Decimal) -> Decimal:
    """`price` at the nearest tick."""
    return (price / tick).to_integral_value(ROUND_HALF_EVEN) * tick


def tick_below(price: Decimal, tick: Decimal) -> Decimal:
    """The highest tick at or below `price`."""
    return (price / tick).to_integral_value(ROUND_DOWN) * tick


def tick_above(price: Decimal, tick: Decimal) -> Decimal:
    """The lowest tick at or above `price`."""
    return (price / tick).to_integral_value(ROUND_UP) * tick
