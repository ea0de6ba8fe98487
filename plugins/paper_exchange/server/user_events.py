"""The user stream's events. `E` and `T` are market time, as in every message but those about the connection."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from plugins.paper_exchange.core.account import Account
from plugins.paper_exchange.core.messages import (
    AccountUpdate,
    AlgoUpdate,
    LeverageUpdate,
    MarginCall,
    Message,
    OrderUpdate,
)
from plugins.paper_exchange.server.wire import Json, fixed, money


def event(account: Account, message: Message) -> Json:
    match message:
        case OrderUpdate():
            return _order_event(account, message)
        case AlgoUpdate():
            return _algo_event(account, message)
        case AccountUpdate():
            return _account_event(account, message)
        case LeverageUpdate():
            changed = {"s": message.symbol, "l": message.leverage}
            return {"e": "ACCOUNT_CONFIG_UPDATE", "E": message.at_ms, "T": message.at_ms, "ac": changed}
        case MarginCall():
            return _margin_call(account, message)
        case _:
            assert_never(message)


def _order_event(account: Account, message: OrderUpdate) -> Json:
    order, fill = message.order, message.fill
    rules = account.rules[order.symbol]
    prices, amounts = rules.price_precision, rules.quantity_precision
    zero = Decimal(0)
    body: Json = {
        "s": order.symbol,
        "c": order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": fixed(order.quantity, amounts),
        "p": fixed(order.price, prices),
        "ap": fixed(order.average_price, max(prices, 5)),
        "sp": fixed(order.stop_price, prices),
        "x": message.execution,
        "X": order.status,
        "i": order.order_id,
        "l": fixed(fill.quantity if fill else zero, amounts),
        "z": fixed(order.executed, amounts),
        "L": fixed(fill.price if fill else zero, prices),
        "T": order.updated_ms,
        "t": fill.trade_id if fill else 0,
        "b": "0",
        "a": "0",
        "m": fill.maker if fill else False,
        "R": order.reduce_only,
        "wt": order.working_type,
        "ot": order.origin_type,
        "ps": "BOTH",
        "cp": order.close_position,
        "rp": money(fill.realized) if fill else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "NONE",
        "pm": order.price_match,
        "gtd": 0,
    }
    if fill:
        body |= {"N": "USDT", "n": money(fill.commission)}
    return {"e": "ORDER_TRADE_UPDATE", "E": order.updated_ms, "T": order.updated_ms, "o": body}


def _algo_event(account: Account, message: AlgoUpdate) -> Json:
    algo = message.algo
    rules = account.rules[algo.symbol]
    prices, amounts = rules.price_precision, rules.quantity_precision
    body: Json = {
        "caid": algo.client_id,
        "aid": algo.algo_id,
        "at": "CONDITIONAL",
        "o": algo.type,
        "s": algo.symbol,
        "S": algo.side,
        "ps": "BOTH",
        "f": algo.time_in_force,
        "q": fixed(algo.quantity, amounts),
        "X": algo.status,
        "ai": str(algo.order_id or ""),
        "tp": fixed(algo.trigger_price, prices),
        "p": fixed(algo.price, prices),
        "V": "EXPIRE_MAKER",
        "wt": algo.working_type,
        "pm": algo.price_match,
        "cp": algo.close_position,
        "pP": algo.price_protect,
        "R": algo.reduce_only,
        "tt": algo.triggered_ms,
        "gtd": 0,
        "rm": algo.reason,
    }
    if algo.order_id is not None:
        engine_type = "MARKET" if algo.type.is_market else "LIMIT"
        body |= {"ap": fixed(algo.average_price, 5), "aq": fixed(algo.executed, amounts), "act": engine_type}
    return {"e": "ALGO_UPDATE", "E": algo.updated_ms, "T": algo.updated_ms, "o": body}


def _account_event(account: Account, message: AccountUpdate) -> Json:
    balance = {
        "a": "USDT",
        "wb": money(message.wallet),
        "cw": money(message.wallet),
        "bc": "0" if message.position else money(message.delta),
    }
    held = message.position
    positions = []
    if held is not None:
        row = {
            "s": held.symbol,
            "pa": fixed(held.quantity, account.rules[held.symbol].quantity_precision),
            "ep": money(held.entry_price),
            "bep": money(held.entry_price),
            "cr": money(held.realized),
            "up": money(message.unrealized),
            "mt": "cross",
            "iw": "0",
            "ps": "BOTH",
            "ma": "USDT",
        }
        positions.append(row)
    data = {"m": message.reason, "B": [balance], "P": positions}
    return {"e": "ACCOUNT_UPDATE", "E": message.at_ms, "T": message.at_ms, "a": data}


def _margin_call(account: Account, message: MarginCall) -> Json:
    rows = [
        {
            "s": called.position.symbol,
            "ps": "BOTH",
            "pa": fixed(called.position.quantity, account.rules[called.position.symbol].quantity_precision),
            "mt": "CROSSED",
            "iw": "0",
            "mp": money(called.mark),
            "up": money(called.unrealized),
            "mm": money(called.maintenance),
        }
        for called in message.positions
    ]
    return {"e": "MARGIN_CALL", "E": message.at_ms, "cw": money(message.wallet), "p": rows}
