"""Orders of the matching engine: place, amend, cancel, look up."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import orjson

from plugins.paper_exchange.core import refusals
from plugins.paper_exchange.core.events import AmendOrder, CancelAllOrders, CancelOrder, PlaceOrder
from plugins.paper_exchange.core.kinds import AlgoType, OrderType, Side, TimeInForce
from plugins.paper_exchange.core.orders import DELEVERAGING, LIQUIDATION, Order, OrderRequest
from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.ledger.history import Window
from plugins.paper_exchange.server import wire
from plugins.paper_exchange.server.call import Answer, Call, Endpoint, Guard
from plugins.paper_exchange.server.params import Params

BATCH_LIMIT = 5
DONE = {"code": 200, "msg": "The operation of cancel all open order is done."}
_ELSEWHERE = {*AlgoType, "TRAILING_STOP_MARKET"}


async def place(call: Call) -> Answer:
    return await _placed(call, call.params)


async def place_batch(call: Call) -> Answer:
    return await _each(batch_of(call.params), lambda params: _placed(call, params))


async def amend(call: Call) -> Answer:
    return await _amended(call, call.params)


async def amend_batch(call: Call) -> Answer:
    return await _each(batch_of(call.params), lambda params: _amended(call, params))


async def cancel(call: Call) -> Answer:
    return await _cancelled(call, _Named.in_(call.params))


async def cancel_batch(call: Call) -> Answer:
    """The client sends these two lists in lower case, the documentation writes them in mixed case."""
    ids = _list_of(call.params, "orderidlist", "orderIdList")
    clients = _list_of(call.params, "origclientorderidlist", "origClientOrderIdList")
    named = [_Named(int(number), None) for number in ids] + [_Named(None, str(name)) for name in clients]
    if not named:
        raise refusals.missing("orderIdList")
    return await _each(named, lambda name: _cancelled(call, name))


async def cancel_all(call: Call) -> Answer:
    await call.venue.apply(CancelAllOrders(call.now_ms, call.symbol()))
    return DONE


async def countdown(call: Call) -> Answer:
    symbol, countdown_ms = call.symbol(), call.params.integer("countdownTime")
    if countdown_ms < 0:
        raise refusals.bad_value("countdownTime")
    call.countdowns.set(symbol, countdown_ms, call.wall_ms)
    return {"symbol": symbol, "countdownTime": str(countdown_ms)}


async def look_up(call: Call) -> Answer:
    kept = _known(call, _Named.in_(call.params))
    if kept is None:
        raise refusals.unknown_order()
    return wire.order(call.rules(kept.symbol), kept)


async def look_up_open(call: Call) -> Answer:
    kept = _known(call, _Named.in_(call.params))
    if kept is None or not kept.status.is_open:
        raise refusals.unknown_order()
    return wire.order(call.rules(kept.symbol), kept)


async def list_open(call: Call) -> Answer:
    symbol = call.optional_symbol()
    kept = call.venue.account.orders.values()
    return [wire.order(call.rules(o.symbol), o) for o in kept if symbol in (None, o.symbol)]


async def list_all(call: Call) -> Answer:
    symbol, params = call.symbol(), call.params
    window = Window(
        limit=params.limit(500, 1000),
        from_id=params.optional_integer("orderId"),
        start_ms=params.optional_integer("startTime"),
        end_ms=params.optional_integer("endTime"),
    )
    return [wire.order(call.rules(symbol), kept) for kept in call.venue.history.orders(symbol, window)]


async def list_fills(call: Call) -> Answer:
    symbol, params = call.symbol(), call.params
    window = Window(
        limit=params.limit(500, 1000),
        from_id=params.optional_integer("fromId"),
        start_ms=params.optional_integer("startTime"),
        end_ms=params.optional_integer("endTime"),
    )
    order_id = params.optional_integer("orderId")
    return [wire.fill(call.rules(symbol), trade) for trade in call.venue.history.fills(symbol, window, order_id)]


async def list_forced(call: Call) -> Answer:
    """Liquidations and deleveragings; the venue tells the two apart by this parameter only."""
    params, symbol = call.params, call.optional_symbol()
    window = Window(
        limit=params.limit(50, 100),
        start_ms=params.optional_integer("startTime"),
        end_ms=params.optional_integer("endTime"),
    )
    kinds = {"LIQUIDATION": LIQUIDATION, "ADL": DELEVERAGING}
    asked = params.optional_text("autoCloseType")
    if asked is not None and asked not in kinds:
        raise refusals.bad_value("autoCloseType")
    chosen = [kinds[asked]] if asked else list(kinds.values())
    found = [kept for prefix in chosen for kept in call.venue.history.forced_orders(symbol, prefix, window)]
    return [wire.order(call.rules(kept.symbol), kept) for kept in sorted(found, key=lambda kept: kept.order_id)]


def batch_of(params: Params) -> list[Params]:
    """The orders of a batch, each as if it had come alone."""
    rows = _json_list(params, "batchOrders")
    if not 1 <= len(rows) <= BATCH_LIMIT or not all(isinstance(row, dict) for row in rows):
        raise refusals.bad_value("batchOrders")
    return [Params({name: _as_text(value) for name, value in row.items()}) for row in rows]


def check_one_way(params: Params) -> None:
    """The account is in one-way mode: there is no long or short side to choose."""
    if params.optional_text("positionSide") not in (None, "BOTH"):
        raise refusals.position_side_mismatch()


def new_client_id(params: Params, name: str) -> str:
    return params.optional_text(name) or secrets.token_urlsafe(16)


@dataclass(frozen=True, slots=True)
class _Named:
    """An order by its id or by its client's."""

    order_id: int | None
    client_id: str | None

    @classmethod
    def in_(cls, params: Params) -> _Named:
        named = cls(params.optional_integer("orderId"), params.optional_text("origClientOrderId"))
        if named.order_id is None and named.client_id is None:
            raise refusals.missing("orderId")
        return named


