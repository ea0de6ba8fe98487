"""The venue's JSON for the market: rules, candles, tickers, book and funding, for REST and for streams."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import islice

from plugins.paper_exchange.core.account import Price
from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.core.filters import max_price
from plugins.paper_exchange.core.kinds import Side
from plugins.paper_exchange.core.ladder import Ladder
from plugins.paper_exchange.core.orders import Order
from plugins.paper_exchange.core.quirks import SymbolStatus
from plugins.paper_exchange.market.source import Step, SymbolRules
from plugins.paper_exchange.play.candles import Candle
from plugins.paper_exchange.server.limits import LimitSettings
from plugins.paper_exchange.server.wire import Json, fixed, money

BOOK_DEPTH = 20
"""Levels a side that are shown, so that a stream of changes need not carry the whole ladder."""

ONBOARD_MS = 1_569_398_400_000
DELIVERY_MS = 4_133_404_800_000
"""A perpetual contract's delivery date: the year 2100."""


def exchange_info(
    listed: Iterable[tuple[SymbolRules, SymbolStatus]], economics: Economics, limits: LimitSettings, wall_ms: int
) -> Json:
    minute = {"interval": "MINUTE", "intervalNum": 1}
    return {
        "timezone": "UTC",
        "serverTime": wall_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", **minute, "limit": limits.weight_1m},
            {"rateLimitType": "ORDERS", **minute, "limit": limits.orders_1m},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": limits.orders_10s},
        ],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-100"}],
        "symbols": [_symbol(rules, status, economics) for rules, status in listed],
    }


def _symbol(rules: SymbolRules, status: SymbolStatus, economics: Economics) -> Json:
    return {
        "symbol": rules.symbol,
        "pair": rules.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": DELIVERY_MS,
        "onboardDate": ONBOARD_MS,
        "status": status,
        "maintMarginPercent": f"{rules.maintenance_margin_rate * 100:.4f}",
        "requiredMarginPercent": f"{Decimal(100) / rules.max_leverage:.4f}",
        "baseAsset": rules.base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": rules.price_precision,
        "quantityPrecision": rules.quantity_precision,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": f"{economics.trigger_protect:.4f}",
        "liquidationFee": f"{economics.liquidation_fee:.6f}",
        "marketTakeBound": f"{economics.market_bound:.2f}",
        "maxMoveOrderLimit": 10000,
        "filters": _filters(rules, economics),
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def _filters(rules: SymbolRules, economics: Economics) -> list[Json]:
    tick, step, least = f"{rules.tick_size:f}", f"{rules.step_size:f}", f"{rules.min_quantity:f}"
    lot = {"minQty": least, "stepSize": step}
    band = economics.price_band
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": f"{max_price(rules):f}", "tickSize": tick},
        {"filterType": "LOT_SIZE", "maxQty": f"{rules.max_quantity:f}", **lot},
        {"filterType": "MARKET_LOT_SIZE", "maxQty": f"{rules.market_max_quantity:f}", **lot},
        {"filterType": "MAX_NUM_ORDERS", "limit": 10_000},
        {"filterType": "MIN_NOTIONAL", "notional": f"{rules.min_notional:f}"},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": f"{1 + band:.4f}",
            "multiplierDown": f"{1 - band:.4f}",
            "multiplierDecimal": "4",
        },
    ]


def trade_ids(candle: Candle) -> tuple[int, int]:
    """First and last trade id of a candle. A trade's id is its time: one a millisecond and symbol."""
    return candle.open_ms, candle.end_ms - 1


def kline_row(rules: SymbolRules, candle: Candle) -> list[str | int]:
    prices, amounts = rules.price_precision, rules.quantity_precision
    return [
        candle.open_ms,
        fixed(candle.open, prices),
        fixed(candle.high, prices),
        fixed(candle.low, prices),
        fixed(candle.close, prices),
        fixed(candle.volume, amounts),
        candle.end_ms - 1,
        fixed(candle.quote, 5),
        candle.trades,
        fixed(candle.volume / 2, amounts),
        fixed(candle.quote / 2, 5),
        "0",
    ]


def kline_event(rules: SymbolRules, interval: str, candle: Candle, *, closed: bool, at_ms: int) -> Json:
    row, (first, last) = kline_row(rules, candle), trade_ids(candle)
    names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
    body: Json = dict(zip(names, row, strict=True)) | {
        "s": rules.symbol,
        "i": interval,
        "f": first,
        "L": last,
        "x": closed,
    }
    return {"e": "kline", "E": at_ms, "s": rules.symbol, "k": body}


