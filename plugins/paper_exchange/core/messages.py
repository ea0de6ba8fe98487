"""What the venue tells an account's listeners, before it is put into the wire's words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plugins.paper_exchange.core.kinds import AccountReason, Execution
from plugins.paper_exchange.core.orders import Algo, Fill, Order
from plugins.paper_exchange.core.positions import Position


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    order: Order
    execution: Execution
    fill: Fill | None = None


@dataclass(frozen=True, slots=True)
class AlgoUpdate:
    algo: Algo


@dataclass(frozen=True, slots=True)
class AccountUpdate:
    """The wallet, what changed it, and the position that changed with it (with its unrealized profit), if one did."""

    reason: AccountReason
    at_ms: int
    wallet: Decimal
    delta: Decimal
    position: Position | None
    unrealized: Decimal


@dataclass(frozen=True, slots=True)
class LeverageUpdate:
    symbol: str
    leverage: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class CalledPosition:
    """A position of a margin call, with what it must keep."""

    position: Position
    mark: Decimal
    unrealized: Decimal
    maintenance: Decimal


@dataclass(frozen=True, slots=True)
class MarginCall:
    """The account is close to liquidation."""

    at_ms: int
    wallet: Decimal
    positions: tuple[CalledPosition, ...]


Message = OrderUpdate | AlgoUpdate | AccountUpdate | LeverageUpdate | MarginCall
