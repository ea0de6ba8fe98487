"""Orders that have lost the position they were there to close."""

from __future__ import annotations

from decimal import Decimal

from plugins.paper_exchange.core.kinds import AlgoStatus, Execution, OrderStatus, Side
from plugins.paper_exchange.core.turn import Turn


def expire_orphans(turn: Turn, symbol: str, before: Decimal) -> None:
    """Once a position has closed or turned, what could only have closed it expires."""
    after = turn.account.position(symbol).quantity
    if not before or before * after > 0:
        return
    closer = Side.SELL if before > 0 else Side.BUY
    for order in turn.account.orders_of(symbol):
        if order.reduce_only and order.side is closer:
            turn.end_order(order, OrderStatus.EXPIRED, Execution.EXPIRED)
    for algo in turn.account.algos_of(symbol):
        if algo.close_position and algo.side is closer and algo.status.is_waiting:
            turn.end_algo(algo, AlgoStatus.EXPIRED)