def trade_event(rules: SymbolRules, step: Step, previous: Decimal) -> Json:
    return {
        "e": "trade",
        "E": step.at_ms,
        "T": step.at_ms,
        "s": rules.symbol,
        "t": step.at_ms,
        "p": fixed(step.price, rules.price_precision),
        "q": fixed(step.quantity, rules.quantity_precision),
        "X": "MARKET",
        "m": step.price < previous,
        "st": 1,
    }


def agg_trade(rules: SymbolRules, step: Step, previous: Decimal) -> Json:
    """A trade of the aggTrades list, and of the stream with its envelope."""
    return {
        "a": step.at_ms,
        "p": fixed(step.price, rules.price_precision),
        "q": fixed(step.quantity, rules.quantity_precision),
        "f": step.at_ms,
        "l": step.at_ms,
        "T": step.at_ms,
        "m": step.price < previous,
    }


def book_ticker(ladder: Ladder, at_ms: int) -> Json:
    rules = ladder.rules
    bid, ask = (next(iter(ladder.levels(side))) for side in (Side.SELL, Side.BUY))
    return {
        "symbol": rules.symbol,
        "bidPrice": fixed(bid.price, rules.price_precision),
        "bidQty": fixed(bid.quantity, rules.quantity_precision),
        "askPrice": fixed(ask.price, rules.price_precision),
        "askQty": fixed(ask.quantity, rules.quantity_precision),
        "time": at_ms,
        "lastUpdateId": at_ms,
    }


def book_side(ladder: Ladder, taker: Side, depth: int = BOOK_DEPTH) -> list[list[str]]:
    """The levels that a taker of this side would meet, as far as they are shown."""
    rules = ladder.rules
    return [
        [fixed(level.price, rules.price_precision), fixed(level.quantity, rules.quantity_precision)]
        for level in islice(ladder.levels(taker), min(depth, BOOK_DEPTH))
    ]


def ticker(rules: SymbolRules, price: Price, day: Candle, now_ms: int) -> Json:
    """The 24 h statistics; `day` is the last 24 hours as one candle."""
    prices, amounts = rules.price_precision, rules.quantity_precision
    change = price.last - day.open
    first, last = trade_ids(day)
    return {
        "symbol": rules.symbol,
        "priceChange": fixed(change, prices),
        "priceChangePercent": fixed(change / day.open * 100, 3),
        "weightedAvgPrice": fixed(day.quote / day.volume if day.volume else price.last, prices),
        "lastPrice": fixed(price.last, prices),
        "lastQty": fixed(rules.min_quantity, amounts),
        "openPrice": fixed(day.open, prices),
        "highPrice": fixed(max(day.high, price.last), prices),
        "lowPrice": fixed(min(day.low, price.last), prices),
        "volume": fixed(day.volume, amounts),
        "quoteVolume": fixed(day.quote, 2),
        "openTime": day.open_ms,
        "closeTime": now_ms,
        "firstId": first,
        "lastId": last,
        "count": day.trades,
    }


def mini_ticker_event(row: Json, at_ms: int) -> Json:
    return {
        "e": "24hrMiniTicker",
        "E": at_ms,
        "s": row["symbol"],
        "ps": row["symbol"],
        "c": row["lastPrice"],
        "o": row["openPrice"],
        "h": row["highPrice"],
        "l": row["lowPrice"],
        "v": row["volume"],
        "q": row["quoteVolume"],
        "st": 1,
    }


def premium_index(symbol: str, price: Price, rate: Decimal, next_ms: int, now_ms: int) -> Json:
    return {
        "symbol": symbol,
        "markPrice": money(price.mark),
        "indexPrice": money(price.mark),
        "estimatedSettlePrice": money(price.mark),
        "lastFundingRate": money(rate),
        "interestRate": "0.00010000",
        "nextFundingTime": next_ms,
        "time": now_ms,
    }


def force_order(rules: SymbolRules, order: Order) -> Json:
    """A liquidation as the market hears of it."""
    prices, amounts = rules.price_precision, rules.quantity_precision
    body = {
        "s": order.symbol,
        "S": order.side,
        "o": order.type,
        "f": order.time_in_force,
        "q": fixed(order.quantity, amounts),
        "p": fixed(order.price, prices),
        "ap": fixed(order.average_price, prices),
        "X": order.status,
        "l": fixed(order.executed, amounts),
        "z": fixed(order.executed, amounts),
        "T": order.updated_ms,
    }
    return {"e": "forceOrder", "E": order.updated_ms, "o": body}


def mark_event(row: Json) -> Json:
    return {
        "e": "markPriceUpdate",
        "E": row["time"],
        "s": row["symbol"],
        "p": row["markPrice"],
        "i": row["indexPrice"],
        "P": row["estimatedSettlePrice"],
        "r": row["lastFundingRate"],
        "T": row["nextFundingTime"],
    }
