"""Orders in the matching engine: accepted or refused, filled, amended, cancelled."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal

from plugins.paper_exchange.core import filters, margin, refusals
from plugins.paper_exchange.core.kinds import Execution, OrderStatus, OrderType, Side, TimeInForce
from plugins.paper_exchange.core.ladder import Ladder, Level
from plugins.paper_exchange.core.orders import Algo, Order, OrderRequest
from plugins.paper_exchange.core.orphans import expire_orphans
from plugins.paper_exchange.core.positions import to_money
from plugins.paper_exchange.core.quirks import SymbolStatus
from plugins.paper_exchange.core.turn import Turn

ZERO = Decimal(0)
_CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
_PRICE_MATCH = {
    f"{end}{depth}": (end, int(depth.strip("_") or 1))
    for end in ("OPPONENT", "QUEUE")
    for depth in ("", "_5", "_10", "_20")
}


def place(turn: Turn, request: OrderRequest) -> None:
    """Accept an order from outside, or raise Refusal without having changed anything."""
    rules, account = turn.account.rules[request.symbol], turn.account
    check_open_for(turn, request.symbol, reduces=request.reduce_only)
    check_client_id(request.client_id)
    if request.client_id in account.orders_by_client:
        raise refusals.client_id_taken()
    filters.check_quantity(rules, request.quantity, market=request.type is OrderType.MARKET)
    request = with_price(turn, request)
    price = request.price
    if request.type is OrderType.LIMIT:
        if price is None:
            raise refusals.missing("price")
        filters.check_price(rules, price)
        mark = account.prices[request.symbol].mark
        filters.check_band(request.side, price, mark, turn.economics.price_band)
    notional = request.quantity * (price or account.prices[request.symbol].mark)
    filters.check_notional(rules, notional, reduce_only=request.reduce_only)
    turn.changes.subject = submit(turn, request).order_id


def submit(turn: Turn, request: OrderRequest, parent: Algo | None = None) -> Order:
    """Put an order whose form is known to be right into the engine. Raises Refusal before anything changes."""
    wanted = request.quantity
    if request.reduce_only:
        wanted = min(wanted, reducible(turn, request.symbol, request.side))
        if not wanted:
            raise refusals.nothing_to_reduce()
    taken = _takes(turn, request, wanted)
    _check_time_in_force(request, wanted, taken)
    if not request.reduce_only:
        _check_counterparty(turn, request)
        _check_margin(turn, request, taken)
    if parent is not None:
        taken = _thinned(turn, request, taken)
    before = turn.account.position(request.symbol).quantity
    order = _accepted(turn, request, parent)
    for level in taken:
        order = turn.fill(order, level.price, level.quantity, maker=False)
    if order.status.is_open and _leaves_nothing_behind(request):
        order = turn.end_order(order, OrderStatus.EXPIRED, Execution.EXPIRED)
    expire_orphans(turn, request.symbol, before)
    return order


def fill_resting(turn: Turn, order: Order, quantity: Decimal) -> Decimal:
    """Fill a waiting order at its own price, at most by what was traded; returns what is left of that volume."""
    wanted = order.remaining
    if order.reduce_only:
        wanted = min(wanted, reducible(turn, order.symbol, order.side))
    step = turn.account.rules[order.symbol].step_size
    part = min(wanted, (quantity / step).to_integral_value(ROUND_FLOOR) * step)
    if part <= 0:
        return quantity
    before = turn.account.position(order.symbol).quantity
    turn.fill(order, order.price, part, maker=True)
    expire_orphans(turn, order.symbol, before)
    return quantity - part


def amend(turn: Turn, order: Order, quantity: Decimal, price: Decimal) -> None:
    """Change price and quantity; the order keeps its id and loses its place. Cancels where the venue would."""
    rules = turn.account.rules[order.symbol]
    filters.check_quantity(rules, quantity, market=False)
    filters.check_price(rules, price)
    filters.check_band(order.side, price, turn.account.prices[order.symbol].mark, turn.economics.price_band)
    filters.check_notional(rules, quantity * price, reduce_only=order.reduce_only)
    if (quantity, price) == (order.quantity, order.price):
        raise refusals.nothing_to_amend()
    turn.changes.subject = order.order_id
    crosses = _crosses(turn.ladder(order.symbol), order.side, price)
    if quantity <= order.executed or (crosses and order.time_in_force is TimeInForce.GTX):
        turn.end_order(order, OrderStatus.CANCELED, Execution.CANCELED)
        return
    if not order.reduce_only:
        more = quantity * price - order.executed * price - order.remaining * order.price
        margin.check_resting(turn.account, order.symbol, order.side, more)
    amended = replace(order, quantity=quantity, price=price, updated_ms=turn.now_ms)
    turn.save_order(amended, Execution.AMENDMENT)
    before = turn.account.position(order.symbol).quantity
    for level in turn.ladder(order.symbol).take(order.side, _fillable(turn, amended), price):
        amended = turn.fill(amended, level.price, level.quantity, maker=False)
    expire_orphans(turn, order.symbol, before)


def cancel(turn: Turn, order: Order) -> None:
    turn.end_order(order, OrderStatus.CANCELED, Execution.CANCELED)


def with_price(turn: Turn, request: OrderRequest) -> OrderRequest:
    """Resolve `price_match`: the price of the opposite or of the own side of the book, a number of levels deep."""
    if request.price_match == "NONE":
        return request
    check_price_match(request.price_match)
    end, depth = _PRICE_MATCH[request.price_match]
    side = request.side if end == "OPPONENT" else request.side.opposite
    levels = turn.ladder(request.symbol).levels(side)
    price = [level.price for level, _ in zip(levels, range(depth), strict=False)][-1]
    return replace(request, price=price)


def check_open_for(turn: Turn, symbol: str, *, reduces: bool) -> None:
    """Refuse what the state of account or contract does not allow."""
    if turn.account.quirks.liquidating:
        raise refusals.in_liquidation()
    match turn.account.quirks.status_of(symbol):
        case SymbolStatus.TRADING:
            return
        case SymbolStatus.SETTLING:
            if not reduces:
                raise refusals.symbol_only_reduces()
        case SymbolStatus.CLOSE:
            raise refusals.symbol_closed()


def check_price_match(price_match: str) -> None:
    if price_match != "NONE" and price_match not in _PRICE_MATCH:
        raise refusals.bad_value("priceMatch")


def check_client_id(client_id: str) -> None:
    if not _CLIENT_ID.fullmatch(client_id):
        raise refusals.client_id_malformed()


def reducible(turn: Turn, symbol: str, side: Side) -> Decimal:
    """How much an order of this side could close."""
    return max(ZERO, -side.sign * turn.account.position(symbol).quantity)


def _fillable(turn: Turn, order: Order) -> Decimal:
    if not order.reduce_only:
        return order.remaining
    return min(order.remaining, reducible(turn, order.symbol, order.side))


def _takes(turn: Turn, request: OrderRequest, wanted: Decimal) -> list[Level]:
    """What the order would take from the book at once."""
    if request.type is OrderType.LIMIT and request.price is not None:
        return turn.ladder(request.symbol).take(request.side, wanted, request.price)
    bound = turn.account.prices[request.symbol].last * (1 + request.side.sign * turn.economics.market_bound)
    return turn.ladder(request.symbol).take(request.side, wanted, bound)


def _check_counterparty(turn: Turn, request: OrderRequest) -> None:
    """PERCENT_PRICE for market orders: the best price on the other side must be near the mark price.

    Orders that only reduce are exempt here, unlike on the venue: our mark price follows the last one by half a print
    (see `Price.mark`), and an exit in a crash must not fail because of that.
    """
    if request.type is not OrderType.MARKET:
        return
    best, mark = turn.ladder(request.symbol).best(request.side), turn.account.prices[request.symbol].mark
    if abs(best - mark) > mark * turn.economics.price_band:
        raise refusals.counterparty_too_far()


def _thinned(turn: Turn, request: OrderRequest, taken: list[Level]) -> list[Level]:
    """What is left of a fill where the book is thin by order (see `Quirks.thin`)."""
    fraction = turn.account.quirks.thinned(request.symbol) if taken else None
    if fraction is None:
        return taken
    step = turn.account.rules[request.symbol].step_size
    quantity = sum((level.quantity for level in taken), ZERO) * fraction
    return _first_of(taken, (quantity / step).to_integral_value(ROUND_FLOOR) * step)


def _first_of(taken: list[Level], quantity: Decimal) -> list[Level]:
    kept: list[Level] = []
    for level in taken:
        part = min(level.quantity, quantity)
        if part:
            kept.append(Level(level.price, part))
        quantity -= part
    return kept


def _crosses(ladder: Ladder, side: Side, price: Decimal) -> bool:
    return (price - ladder.best(side)) * side.sign >= 0


def _check_time_in_force(request: OrderRequest, wanted: Decimal, taken: list[Level]) -> None:
    if request.time_in_force is TimeInForce.GTX and taken:
        raise refusals.not_a_maker()
    if request.time_in_force is TimeInForce.FOK and sum(level.quantity for level in taken) < wanted:
        raise refusals.not_fillable_at_once()


def _check_margin(turn: Turn, request: OrderRequest, taken: list[Level]) -> None:
    quantity = sum((level.quantity for level in taken), ZERO)
    quote = sum((level.quantity * level.price for level in taken), ZERO)
    fee = to_money(quote * turn.economics.taker_fee)
    if taken:
        signed = request.side.sign * quantity
        margin.check_taking(turn.account, request.symbol, signed, quote=quote, fee=fee)
    if request.type is OrderType.LIMIT and request.price is not None:
        notional = request.quantity * request.price
        margin.check_resting(turn.account, request.symbol, request.side, notional)


def _leaves_nothing_behind(request: OrderRequest) -> bool:
    return request.type is OrderType.MARKET or request.time_in_force is TimeInForce.IOC


def _accepted(turn: Turn, request: OrderRequest, parent: Algo | None) -> Order:
    order = Order(
        order_id=turn.new_id(),
        client_id=request.client_id,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        price=request.price or ZERO,
        quantity=request.quantity,
        reduce_only=request.reduce_only,
        status=OrderStatus.NEW,
        created_ms=turn.now_ms,
        updated_ms=turn.now_ms,
        price_match=request.price_match,
        origin_type=parent.type if parent else request.type,
    )
    if parent is not None:
        order = replace(
            order,
            algo_id=parent.algo_id,
            stop_price=parent.trigger_price,
            close_position=parent.close_position,
            working_type=parent.working_type,
        )
    turn.save_order(order, Execution.NEW)
    return order
