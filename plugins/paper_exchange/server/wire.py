"""The venue's JSON for orders, trades, balances and positions: field names and digits as on the real wire."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from plugins.paper_exchange.core import margin
from plugins.paper_exchange.core.account import Account
from plugins.paper_exchange.core.orders import Algo, Fill, Income, Order
from plugins.paper_exchange.core.positions import Position
from plugins.paper_exchange.market.source import Bracket, SymbolRules

Json = dict[str, Any]


def fixed(value: Decimal, places: int) -> str:
    return f"{value:.{places}f}"


def money(value: Decimal) -> str:
    return f"{value:.8f}"


def notional_limit(account: Account, symbol: str) -> str:
    """The largest position at the symbol's present leverage."""
    return f"{margin.notional_limit(account, symbol):.0f}"


def bracket(number: int, one: Bracket) -> Json:
    """A row of leverageBracket; the venue writes these figures as numbers."""
    return {
        "bracket": number,
        "initialLeverage": one.leverage,
        "notionalCap": int(one.cap),
        "notionalFloor": int(one.floor),
        "maintMarginRatio": float(one.rate),
        "cum": float(one.amount),
    }


def order(rules: SymbolRules, kept: Order, *, with_time: bool = True) -> Json:
    prices, amounts = rules.price_precision, rules.quantity_precision
    shown: Json = {
        "orderId": kept.order_id,
        "symbol": kept.symbol,
        "status": kept.status,
        "clientOrderId": kept.client_id,
        "price": fixed(kept.price, prices),
        "avgPrice": fixed(kept.average_price, max(prices, 5)),
        "origQty": fixed(kept.quantity, amounts),
        "executedQty": fixed(kept.executed, amounts),
        "cumQty": fixed(kept.executed, amounts),
        "cumQuote": money(kept.quote),
        "timeInForce": kept.time_in_force,
        "type": kept.type,
        "reduceOnly": kept.reduce_only,
        "closePosition": kept.close_position,
        "side": kept.side,
        "positionSide": "BOTH",
        "stopPrice": fixed(kept.stop_price, prices),
        "workingType": kept.working_type,
        "priceProtect": False,
        "origType": kept.origin_type,
        "priceMatch": kept.price_match,
        "selfTradePreventionMode": "NONE",
        "goodTillDate": 0,
        "updateTime": kept.updated_ms,
    }
    return shown | {"time": kept.created_ms} if with_time else shown


def algo(rules: SymbolRules, kept: Algo) -> Json:
    prices, amounts = rules.price_precision, rules.quantity_precision
    return {
        "algoId": kept.algo_id,
        "clientAlgoId": kept.client_id,
        "algoType": "CONDITIONAL",
        "orderType": kept.type,
        "symbol": kept.symbol,
        "side": kept.side,
        "positionSide": "BOTH",
        "timeInForce": kept.time_in_force,
        "quantity": fixed(kept.quantity, amounts),
        "algoStatus": kept.status,
        "actualOrderId": str(kept.order_id or ""),
        "actualPrice": fixed(kept.average_price, 5),
        "actualQty": fixed(kept.executed, amounts),
        "triggerPrice": fixed(kept.trigger_price, prices),
        "price": fixed(kept.price, prices),
        "icebergQuantity": None,
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": kept.working_type,
        "priceMatch": kept.price_match,
        "closePosition": kept.close_position,
        "priceProtect": kept.price_protect,
        "reduceOnly": kept.reduce_only,
        "createTime": kept.created_ms,
        "updateTime": kept.updated_ms,
        "triggerTime": kept.triggered_ms,
        "goodTillDate": 0,
        "rejectReason": kept.reason,
    }


def fill(rules: SymbolRules, trade: Fill) -> Json:
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "side": trade.side,
        "price": fixed(trade.price, rules.price_precision),
        "qty": fixed(trade.quantity, rules.quantity_precision),
        "realizedPnl": money(trade.realized),
        "quoteQty": money(trade.quote),
        "commission": money(trade.commission),
        "commissionAsset": "USDT",
        "marginAsset": "USDT",
        "time": trade.at_ms,
        "positionSide": "BOTH",
        "buyer": trade.side == "BUY",
        "maker": trade.maker,
    }


def income(paid: Income) -> Json:
    return {
        "symbol": paid.symbol,
        "incomeType": paid.type,
        "income": money(paid.amount),
        "asset": "USDT",
        "info": str(paid.trade_id or paid.type),
        "time": paid.at_ms,
        "tranId": paid.income_id,
        "tradeId": str(paid.trade_id or ""),
    }


