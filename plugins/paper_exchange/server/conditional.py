"""Conditional (algo) orders: place, cancel, look up."""

from __future__ import annotations

from plugins.paper_exchange.core import refusals
from plugins.paper_exchange.core.events import CancelAlgo, CancelAllAlgos, PlaceAlgo
from plugins.paper_exchange.core.kinds import AlgoStatus, AlgoType, Side, TimeInForce, WorkingType
from plugins.paper_exchange.core.orders import Algo, AlgoRequest
from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.ledger.history import Window
from plugins.paper_exchange.server import wire
from plugins.paper_exchange.server.call import Answer, Call, Endpoint, Guard
from plugins.paper_exchange.server.params import Params
from plugins.paper_exchange.server.trading import DONE, check_one_way, new_client_id, time_in_force


async def place(call: Call) -> Answer:
    changes = await call.venue.apply(PlaceAlgo(call.now_ms, _request(call.symbol(), call.params)))
    kept = changes.algos[changes.subject]
    return wire.algo(call.rules(kept.symbol), kept)


async def cancel(call: Call) -> Answer:
    kept = _named(call)
    if kept is None or not kept.status.is_waiting:
        raise refusals.unknown_order_to_cancel()
    await call.venue.apply(CancelAlgo(call.now_ms, kept.algo_id))
    return {"algoId": kept.algo_id, "clientAlgoId": kept.client_id, "code": "200", "msg": "success"}


async def cancel_all(call: Call) -> Answer:
    await call.venue.apply(CancelAllAlgos(call.now_ms, call.symbol()))
    return DONE


async def look_up(call: Call) -> Answer:
    kept = _named(call)
    if kept is None:
        raise refusals.unknown_order()
    return wire.algo(call.rules(kept.symbol), kept)


async def list_open(call: Call) -> Answer:
    """What is not yet in the matching engine; from then on an order is found there by its child."""
    symbol = call.optional_symbol()
    waiting = (algo for algo in call.venue.account.algos.values() if algo.status is not AlgoStatus.TRIGGERED)
    return [wire.algo(call.rules(algo.symbol), algo) for algo in waiting if symbol in (None, algo.symbol)]


async def list_all(call: Call) -> Answer:
    symbol, params = call.symbol(), call.params
    window = Window(
        limit=params.limit(500, 1000),
        from_id=params.optional_integer("algoId"),
        start_ms=params.optional_integer("startTime"),
        end_ms=params.optional_integer("endTime"),
    )
    return [wire.algo(call.rules(symbol), kept) for kept in call.venue.history.algos(symbol, window)]


def _request(symbol: str, params: Params) -> AlgoRequest:
    check_one_way(params)
    if params.text("algoType") != "CONDITIONAL":
        raise refusals.bad_value("algoType")
    type_ = params.choice("type", AlgoType, refusals.bad_order_type())
    return AlgoRequest(
        symbol=symbol,
        side=params.choice("side", Side, Refusal(-1117, "Invalid side.")),
        type=type_,
        trigger_price=params.decimal("triggerPrice"),
        client_id=new_client_id(params, "clientAlgoId"),
        quantity=params.optional_decimal("quantity"),
        price=None if type_.is_market else params.optional_decimal("price"),
        working_type=_working_type(params),
        reduce_only=params.flag("reduceOnly"),
        close_position=params.flag("closePosition"),
        price_protect=params.flag("priceProtect"),
        price_match=params.optional_text("priceMatch") or "NONE",
        time_in_force=time_in_force(params) if "timeInForce" in params else TimeInForce.GTC,
    )


def _working_type(params: Params) -> WorkingType:
    return params.choice("workingType", WorkingType) if "workingType" in params else WorkingType.CONTRACT_PRICE


def _named(call: Call) -> Algo | None:
    algo_id, client_id = call.params.optional_integer("algoId"), call.params.optional_text("clientAlgoId")
    if algo_id is not None:
        return call.venue.history.algo(algo_id)
    if client_id is not None:
        return call.venue.history.algo_of_client(client_id)
    raise refusals.missing("algoId")


def _one_or_all(params: Params) -> int:
    return 1 if "symbol" in params else 40


ENDPOINTS = (
    Endpoint("POST", "/fapi/v1/algoOrder", place, Guard.SIGNED, weight=0, orders=1),
    Endpoint("DELETE", "/fapi/v1/algoOrder", cancel, Guard.SIGNED),
    Endpoint("GET", "/fapi/v1/algoOrder", look_up, Guard.SIGNED),
    Endpoint("DELETE", "/fapi/v1/algoOpenOrders", cancel_all, Guard.SIGNED),
    Endpoint("GET", "/fapi/v1/openAlgoOrders", list_open, Guard.SIGNED, weight=_one_or_all),
    Endpoint("GET", "/fapi/v1/allAlgoOrders", list_all, Guard.SIGNED, weight=5),
)
