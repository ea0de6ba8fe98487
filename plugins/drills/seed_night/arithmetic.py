"""The document's sums, done again: what a loss says about the price, and what funding costs."""

from __future__ import annotations

from decimal import Decimal

SETTLEMENTS_A_DAY = 3


def price_at_loss(side: str, entry: Decimal, quantity: Decimal, loss: Decimal) -> Decimal:
    """The price at which a position has lost this much, fees left out."""
    return entry + loss / quantity * (1 if side == "short" else -1)


def stop_reached(side: str, price: Decimal, stop: Decimal) -> bool:
    """Whether a price is at or beyond the stop of a position."""
    return price >= stop if side == "short" else price <= stop


def funding_a_day(rate: Decimal) -> Decimal:
    """Share of the notional paid a day by a rate that is settled every eight hours."""
    return rate * SETTLEMENTS_A_DAY


def percent(share: Decimal | float, digits: int = 2) -> str:
    """A share as people read it."""
    return f"{Decimal(share) * 100:.{digits}f} %"
