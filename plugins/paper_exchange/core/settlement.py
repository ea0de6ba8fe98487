"""What the venue does of its own accord: funding and liquidation."""

from __future__ import annotations

from decimal import Decimal

from plugins.paper_exchange.core import margin, matching
from plugins.paper_exchange.core.kinds import (
    AccountReason,
    Execution,
    IncomeType,
    OrderStatus,
    OrderType,
    Side,
)
from plugins.paper_exchange.core.orders import OrderRequest
from plugins.paper_exchange.core.positions import to_money
from plugins.paper_exchange.core.turn import Turn


def settle_funding(turn: Turn, symbol: str, rate: Decimal) -> None:
    """Longs pay a positive rate, shorts receive it, on the notional at mark price."""
    held = turn.account.position(symbol)
    amount = to_money(-held.quantity * turn.account.prices[symbol].mark * rate) if held.quantity else Decimal(0)
    if amount:
        turn.pay(IncomeType.FUNDING_FEE, symbol, amount)
        turn.tell_account(AccountReason.FUNDING_FEE, amount)


def liquidate_if_due(turn: Turn) -> None:
    """Close everything at market when the margin balance falls below the maintenance margin.

    The whole account goes at once: partial liquidation by brackets is the real venue's refinement of this rule. A
    wallet that ends below zero is made good by the insurance fund, as on the venue.
    """
    account = turn.account
    held = list(account.open_positions())
    if not held or margin.margin_balance(account) >= margin.total_maintenance_margin(account):
        return
    for order in list(account.orders.values()):
        turn.end_order(order, OrderStatus.CANCELED, Execution.CANCELED)
    for position in held:
        _close(turn, position.symbol, position.quantity)
    if account.wallet < 0 and not any(account.open_positions()):
        deficit = -account.wallet
        turn.pay(IncomeType.INSURANCE_CLEAR, "", deficit)
        turn.tell_account(AccountReason.INSURANCE_CLEAR, deficit)


def _close(turn: Turn, symbol: str, quantity: Decimal) -> None:
    side = Side.SELL if quantity > 0 else Side.BUY
    request = OrderRequest(
        symbol=symbol,
        side=side,
        type=OrderType.MARKET,
        quantity=abs(quantity),
        client_id=f"autoclose-{turn.now_ms}-{symbol}",
        reduce_only=True,
    )
    matching.submit(turn, request)