def _request(call: Call, params: Params) -> OrderRequest:
    symbol = params.text("symbol")
    if symbol not in call.venue.account.rules:
        raise refusals.bad_symbol()
    check_one_way(params)
    if params.text("type") in _ELSEWHERE:
        raise refusals.wrong_endpoint()
    type_ = params.choice("type", OrderType, refusals.bad_order_type())
    side = params.choice("side", Side, Refusal(-1117, "Invalid side."))
    quantity = params.decimal("quantity")
    request = OrderRequest(
        symbol=symbol,
        side=side,
        type=type_,
        quantity=quantity,
        client_id=new_client_id(params, "newClientOrderId"),
        reduce_only=params.flag("reduceOnly"),
    )
    return _with_limit(request, params) if type_ is OrderType.LIMIT else _without_limit(request, params)


def _with_limit(request: OrderRequest, params: Params) -> OrderRequest:
    matched = params.optional_text("priceMatch") or "NONE"
    price = params.decimal("price") if matched == "NONE" else None
    return replace(request, price=price, price_match=matched, time_in_force=time_in_force(params))


def _without_limit(request: OrderRequest, params: Params) -> OrderRequest:
    for name in ("price", "timeInForce"):
        if name in params:
            raise refusals.not_needed(name)
    return request


def time_in_force(params: Params) -> TimeInForce:
    return params.choice("timeInForce", TimeInForce, Refusal(-1115, "Invalid timeInForce."))


async def _placed(call: Call, params: Params) -> wire.Json:
    changes = await call.venue.apply(PlaceOrder(call.now_ms, _request(call, params)))
    kept = changes.orders[changes.subject]
    return wire.order(call.rules(kept.symbol), kept, with_time=False)


async def _amended(call: Call, params: Params) -> wire.Json:
    kept = _open(call, params.text("symbol"), _Named.in_(params))
    if kept is None:
        raise refusals.unknown_order()
    if kept.type is not OrderType.LIMIT:
        raise refusals.bad_order_type()
    event = AmendOrder(call.now_ms, kept.order_id, params.decimal("quantity"), _amend_price(params, kept))
    changes = await call.venue.apply(event)
    return wire.order(call.rules(kept.symbol), changes.orders[kept.order_id], with_time=False)


