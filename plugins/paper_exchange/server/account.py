"""The account: balances, positions, margin settings, incomes, and keys of the user stream."""

from __future__ import annotations

from collections.abc import Iterable

from plugins.paper_exchange.core import refusals
from plugins.paper_exchange.core.events import SetLeverage
from plugins.paper_exchange.core.positions import Position
from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.ledger.history import Window
from plugins.paper_exchange.server import wire
from plugins.paper_exchange.server.call import Answer, Call, Endpoint, Guard


async def document_v3(call: Call) -> Answer:
    account = call.venue.account
    fee = call.venue.economics.taker_fee
    return {
        **wire.totals(account),
        "assets": [wire.asset(account, call.now_ms)],
        "positions": [wire.account_position(account, held, fee) for held in _in_use(call)],
    }


async def document_v2(call: Call) -> Answer:
    account, fee = call.venue.account, call.venue.economics.taker_fee
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": False,
        "canWithdraw": False,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
        "updateTime": 0,
        **wire.totals(account),
        "assets": [wire.asset(account, call.now_ms)],
        "positions": [wire.account_position_v2(account, held, fee) for held in _every(call)],
    }


async def balance(call: Call) -> Answer:
    return [wire.balance(call.venue.account, call.now_ms)]


async def position_risk_v3(call: Call) -> Answer:
    account, fee = call.venue.account, call.venue.economics.taker_fee
    return [wire.position(account, held, fee) for held in _wanted(call, _in_use(call))]


async def position_risk_v2(call: Call) -> Answer:
    account, fee = call.venue.account, call.venue.economics.taker_fee
    return [wire.position_v2(account, held, fee) for held in _wanted(call, _every(call))]


async def leverage_bracket(call: Call) -> Answer:
    only = call.optional_symbol()
    brackets = call.venue.account.brackets
    rows = [
        {
            "symbol": symbol,
            "notionalCoef": 1.0,
            "brackets": [wire.bracket(number, one) for number, one in enumerate(brackets[symbol], start=1)],
        }
        for symbol in call.venue.account.rules
        if only in (None, symbol)
    ]
    return rows if only is None else rows[0]


async def symbol_config(call: Call) -> Answer:
    only, account = call.optional_symbol(), call.venue.account
    return [
        {
            "symbol": symbol,
            "marginType": "CROSSED",
            "isAutoAddMargin": False,
            "leverage": account.leverage[symbol],
            "maxNotionalValue": wire.notional_limit(account, symbol),
        }
        for symbol in account.rules
        if only in (None, symbol)
    ]


async def set_leverage(call: Call) -> Answer:
    symbol, leverage = call.symbol(), call.params.integer("leverage")
    await call.venue.apply(SetLeverage(call.now_ms, symbol, leverage))
    return {"symbol": symbol, "leverage": leverage, "maxNotionalValue": wire.notional_limit(call.venue.account, symbol)}


async def set_margin_type(call: Call) -> Answer:
    """Margin is always crossed here: asking for that changes nothing, and isolated margin is not offered."""
    call.symbol()
    if call.params.text("marginType") == "CROSSED":
        raise Refusal(-4046, "No need to change margin type.")
    raise refusals.bad_value("marginType")


async def position_mode(_: Call) -> Answer:
    return {"dualSidePosition": False}


async def set_position_mode(call: Call) -> Answer:
    """The mode is always one-way here: asking for that changes nothing, and hedge mode is not offered."""
    if not call.params.flag("dualSidePosition"):
        raise Refusal(-4059, "No need to change position side.")
    raise refusals.bad_value("dualSidePosition")


async def adl_quantile(call: Call) -> Answer:
    """There is nobody to be deleveraged against: every position stands last in the queue."""
    rows = [
        {"symbol": held.symbol, "adlQuantile": {"LONG": 0, "SHORT": 0, "BOTH": 0}}
        for held in _wanted(call, call.venue.account.open_positions())
    ]
    return rows if call.optional_symbol() is None or not rows else rows[0]


async def commission_rate(call: Call) -> Answer:
    economics = call.venue.economics
    return {
        "symbol": call.symbol(),
        "makerCommissionRate": f"{economics.maker_fee:f}",
        "takerCommissionRate": f"{economics.taker_fee:f}",
    }


async def income(call: Call) -> Answer:
    params = call.params
    window = Window(
        limit=params.limit(100, 1000),
        start_ms=params.optional_integer("startTime"),
        end_ms=params.optional_integer("endTime"),
    )
    kind = params.optional_text("incomeType")
    return [wire.income(paid) for paid in call.venue.history.incomes(call.optional_symbol(), kind, window)]


async def take_listen_key(call: Call) -> Answer:
    return {"listenKey": call.listen_keys.take(call.wall_ms)}


async def renew_listen_key(call: Call) -> Answer:
    return {"listenKey": call.listen_keys.renew(call.wall_ms)}


async def drop_listen_key(call: Call) -> Answer:
    call.listen_keys.drop()
    return {}


def _in_use(call: Call) -> list[Position]:
    """Symbols with a position or open orders: all that the third version of these calls lists."""
    account = call.venue.account
    used = {held.symbol for held in account.open_positions()} | {o.symbol for o in account.orders.values()}
    return [account.position(symbol) for symbol in account.rules if symbol in used]


def _every(call: Call) -> list[Position]:
    return [call.venue.account.position(symbol) for symbol in call.venue.account.rules]


def _wanted(call: Call, rows: Iterable[Position]) -> list[Position]:
    only = call.optional_symbol()
    return [held for held in rows if only in (None, held.symbol)]


ENDPOINTS = (
    Endpoint("GET", "/fapi/v3/account", document_v3, Guard.SIGNED, weight=5),
    Endpoint("GET", "/fapi/v2/account", document_v2, Guard.SIGNED, weight=5),
    Endpoint("GET", "/fapi/v3/balance", balance, Guard.SIGNED, weight=5),
    Endpoint("GET", "/fapi/v2/balance", balance, Guard.SIGNED, weight=5),
    Endpoint("GET", "/fapi/v3/positionRisk", position_risk_v3, Guard.SIGNED, weight=5),
    Endpoint("GET", "/fapi/v2/positionRisk", position_risk_v2, Guard.SIGNED, weight=5),
    Endpoint("GET", "/fapi/v1/leverageBracket", leverage_bracket, Guard.SIGNED),
    Endpoint("GET", "/fapi/v1/symbolConfig", symbol_config, Guard.SIGNED, weight=5),
    Endpoint("POST", "/fapi/v1/leverage", set_leverage, Guard.SIGNED),
    Endpoint("POST", "/fapi/v1/marginType", set_margin_type, Guard.SIGNED),
    Endpoint("GET", "/fapi/v1/positionSide/dual", position_mode, Guard.SIGNED, weight=30),
    Endpoint("POST", "/fapi/v1/positionSide/dual", set_position_mode, Guard.SIGNED),
    Endpoint("GET", "/fapi/v1/adlQuantile", adl_quantile, Guard.SIGNED, weight=5),
    Endpoint("GET", "/fapi/v1/commissionRate", commission_rate, Guard.SIGNED, weight=20),
    Endpoint("GET", "/fapi/v1/income", income, Guard.SIGNED, weight=30),
    Endpoint("POST", "/fapi/v1/listenKey", take_listen_key, Guard.KEY),
    Endpoint("PUT", "/fapi/v1/listenKey", renew_listen_key, Guard.KEY),
    Endpoint("DELETE", "/fapi/v1/listenKey", drop_listen_key, Guard.KEY),
)
