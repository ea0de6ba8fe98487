"""Everything that can happen to the account. `now_ms` is market time."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plugins.paper_exchange.core.orders import AlgoRequest, OrderRequest


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    now_ms: int
    request: OrderRequest


@dataclass(frozen=True, slots=True)
class AmendOrder:
    now_ms: int
    order_id: int
    quantity: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class CancelOrder:
    now_ms: int
    order_id: int


@dataclass(frozen=True, slots=True)
class CancelAllOrders:
    """Leaves conditional orders alone, as the venue does."""

    now_ms: int
    symbol: str


@dataclass(frozen=True, slots=True)
class PlaceAlgo:
    now_ms: int
    request: AlgoRequest


@dataclass(frozen=True, slots=True)
class CancelAlgo:
    now_ms: int
    algo_id: int


@dataclass(frozen=True, slots=True)
class CancelAllAlgos:
    now_ms: int
    symbol: str


@dataclass(frozen=True, slots=True)
class SetLeverage:
    now_ms: int
    symbol: str
    leverage: int


@dataclass(frozen=True, slots=True)
class Trade:
    """The market traded at a price. `jump`: it got there at once, not by way of the prices in between."""

    now_ms: int
    symbol: str
    price: Decimal
    quantity: Decimal
    jump: bool


@dataclass(frozen=True, slots=True)
class SettleFunding:
    now_ms: int
    symbol: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Liquidate:
    """The venue closes a position for want of margin, whether or not the rule says so: a drill."""

    now_ms: int
    symbol: str


@dataclass(frozen=True, slots=True)
class Deleverage:
    """Auto-deleveraging: a part of a position is closed against somebody who is being liquidated."""

    now_ms: int
    symbol: str
    fraction: Decimal


@dataclass(frozen=True, slots=True)
class Delist:
    """The contract ends: its orders go, its position is settled at the mark price."""

    now_ms: int
    symbol: str


@dataclass(frozen=True, slots=True)
class ReleaseTriggers:
    """What was triggered and did not get into the matching engine gets there now."""

    now_ms: int


Event = (
    PlaceOrder
    | AmendOrder
    | CancelOrder
    | CancelAllOrders
    | PlaceAlgo
    | CancelAlgo
    | CancelAllAlgos
    | SetLeverage
    | Trade
    | SettleFunding
    | Liquidate
    | Deleverage
    | Delist
    | ReleaseTriggers
)
