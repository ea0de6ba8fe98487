"""What the venue does of its own accord: funding, liquidation, deleveraging, the end of a contract."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from plugins.paper_exchange.core import margin, matching
from plugins.paper_exchange.core.account import Account
from plugins.paper_exchange.core.kinds import (
    AccountReason,
    AlgoStatus,
    Execution,
    IncomeType,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
)
from plugins.paper_exchange.core.messages import CalledPosition, MarginCall
from plugins.paper_exchange.core.orders import DELEVERAGING, LIQUIDATION, SETTLEMENT, Order, OrderRequest
from plugins.paper_exchange.core.orphans import expire_orphans
from plugins.paper_exchange.core.positions import Position, to_money
from plugins.paper_exchange.core.turn import Turn

ZERO = Decimal(0)


def settle_funding(turn: Turn, symbol: str, rate: Decimal) -> None:
    """Longs pay a positive rate, shorts receive it, on the notional at mark price."""
    held = turn.account.position(symbol)
    amount = to_money(-held.quantity * turn.account.prices[symbol].mark * rate) if held.quantity else Decimal(0)
    if amount:
        turn.pay(IncomeType.FUNDING_FEE, symbol, amount)
        turn.tell_account(AccountReason.FUNDING_FEE, amount)


def liquidate_if_due(turn: Turn) -> None:
    """Reduce positions at market while the margin balance is below the maintenance margin.

    First all open orders are cancelled. Then the position that must keep most margin goes down to the bracket below
    its own, or altogether out of the lowest bracket, and so on until what is left suffices: the venue's partial
    liquidation. A wallet that ends below zero is made good by the insurance fund, as on the venue.
    """
    if not margin.is_short_of_margin(turn.account):
        _call_for_margin(turn)
        return
    _cancel_all(turn)
    while margin.is_short_of_margin(turn.account):
        worst = max(
            turn.account.open_positions(), key=lambda held: margin.maintenance_margin(turn.account, held.symbol)
        )
        if not _liquidate(turn, worst, _excess(turn, worst)):
            break
    _cover_deficit(turn)


def liquidate(turn: Turn, symbol: str) -> None:
    """Close a whole position as if its margin had run out."""
    held = turn.account.position(symbol)
    if held.quantity:
        _cancel_all(turn)
        _liquidate(turn, held, abs(held.quantity))
        _cover_deficit(turn)


def deleverage(turn: Turn, symbol: str, fraction: Decimal) -> None:
    """Close a part of a position at the mark price, rounded up to the symbol's step."""
    held, step = turn.account.position(symbol), turn.account.rules[symbol].step_size
    part = (abs(held.quantity) * fraction / step).to_integral_value(ROUND_CEILING) * step
    _force(turn, held, min(part, abs(held.quantity)), DELEVERAGING)


def delist(turn: Turn, symbol: str) -> None:
    """End a contract: open and conditional orders go, the position is settled at the mark price."""
    for order in turn.account.orders_of(symbol):
        turn.end_order(order, OrderStatus.EXPIRED, Execution.EXPIRED)
    held = turn.account.position(symbol)
    _force(turn, held, abs(held.quantity), f"{SETTLEMENT}{turn.now_ms}")
    for algo in turn.account.algos_of(symbol):
        turn.end_algo(algo, AlgoStatus.EXPIRED)


def _call_for_margin(turn: Turn) -> None:
    """Warn once when liquidation is near, and again only after it was not."""
    account = turn.account
    kept = margin.total_maintenance_margin(account)
    near = kept >= margin.margin_balance(account) * turn.economics.margin_call_ratio
    if near and not account.margin_called:
        called = tuple(_called(account, held) for held in account.open_positions())
        turn.changes.messages.append(MarginCall(turn.now_ms, account.wallet, called))
    account.margin_called = near


def _called(account: Account, held: Position) -> CalledPosition:
    mark = account.prices[held.symbol].mark
    return CalledPosition(held, mark, held.unrealized(mark), margin.maintenance_margin(account, held.symbol))


def _cancel_all(turn: Turn) -> None:
    for order in list(turn.account.orders.values()):
        turn.end_order(order, OrderStatus.CANCELED, Execution.CANCELED)


def _excess(turn: Turn, held: Position) -> Decimal:
    """What brings the position down to the bracket below; all of it where there is none."""
    floor = margin.bracket(turn.account, held.symbol).floor
    mark, step = turn.account.prices[held.symbol].mark, turn.account.rules[held.symbol].step_size
    kept = (floor / mark / step).to_integral_value(ROUND_FLOOR) * step
    return abs(held.quantity) - min(kept, abs(held.quantity) - step)


def _liquidate(turn: Turn, held: Position, quantity: Decimal) -> Decimal:
    """Sell (or buy back) at what the book offers; returns how much that was."""
    side = Side.SELL if held.quantity > 0 else Side.BUY
    bound = turn.account.prices[held.symbol].last * (1 + side.sign * turn.economics.market_bound)
    request = OrderRequest(
        symbol=held.symbol,
        side=side,
        type=OrderType.LIMIT,
        quantity=quantity,
        client_id=f"{LIQUIDATION}{turn.now_ms}-{held.symbol}",
        price=turn.ladder(held.symbol).on_tick(bound, side.opposite),
        time_in_force=TimeInForce.IOC,
        reduce_only=True,
    )
    order = matching.submit(turn, request)
    fee = to_money(min(order.quote * turn.economics.liquidation_fee, max(ZERO, margin.margin_balance(turn.account))))
    if fee:
        turn.pay(IncomeType.INSURANCE_CLEAR, held.symbol, -fee)
        turn.tell_account(AccountReason.INSURANCE_CLEAR, -fee)
    return order.executed


def _cover_deficit(turn: Turn) -> None:
    account = turn.account
    if account.wallet < 0 and not any(account.open_positions()):
        deficit = -account.wallet
        turn.pay(IncomeType.INSURANCE_CLEAR, "", deficit)
        turn.tell_account(AccountReason.INSURANCE_CLEAR, deficit)


def _force(turn: Turn, held: Position, quantity: Decimal, client_id: str) -> None:
    """Fill an order of the venue's own at the mark price, whatever the book offers."""
    if not quantity:
        return
    price = turn.account.prices[held.symbol].mark
    order = Order(
        order_id=turn.new_id(),
        client_id=client_id,
        symbol=held.symbol,
        side=Side.SELL if held.quantity > 0 else Side.BUY,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.IOC,
        price=price,
        quantity=quantity,
        reduce_only=True,
        status=OrderStatus.NEW,
        created_ms=turn.now_ms,
        updated_ms=turn.now_ms,
        origin_type=OrderType.LIMIT,
    )
    turn.save_order(order, Execution.NEW)
    turn.fill(order, price, quantity, maker=False)
    expire_orphans(turn, held.symbol, held.quantity)
