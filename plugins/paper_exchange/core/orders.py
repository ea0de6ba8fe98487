"""Orders as they are asked for, and as the venue keeps them. All are values: a change makes a new one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plugins.paper_exchange.core.kinds import (
    AlgoStatus,
    AlgoType,
    IncomeType,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    WorkingType,
)

ZERO = Decimal(0)

LIQUIDATION, DELEVERAGING, SETTLEMENT = "autoclose-", "adl_autoclose", "settlement_autoclose-"
"""How the client ids of the venue's own orders begin; nothing else on the wire tells them apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """What a client asks of the matching engine. `price` is None for market orders and with `price_match`."""

    symbol: str
    side: Side
    type: OrderType
    quantity: Decimal
    client_id: str
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    price_match: str = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoRequest:
    """What a client asks to be done when a price is reached. `quantity` is None with `close_position`."""

    symbol: str
    side: Side
    type: AlgoType
    trigger_price: Decimal
    client_id: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    reduce_only: bool = False
    close_position: bool = False
    price_protect: bool = False
    price_match: str = "NONE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order in the matching engine. `quote` is the sum of price times quantity over its fills."""

    order_id: int
    client_id: str
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: Decimal
    quantity: Decimal
    reduce_only: bool
    status: OrderStatus
    created_ms: int
    updated_ms: int
    executed: Decimal = ZERO
    quote: Decimal = ZERO
    price_match: str = "NONE"
    algo_id: int | None = None
    origin_type: str = ""
    stop_price: Decimal = ZERO
    close_position: bool = False
    working_type: WorkingType = WorkingType.CONTRACT_PRICE

    @property
    def remaining(self) -> Decimal:
        return self.quantity - self.executed

    @property
    def average_price(self) -> Decimal:
        return self.quote / self.executed if self.executed else ZERO

    @property
    def is_forced(self) -> bool:
        """Made by the venue, not by the account."""
        return self.client_id.startswith((LIQUIDATION, DELEVERAGING, SETTLEMENT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Algo:
    """A conditional order. `order_id` is its child in the matching engine, once it has been triggered."""

    algo_id: int
    client_id: str
    symbol: str
    side: Side
    type: AlgoType
    time_in_force: TimeInForce
    trigger_price: Decimal
    price: Decimal
    quantity: Decimal
    working_type: WorkingType
    reduce_only: bool
    close_position: bool
    price_protect: bool
    status: AlgoStatus
    created_ms: int
    updated_ms: int
    price_match: str = "NONE"
    order_id: int | None = None
    triggered_ms: int = 0
    executed: Decimal = ZERO
    average_price: Decimal = ZERO
    reason: str = ""

    def is_reached(self, price: Decimal) -> bool:
        """Whether the watched price has come to the trigger (venue rule: stops fire with their side's move)."""
        rising = (self.side is Side.BUY) == self.type.is_stop
        return price >= self.trigger_price if rising else price <= self.trigger_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One trade of ours. `commission` is what was paid (positive), `realized` what the trade earned before it."""

    trade_id: int
    order_id: int
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    quote: Decimal
    commission: Decimal
    realized: Decimal
    maker: bool
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Income:
    """One change of the wallet; `trade_id` names the fill behind it, if any."""

    income_id: int
    type: IncomeType
    symbol: str
    amount: Decimal
    at_ms: int
    trade_id: int | None = None