def position(account: Account, held: Position, taker_fee: Decimal) -> Json:
    """A row of positionRisk (v3). Break-even: the entry price and what a taker pays to get out."""
    rules, mark = account.rules[held.symbol], account.prices[held.symbol].mark
    initial = margin.initial_margin(account, held.symbol)
    alone = margin.position_margin(account, held.symbol)
    return {
        "symbol": held.symbol,
        "positionSide": "BOTH",
        "positionAmt": fixed(held.quantity, rules.quantity_precision),
        "entryPrice": _price(held.entry_price),
        "breakEvenPrice": _price(held.entry_price * (1 + taker_fee.copy_sign(held.quantity))),
        "markPrice": money(mark),
        "unRealizedProfit": money(held.unrealized(mark)),
        "liquidationPrice": money(margin.liquidation_price(account, held.symbol)),
        "isolatedMargin": "0",
        "notional": money(held.quantity * mark),
        "marginAsset": "USDT",
        "isolatedWallet": "0",
        "initialMargin": money(initial),
        "maintMargin": money(margin.maintenance_margin(account, held.symbol)),
        "positionInitialMargin": money(alone),
        "openOrderInitialMargin": money(initial - alone),
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": held.updated_ms,
    }


def position_v2(account: Account, held: Position, taker_fee: Decimal) -> Json:
    """A row of positionRisk (v2), which still carries leverage and margin type."""
    more = {
        "leverage": str(account.leverage[held.symbol]),
        "maxNotionalValue": notional_limit(account, held.symbol),
        "marginType": "cross",
        "isAutoAddMargin": "false",
    }
    return position(account, held, taker_fee) | more


def account_position(account: Account, held: Position, taker_fee: Decimal) -> Json:
    """A position in the account document (v3)."""
    row = position(account, held, taker_fee)
    kept = (
        "symbol",
        "positionSide",
        "positionAmt",
        "isolatedMargin",
        "notional",
        "isolatedWallet",
        "initialMargin",
        "maintMargin",
        "updateTime",
    )
    return {name: row[name] for name in kept} | {"unrealizedProfit": row["unRealizedProfit"]}


def account_position_v2(account: Account, held: Position, taker_fee: Decimal) -> Json:
    """A position in the account document (v2)."""
    row = position(account, held, taker_fee)
    more = {
        "leverage": str(account.leverage[held.symbol]),
        "isolated": False,
        "entryPrice": row["entryPrice"],
        "breakEvenPrice": row["breakEvenPrice"],
        "maxNotional": notional_limit(account, held.symbol),
        "positionInitialMargin": row["positionInitialMargin"],
        "openOrderInitialMargin": row["openOrderInitialMargin"],
        "bidNotional": "0",
        "askNotional": "0",
    }
    return account_position(account, held, taker_fee) | more


def totals(account: Account) -> dict[str, str]:
    """The account's sums, under the names of the account document."""
    initial = margin.total_initial_margin(account)
    held = sum((margin.position_margin(account, p.symbol) for p in account.open_positions()), Decimal(0))
    free = money(max(Decimal(0), margin.available(account)))
    unrealized = money(margin.unrealized(account))
    return {
        "totalInitialMargin": money(initial),
        "totalMaintMargin": money(margin.total_maintenance_margin(account)),
        "totalWalletBalance": money(account.wallet),
        "totalUnrealizedProfit": unrealized,
        "totalMarginBalance": money(margin.margin_balance(account)),
        "totalPositionInitialMargin": money(held),
        "totalOpenOrderInitialMargin": money(initial - held),
        "totalCrossWalletBalance": money(account.wallet),
        "totalCrossUnPnl": unrealized,
        "availableBalance": free,
        "maxWithdrawAmount": free,
    }


def asset(account: Account, at_ms: int) -> Json:
    """The USDT row of the account document."""
    sums = totals(account)
    return {
        "asset": "USDT",
        "walletBalance": sums["totalWalletBalance"],
        "unrealizedProfit": sums["totalUnrealizedProfit"],
        "marginBalance": sums["totalMarginBalance"],
        "maintMargin": sums["totalMaintMargin"],
        "initialMargin": sums["totalInitialMargin"],
        "positionInitialMargin": sums["totalPositionInitialMargin"],
        "openOrderInitialMargin": sums["totalOpenOrderInitialMargin"],
        "crossWalletBalance": sums["totalWalletBalance"],
        "crossUnPnl": sums["totalUnrealizedProfit"],
        "availableBalance": sums["availableBalance"],
        "maxWithdrawAmount": sums["maxWithdrawAmount"],
        "marginAvailable": True,
        "updateTime": at_ms,
    }


def balance(account: Account, at_ms: int) -> Json:
    """The USDT row of the balance list."""
    sums = totals(account)
    return {
        "accountAlias": "paper",
        "asset": "USDT",
        "balance": sums["totalWalletBalance"],
        "crossWalletBalance": sums["totalWalletBalance"],
        "crossUnPnl": sums["totalUnrealizedProfit"],
        "availableBalance": sums["availableBalance"],
        "maxWithdrawAmount": sums["maxWithdrawAmount"],
        "marginAvailable": True,
        "updateTime": at_ms,
    }


def _price(value: Decimal) -> str:
    return format(value.quantize(Decimal("1E-8")).normalize(), "f")
