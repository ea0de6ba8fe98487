"""The arithmetic of one position."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

CENT_FRACTION = Decimal("1E-8")
"""The venue keeps money to eight decimals."""


def to_money(amount: Decimal) -> Decimal:
    return amount.quantize(CENT_FRACTION)


@dataclass(frozen=True, slots=True)
class Position:
    """One-way position. `quantity` is signed; `cost` is what its open part was bought for, signed alike.

    Cost is kept instead of an entry price, so that what is realized over a position's life is exactly the money that
    went in and out: the last close takes whatever cost is left, and no rounding of an average is lost.
    """

    symbol: str
    quantity: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)
    updated_ms: int = 0

    @property
    def entry_price(self) -> Decimal:
        return self.cost / self.quantity if self.quantity else Decimal(0)

    def unrealized(self, mark: Decimal) -> Decimal:
        return to_money(self.quantity * mark - self.cost)

    def traded(self, signed_quantity: Decimal, price: Decimal, at_ms: int) -> tuple[Position, Decimal]:
        """The position after a trade, and what the trade realized (before fees)."""
        closing = _closing_part(self.quantity, signed_quantity)
        released = self.cost if closing == -self.quantity else to_money(self.cost * -closing / (self.quantity or 1))
        realized = to_money(-closing * price - released) if closing else Decimal(0)
        opening = signed_quantity - closing
        after = replace(
            self,
            quantity=self.quantity + signed_quantity,
            cost=self.cost - released + opening * price,
            realized=self.realized + realized,
            updated_ms=at_ms,
        )
        return after, realized


def _closing_part(held: Decimal, traded: Decimal) -> Decimal:
    """The part of a trade that works against what is held; it carries the trade's sign."""
    if held * traded >= 0:
        return Decimal(0)
    return traded if abs(traded) <= abs(held) else -held
