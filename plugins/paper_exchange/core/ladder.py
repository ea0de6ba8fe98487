"""The book that market orders meet: made from the last price, never used up (see `Economics`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.core.kinds import Side
from plugins.paper_exchange.market.source import SymbolRules

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Level:
    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Ladder:
    """Asks rise and bids fall from the last price, at least a tick apart. Prices are rounded against the taker."""

    last: Decimal
    rules: SymbolRules
    economics: Economics

    def best(self, taker: Side) -> Decimal:
        """The price that a taker of this side pays first: the ask for a buyer, the bid for a seller."""
        return self.on_tick(self.last * (ONE + taker.sign * self.economics.half_spread), taker)

    def levels(self, taker: Side) -> Iterator[Level]:
        """Levels from the best one outward, without end on the ask side and down to one tick on the bid side."""
        best, tick, step = self.best(taker), self.rules.tick_size, taker.sign
        width = max(tick, self.on_tick(best * self.economics.level_step, Side.BUY))
        price = best
        while price >= tick:
            yield Level(price, self._quantity_at(price))
            price += step * width

    def take(self, taker: Side, quantity: Decimal, worst: Decimal) -> list[Level]:
        """What a taker gets, level by level, without going beyond the price `worst`; may be less than asked."""
        taken: list[Level] = []
        left = quantity
        for level in self.levels(taker):
            if left <= 0 or (level.price - worst) * taker.sign > 0:
                break
            part = min(left, level.quantity)
            taken.append(Level(level.price, part))
            left -= part
        return taken

    def on_tick(self, price: Decimal, taker: Side) -> Decimal:
        """The next price on a tick, rounded against a taker of this side."""
        tick = self.rules.tick_size
        rounding = ROUND_CEILING if taker is Side.BUY else ROUND_FLOOR
        return max(tick, (price / tick).to_integral_value(rounding) * tick)

    def _quantity_at(self, price: Decimal) -> Decimal:
        step = self.rules.step_size
        steps = (self.economics.level_notional / price / step).to_integral_value(ROUND_FLOOR)
        return max(steps * step, self.rules.min_quantity)
