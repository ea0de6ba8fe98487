"""Conditional orders: accepted or refused, watched, triggered into the matching engine."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from plugins.paper_exchange.core import filters, matching, refusals
from plugins.paper_exchange.core.account import Price
from plugins.paper_exchange.core.kinds import AlgoStatus, OrderType, WorkingType
from plugins.paper_exchange.core.orders import Algo, AlgoRequest, OrderRequest
from plugins.paper_exchange.core.turn import Turn

ZERO = Decimal(0)
NOTHING_TO_REDUCE = "Reduce Only reject"


def place(turn: Turn, request: AlgoRequest) -> None:
    """Accept a conditional order, or raise Refusal without having changed anything."""
    matching.check_open_for(turn, request.symbol, reduces=request.reduce_only or request.close_position)
    matching.check_client_id(request.client_id)
    if request.client_id in turn.account.algos_by_client:
        raise refusals.client_id_taken()
    if len(turn.account.algos) >= turn.economics.max_conditional_orders:
        raise refusals.too_many_conditional_orders()
    _check_size(turn, request)
    _check_prices(turn, request)
    algo = _new_algo(turn, request)
    if algo.is_reached(watched_price(turn, algo)):
        raise refusals.triggers_at_once()
    algo = replace(algo, algo_id=turn.new_id())
    turn.save_algo(algo)
    turn.changes.subject = algo.algo_id


def watched_price(turn: Turn, algo: Algo) -> Decimal:
    price = turn.account.prices[algo.symbol]
    return price.mark if algo.working_type is WorkingType.MARK_PRICE else price.last


def is_protected(turn: Turn, algo: Algo, price: Price) -> bool:
    """priceProtect: while last and mark price are too far apart, the order does not fire."""
    return algo.price_protect and abs(price.mark - price.last) > price.mark * turn.economics.trigger_protect


def trigger(turn: Turn, algo: Algo) -> None:
    """Hand the order to the matching engine; what the engine refuses ends as REJECTED with its reason."""
    algo = replace(algo, status=AlgoStatus.TRIGGERING, triggered_ms=turn.now_ms, updated_ms=turn.now_ms)
    turn.save_algo(algo)
    if not turn.account.quirks.holds(algo.symbol):
        _hand_over(turn, algo)


def release(turn: Turn) -> None:
    """Hand over what was held back on its way to the engine; only a venue in trouble has any such orders."""
    for algo in [algo for algo in turn.account.algos.values() if algo.status is AlgoStatus.TRIGGERING]:
        if not turn.account.quirks.holds(algo.symbol) and algo.algo_id in turn.account.algos:
            _hand_over(turn, algo)


def _hand_over(turn: Turn, algo: Algo) -> None:
    try:
        matching.submit(turn, _child_request(turn, algo), parent=algo)
    except refusals.Refusal as refusal:
        reason = NOTHING_TO_REDUCE if refusal.code == refusals.nothing_to_reduce().code else refusal.message
        turn.end_algo(algo, AlgoStatus.REJECTED, reason)


def _child_request(turn: Turn, algo: Algo) -> OrderRequest:
    size = algo.quantity
    if algo.close_position:
        size = matching.reducible(turn, algo.symbol, algo.side)
    request = OrderRequest(
        symbol=algo.symbol,
        side=algo.side,
        type=OrderType.MARKET if algo.type.is_market else OrderType.LIMIT,
        quantity=size,
        client_id=f"algo-{algo.algo_id}",
        price=None if algo.type.is_market else algo.price,
        time_in_force=algo.time_in_force,
        reduce_only=algo.reduce_only or algo.close_position,
        price_match=algo.price_match,
    )
    return matching.with_price(turn, request)


def _check_size(turn: Turn, request: AlgoRequest) -> None:
    if request.close_position:
        _check_close_position(turn, request)
        return
    if request.quantity is None:
        raise refusals.missing("quantity")
    rules = turn.account.rules[request.symbol]
    filters.check_quantity(rules, request.quantity, market=request.type.is_market)
    notional = request.quantity * (request.price or request.trigger_price)
    filters.check_notional(rules, notional, reduce_only=request.reduce_only)
    if request.reduce_only and not matching.reducible(turn, request.symbol, request.side):
        raise refusals.nothing_to_reduce()


def _check_close_position(turn: Turn, request: AlgoRequest) -> None:
    if request.quantity is not None:
        raise refusals.close_position_with_quantity()
    if request.reduce_only:
        raise refusals.not_needed("reduceOnly")
    if not request.type.is_market:
        raise refusals.close_position_type()
    if any(_closes_alike(algo, request) for algo in turn.account.algos_of(request.symbol)):
        raise refusals.close_position_taken()


def _closes_alike(algo: Algo, request: AlgoRequest) -> bool:
    """The venue keeps one closePosition stop and one closePosition take-profit a side."""
    same_end = algo.side is request.side and algo.type.is_stop == request.type.is_stop
    return algo.close_position and same_end and algo.status.is_waiting


def _check_prices(turn: Turn, request: AlgoRequest) -> None:
    rules = turn.account.rules[request.symbol]
    if request.trigger_price <= 0:
        raise refusals.trigger_not_positive()
    filters.check_price(rules, request.trigger_price)
    matching.check_price_match(request.price_match)
    if request.type.is_market:
        return
    if request.price is not None:
        filters.check_price(rules, request.price)
    elif request.price_match == "NONE":
        raise refusals.missing("price")


def _new_algo(turn: Turn, request: AlgoRequest) -> Algo:
    return Algo(
        algo_id=0,
        client_id=request.client_id,
        symbol=request.symbol,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        trigger_price=request.trigger_price,
        price=request.price or ZERO,
        quantity=request.quantity or ZERO,
        working_type=request.working_type,
        reduce_only=request.reduce_only,
        close_position=request.close_position,
        price_protect=request.price_protect,
        status=AlgoStatus.NEW,
        created_ms=turn.now_ms,
        updated_ms=turn.now_ms,
        price_match=request.price_match,
    )
