"""The symbol's filters: what a price, a quantity and their product may be."""

from __future__ import annotations

from decimal import Decimal

from plugins.paper_exchange.core import refusals
from plugins.paper_exchange.core.kinds import Side
from plugins.paper_exchange.market.source import SymbolRules

MAX_PRICE_TICKS = 10**9
"""The venue states a highest price per symbol; here it is this many ticks, far above any price."""


def max_price(rules: SymbolRules) -> Decimal:
    return rules.tick_size * MAX_PRICE_TICKS


def check_price(rules: SymbolRules, price: Decimal) -> None:
    """PRICE_FILTER."""
    if price <= 0:
        raise refusals.price_not_positive()
    if price > max_price(rules):
        raise refusals.price_above_max()
    if price < rules.tick_size:
        raise refusals.price_below_min()
    if _decimals(price) > rules.price_precision:
        raise refusals.too_precise()
    if price % rules.tick_size:
        raise refusals.price_off_tick()


def check_quantity(rules: SymbolRules, quantity: Decimal, *, market: bool) -> None:
    """LOT_SIZE, or MARKET_LOT_SIZE for market orders."""
    if quantity <= 0:
        raise refusals.quantity_not_positive()
    if quantity > (rules.market_max_quantity if market else rules.max_quantity):
        raise refusals.quantity_above_max()
    if quantity < rules.min_quantity:
        raise refusals.quantity_below_min()
    if _decimals(quantity) > rules.quantity_precision:
        raise refusals.too_precise()
    if quantity % rules.step_size:
        raise refusals.quantity_off_step()


def check_notional(rules: SymbolRules, notional: Decimal, *, reduce_only: bool) -> None:
    """MIN_NOTIONAL; orders that only reduce are exempt."""
    if not reduce_only and notional < rules.min_notional:
        raise refusals.notional_too_small(rules.min_notional)


def check_band(side: Side, price: Decimal, mark: Decimal, band: Decimal) -> None:
    """PERCENT_PRICE: a buyer may not bid far above the mark, nor a seller ask far below it."""
    if side is Side.BUY and price > (cap := mark * (1 + band)):
        raise refusals.price_above_cap(cap)
    if side is Side.SELL and price < (floor := mark * (1 - band)):
        raise refusals.price_below_floor(floor)


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
