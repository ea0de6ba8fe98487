"""What trading costs on this venue: one value, so that a run can state its assumptions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Economics:
    """Money rules of the account and the liquidity that the market offers.

    Fees: the schedule for a regular user of USDT-margined contracts, which ccxt 4.5.90 also carries as its default
    (maker 0.0200 %, taker 0.0500 %).

    Liquidity is an assumption, not a measurement: a ladder around the last price, whose best prices stand
    `half_spread` away, whose levels are `level_step` apart and hold `level_notional` USDT each. It is refilled at once,
    so that two orders in a row meet the same ladder. With these defaults an order of 10,000 USDT pays half a basis
    point of spread and no slippage, one of 200,000 USDT about two basis points.
    """

    start_balance: Decimal = Decimal(10_000)
    maker_fee: Decimal = Decimal("0.0002")
    taker_fee: Decimal = Decimal("0.0005")
    half_spread: Decimal = Decimal("0.00005")
    level_step: Decimal = Decimal("0.0001")
    level_notional: Decimal = Decimal(50_000)
    market_bound: Decimal = Decimal("0.05")
    """A market order takes nothing further than this from the last price; what is left of it expires.

    The real venue measures from the mark price. Ours follows by half a print (see `Price.mark`), and an exit in a crash
    must not fail because of that.
    """
    price_band: Decimal = Decimal("0.05")
    """PERCENT_PRICE: a limit price may be worse than the mark price by this much."""
    trigger_protect: Decimal = Decimal("0.05")
    """A conditional order with priceProtect waits while last and mark price are further apart than this."""
    liquidation_fee: Decimal = Decimal("0.0125")
    """Of the notional that is liquidated, to the insurance fund, as far as the account can pay it (the venue's
    figure for most symbols; it is in exchangeInfo)."""
    margin_call_ratio: Decimal = Decimal("0.8")
    """A MARGIN_CALL is sent when the maintenance margin comes to this share of the margin balance."""
    default_leverage: int = 20
    max_conditional_orders: int = 200
