"""How much: a share of equity at risk over the stop's distance, under every cap, on the venue's steps.

Pure, so that whoever sends orders sizes them where it stands; the caps come from the risk manager.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plugins.domain.brackets import ASSUMED, Bracket, largest_notional, largest_quantity, liquidation_price
from plugins.domain.market import Instrument
from plugins.domain.money import tick_above, tick_below, to_step
from plugins.domain.risk import ONE, RiskBudget
from plugins.domain.words import Side

ZERO = Decimal(0)

SPENDABLE = Decimal("0.95")
"""Of the available margin: a market order may fill beyond the mark, and its fee comes out of the same money."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A trade to be sized. `stop_distance` is in price units; multiplier and haircut scale its risk (0 to 1)."""

    side: Side
    price: Decimal
    stop_distance: Decimal
    multiplier: Decimal = ONE
    haircut: Decimal = ONE
    room: Decimal | None = None
    """Notional (USDT) that the portfolio has left for it; None when nobody bounds it."""


@dataclass(frozen=True, slots=True)
class Funds:
    """The account as the venue says, in USDT; `open_notional` is of all positions, those on their way included."""

    equity: Decimal
    available: Decimal
    open_notional: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Sizing:
    """Every number that led to a quantity, in USDT, base asset and shares, for the order record.

    `by_...` is the most that each cap allows, `bound_by` the cap that decided. `stop_share` is the stop's
    distance as a part of the distance to liquidation, None where no liquidation is possible.
    """

    equity: Decimal
    available: Decimal
    open_notional: Decimal
    price: Decimal
    stop_trigger: Decimal
    stop_distance: Decimal
    risk_share: Decimal
    multiplier: Decimal
    haircut: Decimal
    risk: Decimal
    leverage: int
    caps: dict[str, Decimal]
    bound_by: str
    quantity: Decimal
    liquidation_price: Decimal | None
    stop_share: Decimal | None
    margin_table: str

    @property
    def notional(self) -> Decimal:
        """USDT at the price it was sized with."""
        return self.quantity * self.price

    @property
    def loss_at_stop(self) -> Decimal:
        """USDT lost when the stop fills at its trigger, before fees."""
        return self.quantity * self.stop_distance

    def record(self) -> dict[str, str]:
        """For the signal's row."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "caps"}
        plain |= {f"by_{name}": cap for name, cap in self.caps.items()}
        return {name: str(value) for name, value in (plain | _sums(self)).items()}


def stop_price(side: Side, price: Decimal, distance: Decimal, tick: Decimal) -> Decimal:
    """The stop's trigger on the losing side of `price`, on a tick no nearer than `distance`."""
    raw = price - side.sign * distance
    return tick_below(raw, tick) if side is Side.LONG else tick_above(raw, tick)


def size(wanted: Wanted, funds: Funds, budget: RiskBudget, instrument: Instrument) -> Sizing:
    """The largest quantity within every cap, rounded down to the venue's step; may be too small to send.

    The venue's margin table bounds it twice: by the notional allowed at this leverage, and by the
    distance to liquidation that the stop's distance asks for. An unknown table is assumed to be strict.
    """
    trigger = stop_price(wanted.side, wanted.price, wanted.stop_distance, instrument.tick)
    distance = abs(wanted.price - trigger)
    risk = max(ZERO, funds.equity) * budget.risk_share * wanted.multiplier * wanted.haircut
    brackets = instrument.brackets or ASSUMED
    collateral = max(ZERO, min(funds.available, funds.equity))
    caps = _caps(wanted, funds, budget, distance=distance, risk=risk, collateral=collateral, brackets=brackets)
    caps["venue"] = instrument.maximum_market_quantity
    bound_by = min(caps, key=lambda name: caps[name])
    quantity = to_step(max(ZERO, caps[bound_by]), instrument.step)
    liquidation = _liquidation(wanted, quantity, collateral, brackets)
    return Sizing(
        equity=funds.equity,
        available=funds.available,
        open_notional=funds.open_notional,
        price=wanted.price,
        stop_trigger=trigger,
        stop_distance=distance,
        risk_share=budget.risk_share,
        multiplier=wanted.multiplier,
        haircut=wanted.haircut,
        risk=risk,
        leverage=budget.leverage,
        caps=caps,
        bound_by=bound_by,
        quantity=quantity,
        liquidation_price=liquidation,
        stop_share=distance / abs(wanted.price - liquidation) if liquidation else None,
        margin_table="of the venue" if instrument.brackets else f"assumed: {ASSUMED[0].maintenance_rate:.0%} is kept",
    )


def why_too_small(sizing: Sizing, instrument: Instrument) -> str | None:
    """Why the venue would not take the quantity; None when it would."""
    if sizing.stop_trigger <= 0 or sizing.stop_distance <= 0:
        return f"a stop at {sizing.stop_trigger} makes no sense at a price of {sizing.price}"
    if sizing.quantity < instrument.minimum_quantity or not sizing.quantity:
        least = f"the venue's minimum of {instrument.minimum_quantity}"
        return f"{sizing.quantity} is less than {least} (bound by {sizing.bound_by})"
    if sizing.notional < instrument.minimum_notional:
        least = f"the venue's minimum of {instrument.minimum_notional}"
        return f"{sizing.notional:.2f} USDT are less than {least} (bound by {sizing.bound_by})"
    return None


def _caps(
    wanted: Wanted,
    funds: Funds,
    budget: RiskBudget,
    *,
    distance: Decimal,
    risk: Decimal,
    collateral: Decimal,
    brackets: tuple[Bracket, ...],
) -> dict[str, Decimal]:
    """The largest quantity (base asset) by each cap."""
    price, leverage = wanted.price, budget.leverage
    kept_away = distance / budget.liquidation_share
    caps = {
        "risk": risk / distance if distance else ZERO,
        "notional": budget.notional / price,
        "margin": funds.equity * budget.margin_share * leverage / price,
        "available": collateral * SPENDABLE * leverage / price,
        "exposure": (funds.equity * budget.gross_exposure - funds.open_notional) / price,
        "bracket": largest_notional(leverage, brackets) / price,
        "liquidation": largest_quantity(wanted.side, price, kept_away, collateral=collateral, brackets=brackets),
    }
    return caps if wanted.room is None else caps | {"portfolio": wanted.room / price}


def _liquidation(
    wanted: Wanted, quantity: Decimal, collateral: Decimal, brackets: tuple[Bracket, ...]
) -> Decimal | None:
    if not quantity:
        return None
    return liquidation_price(wanted.side, quantity, wanted.price, collateral=collateral, brackets=brackets) or None


def _sums(sizing: Sizing) -> dict[str, Decimal]:
    return {"notional": sizing.notional, "loss_at_stop": sizing.loss_at_stop}