def _amend_price(params: Params, kept: Order) -> Decimal:
    if params.choice("side", Side) is not kept.side:
        raise refusals.bad_value("side")
    return params.decimal("price")


async def _cancelled(call: Call, named: _Named) -> wire.Json:
    kept = _open(call, call.symbol(), named)
    if kept is None:
        raise refusals.unknown_order_to_cancel()
    changes = await call.venue.apply(CancelOrder(call.now_ms, kept.order_id))
    return wire.order(call.rules(kept.symbol), changes.orders[kept.order_id], with_time=False)


def _open(call: Call, symbol: str, named: _Named) -> Order | None:
    account = call.venue.account
    order_id = named.order_id
    if order_id is None:
        order_id = account.orders_by_client.get(named.client_id or "")
    kept = account.orders.get(order_id or 0)
    return kept if kept is not None and kept.symbol == symbol else None


def _known(call: Call, named: _Named) -> Order | None:
    symbol, history = call.symbol(), call.venue.history
    if named.order_id is not None:
        return history.order(symbol, named.order_id)
    return history.order_of_client(symbol, named.client_id or "")


async def _each(items: list[Any], act: Callable[[Any], Awaitable[wire.Json]]) -> list[wire.Json]:
    """Do each by itself: one refusal does not stop the rest."""
    answers: list[wire.Json] = []
    for item in items:
        try:
            answers.append(await act(item))
        except Refusal as refusal:
            answers.append({"code": refusal.code, "msg": refusal.message})
    return answers


def _list_of(params: Params, *names: str) -> list[Any]:
    return next((_json_list(params, name) for name in names if name in params), [])


def _json_list(params: Params, name: str) -> list[Any]:
    try:
        rows = orjson.loads(params.text(name))
    except orjson.JSONDecodeError as error:
        raise refusals.bad_value(name) from error
    if not isinstance(rows, list):
        raise refusals.bad_value(name)
    return rows


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _orders_in_batch(params: Params) -> int:
    return len(_json_list(params, "batchOrders"))


def _one_or_all(params: Params) -> int:
    return 1 if "symbol" in params else 40


def _forced_weight(params: Params) -> int:
    return 20 if "symbol" in params else 50


ENDPOINTS = (
    Endpoint("POST", "/fapi/v1/order", place, Guard.SIGNED, weight=0, orders=1),
    Endpoint("PUT", "/fapi/v1/order", amend, Guard.SIGNED, weight=0, orders=1),
    Endpoint("DELETE", "/fapi/v1/order", cancel, Guard.SIGNED),
    Endpoint("GET", "/fapi/v1/order", look_up, Guard.SIGNED),
    Endpoint("POST", "/fapi/v1/batchOrders", place_batch, Guard.SIGNED, weight=5, orders=_orders_in_batch),
    Endpoint("PUT", "/fapi/v1/batchOrders", amend_batch, Guard.SIGNED, weight=5, orders=_orders_in_batch),
    Endpoint("DELETE", "/fapi/v1/batchOrders", cancel_batch, Guard.SIGNED),
    Endpoint("DELETE", "/fapi/v1/allOpenOrders", cancel_all, Guard.SIGNED),
    Endpoint("POST", "/fapi/v1/countdownCancelAll", countdown, Guard.SIGNED, weight=10),
    Endpoint("GET", "/fapi/v1/openOrder", look_up_open, Guard.SIGNED),
    Endpoint("GET", "/fapi/v1/openOrders", list_open, Guard.SIGNED, weight=_one_or_all),
    Endpoint("GET", "/fapi/v1/allOrders", list_all, Guard.SIGNED, weight=5),
    Endpoint("GET", "/fapi/v1/forceOrders", list_forced, Guard.SIGNED, weight=_forced_weight),
    Endpoint("GET", "/fapi/v1/userTrades", list_fills, Guard.SIGNED, weight=5),
)
