"""How much: a fixed share of equity at risk over the stop's distance, under every cap, on the venue's step."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plugins.domain import Instrument, Side
from plugins.domain.money import tick_above, tick_below, to_step


@dataclass(frozen=True, slots=True)
class Sizing:
    """Every number that led to a quantity, in USDT and base asset, for the order record."""

    equity: Decimal
    price: Decimal
    stop_trigger: Decimal
    stop_distance: Decimal
    risk: Decimal
    by_risk: Decimal
    by_notional: Decimal
    by_margin: Decimal
    quantity: Decimal

    @property
    def notional(self) -> Decimal:
        """USDT at the price it was sized with."""
        return self.quantity * self.price

    def record(self) -> dict[str, str]:
        """For the signal's row."""
        return {name: str(getattr(self, name)) for name in self.__dataclass_fields__} | {"notional": str(self.notional)}


@dataclass(frozen=True, slots=True)
class Caps:
    """What one trade may use: shares are of equity, `notional` in USDT."""

    risk_share: Decimal
    notional: Decimal
    margin_share: Decimal
    leverage: int


def stop_price(side: Side, price: Decimal, distance: Decimal, tick: Decimal) -> Decimal:
    """The stop's trigger on the losing side of `price`, on a tick no nearer than `distance`."""
    raw = price - side.sign * distance
    return tick_below(raw, tick) if side is Side.LONG else tick_above(raw, tick)


def size(side: Side, price: Decimal, distance: Decimal, *, equity: Decimal, caps: Caps, rules: Instrument) -> Sizing:
    """The largest quantity within risk, notional, margin and the venue's own maximum; may be too small to send."""
    trigger = stop_price(side, price, distance, rules.tick)
    actual = abs(price - trigger)
    risk = equity * caps.risk_share
    by_risk = risk / actual if actual else Decimal(0)
    by_notional = caps.notional / price
    by_margin = equity * caps.margin_share * caps.leverage / price
    largest = min(by_risk, by_notional, by_margin, rules.maximum_market_quantity)
    return Sizing(
        equity=equity,
        price=price,
        stop_trigger=trigger,
        stop_distance=actual,
        risk=risk,
        by_risk=by_risk,
        by_notional=by_notional,
        by_margin=by_margin,
        quantity=to_step(largest, rules.step),
    )


def why_too_small(sizing: Sizing, instrument: Instrument) -> str | None:
    """Why the venue would not take the quantity; None when it would."""
    if sizing.stop_trigger <= 0 or sizing.stop_distance <= 0:
        return f"a stop at {sizing.stop_trigger} makes no sense at a price of {sizing.price}"
    if sizing.quantity < instrument.minimum_quantity or not sizing.quantity:
        return f"{sizing.quantity} is less than the venue's minimum of {instrument.minimum_quantity}"
    if sizing.notional < instrument.minimum_notional:
        return f"{sizing.notional:.2f} USDT are less than the venue's minimum of {instrument.minimum_notional}"
    return None
