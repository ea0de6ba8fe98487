"""The market, for anybody: rules, candles, prices, book, funding."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import orjson

from plugins.paper_exchange.core import refusals
from plugins.paper_exchange.core.account import Price
from plugins.paper_exchange.core.kinds import Side
from plugins.paper_exchange.core.ladder import Ladder
from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.market.source import Step
from plugins.paper_exchange.play.candles import KEPT_CANDLES, Candle, candle_of_step, merged
from plugins.paper_exchange.play.funding import DEFAULT_INTERVAL_MS, HOUR_MS
from plugins.paper_exchange.server import market_wire, wire
from plugins.paper_exchange.server.call import Answer, Call, Endpoint, Guard
from plugins.paper_exchange.server.params import Params
from plugins.paper_exchange.server.wire import Json
from plugins.paper_exchange.venue import Venue

DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
DAY_MS = 24 * HOUR_MS
DAY_INTERVAL = "15m"
"""The 24 h statistics move on in quarter hours."""


async def ping(_: Call) -> Answer:
    return {}


async def server_time(call: Call) -> Answer:
    """Real time: it is what timestamps of requests are compared with."""
    return {"serverTime": call.wall_ms}


async def exchange_info(call: Call) -> Answer:
    account = call.venue.account
    rows = [(account.rules[symbol], account.quirks.status_of(symbol)) for symbol in call.listed()]
    return market_wire.exchange_info(rows, call.venue.economics, call.limits, call.wall_ms)


async def klines(call: Call) -> Answer:
    symbol, rules = call.symbol(), call.rules(call.symbol())
    candles = await _window(call, symbol)
    return b"[" + b",".join(orjson.dumps(market_wire.kline_row(rules, candle)) for candle in candles) + b"]"


async def mark_klines(call: Call) -> Answer:
    """Candles of the mark price. The mark follows the last price within one trade, so they are those of the price,
    without volume."""
    symbol, rules = call.symbol(), call.rules(call.symbol())
    zero = Decimal(0)
    candles = [replace(candle, volume=zero, quote=zero) for candle in await _window(call, symbol)]
    return [market_wire.kline_row(rules, candle) for candle in candles]


async def tickers_24h(call: Call) -> Answer:
    rows = [await day_ticker(call.venue, symbol) for symbol in _asked(call)]
    return rows[0] if "symbol" in call.params else rows


async def price_tickers(call: Call) -> Answer:
    rows = [
        {
            "symbol": symbol,
            "price": wire.fixed(told(call.venue, symbol)[0].last, call.rules(symbol).price_precision),
            "time": told(call.venue, symbol)[1],
        }
        for symbol in _asked(call)
    ]
    return rows[0] if "symbol" in call.params else rows


async def book_tickers(call: Call) -> Answer:
    rows = [
        market_wire.book_ticker(ladder_of(call.venue, symbol), told(call.venue, symbol)[0].at_ms)
        for symbol in _asked(call)
    ]
    return rows[0] if "symbol" in call.params else rows


async def depth(call: Call) -> Answer:
    symbol = call.symbol()
    limit = call.params.limit(500, 1000)
    if limit not in DEPTHS:
        raise refusals.bad_value("limit")
    ladder = ladder_of(call.venue, symbol)
    return {
        "lastUpdateId": call.venue.account.prices[symbol].at_ms,
        "E": call.now_ms,
        "T": call.now_ms,
        "bids": market_wire.book_side(ladder, Side.SELL, limit),
        "asks": market_wire.book_side(ladder, Side.BUY, limit),
    }


async def agg_trades(call: Call) -> Answer:
    symbol, params = call.symbol(), call.params
    limit = params.limit(500, 1000)
    start = params.optional_integer("startTime") or 0
    end = params.optional_integer("endTime") or call.now_ms
    steps = list(_steps(call.venue, symbol, end, limit + 1))
    previous = [steps[0], *steps]
    rows = [
        market_wire.agg_trade(call.rules(symbol), step, before.price)
        for before, step in zip(previous, steps, strict=False)
        if step.at_ms >= start
    ]
    return rows[-limit:]


async def premium_index(call: Call) -> Answer:
    rows = [premium_row(call.venue, symbol) for symbol in _asked(call)]
    return rows[0] if "symbol" in call.params else rows


async def funding_info(call: Call) -> Answer:
    """Only symbols whose interval is not the usual eight hours, as on the venue."""
    hours = {s: call.venue.schedule.outlook(s, call.now_ms).interval_ms for s in call.listed()}
    return [
        {
            "symbol": symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": interval_ms // HOUR_MS,
            "disclaimer": False,
        }
        for symbol, interval_ms in hours.items()
        if interval_ms != DEFAULT_INTERVAL_MS
    ]


async def funding_rates(call: Call) -> Answer:
    params, now_ms = call.params, call.now_ms
    limit = params.limit(100, 1000)
    end = min(params.optional_integer("endTime") or now_ms, now_ms)
    start = params.optional_integer("startTime")
    rows: list[Json] = [
        {"symbol": symbol, "fundingTime": at_ms, "fundingRate": wire.money(rate), "markPrice": ""}
        for symbol in _asked(call)
        for at_ms, rate in call.venue.schedule.between(symbol, start or end - limit * DEFAULT_INTERVAL_MS, end + 1)
    ]
    rows.sort(key=lambda row: row["fundingTime"])
    return rows[:limit] if start else rows[-limit:]


def told(venue: Venue, symbol: str) -> tuple[Price, int]:
    """The price of a symbol as it is told, and the market time that goes with it."""
    still = venue.account.quirks.still.get(symbol)
    if still is None:
        return venue.account.prices[symbol], venue.now_ms()
    return Price(still.last, still.previous, still.at_ms), still.at_ms


def ladder_of(venue: Venue, symbol: str) -> Ladder:
    return Ladder(told(venue, symbol)[0].last, venue.account.rules[symbol], venue.economics)


def premium_row(venue: Venue, symbol: str) -> Json:
    price, now_ms = told(venue, symbol)
    ahead = venue.schedule.outlook(symbol, now_ms)
    return market_wire.premium_index(symbol, price, ahead.rate, ahead.next_ms, now_ms)


async def day_ticker(venue: Venue, symbol: str) -> Json:
    """The last 24 hours, from quarter-hour candles."""
    series = await venue.candles.series(symbol, DAY_INTERVAL)
    price, now_ms = told(venue, symbol)
    recent = [candle for candle in series.closed if candle.end_ms > now_ms - DAY_MS]
    forming = venue.candles.forming(symbol, DAY_INTERVAL)
    if forming is not None:
        recent.append(forming)
    now = Step(symbol, now_ms, price.last, Decimal(0))
    day = merged(recent or [candle_of_step(now, now_ms, now_ms)])
    return market_wire.ticker(venue.account.rules[symbol], price, replace(day, end_ms=now_ms), now_ms)


async def _window(call: Call, symbol: str) -> list[Candle]:
    """The candles that a klines request asks for: the newest, or those from `startTime` on."""
    params, interval = call.params, call.params.text("interval")
    if not call.venue.candles.offers(interval):
        raise Refusal(-1120, "Invalid interval.")
    limit = params.limit(500, KEPT_CANDLES)
    start, end = params.optional_integer("startTime"), params.optional_integer("endTime")
    series = await call.venue.candles.series(symbol, interval)
    candles = list(series.closed)
    forming = call.venue.candles.forming(symbol, interval)
    if forming is not None:
        candles.append(forming)
    if (still := call.venue.account.quirks.still.get(symbol)) is not None:
        candles = [candle for candle in candles if candle.end_ms <= still.at_ms]
    if start is not None and candles and start < candles[0].open_ms:
        first_ms = candles[0].open_ms
        candles = await call.venue.candles.older(symbol, interval, start, first_ms, limit) + candles
    wanted = [c for c in candles if (start is None or c.open_ms >= start) and (end is None or c.open_ms <= end)]
    return wanted[:limit] if start is not None else wanted[-limit:]


def _steps(venue: Venue, symbol: str, end_ms: int, count: int) -> list[Step]:
    """The newest trades up to a time: those of the present bar that were played, and of bars before it.

    A bar has four trades, so a quarter as many bars are enough but for bars without any.
    """
    now = [s for m in venue.timeline.played() for s, _ in m.steps if s.symbol == symbol and s.at_ms <= end_ms]
    before_ms = min(venue.timeline.bar_open_ms, end_ms + 1)
    bars = venue.source.history(symbol, before_ms, count // 2 + 1)
    past = [s for bar in bars for s in venue.source.path(bar, symbol) if s.at_ms <= end_ms]
    return (past + now)[-count:]


def _asked(call: Call) -> list[str]:
    symbol = call.optional_symbol()
    return call.listed() if symbol is None else [symbol]


def _klines_weight(params: Params) -> int:
    limit = params.optional_integer("limit") or 500
    return next(weight for most, weight in ((99, 1), (499, 2), (1000, 5), (10**9, 10)) if limit <= most)


def _depth_weight(params: Params) -> int:
    limit = params.optional_integer("limit") or 500
    return next(weight for most, weight in ((50, 2), (100, 5), (500, 10), (10**9, 20)) if limit <= most)


def _day_weight(params: Params) -> int:
    return 1 if "symbol" in params else 40


def _book_weight(params: Params) -> int:
    return 2 if "symbol" in params else 5


async def nothing(_: Call) -> Answer:
    """The client asks the spot side for coins and pairs when it has keys; this venue has none."""
    return []


async def system_status(_: Call) -> Answer:
    return {"status": 0, "msg": "normal"}


ENDPOINTS = (
    Endpoint("GET", "/fapi/v1/ping", ping),
    Endpoint("GET", "/fapi/v1/time", server_time),
    Endpoint("GET", "/sapi/v1/system/status", system_status),
    Endpoint("GET", "/sapi/v1/capital/config/getall", nothing, Guard.SIGNED),
    Endpoint("GET", "/sapi/v1/margin/allPairs", nothing, Guard.SIGNED),
    Endpoint("GET", "/fapi/v1/exchangeInfo", exchange_info),
    Endpoint("GET", "/fapi/v1/klines", klines, weight=_klines_weight),
    Endpoint("GET", "/fapi/v1/markPriceKlines", mark_klines, weight=_klines_weight),
    Endpoint("GET", "/fapi/v1/ticker/24hr", tickers_24h, weight=_day_weight),
    Endpoint("GET", "/fapi/v1/ticker/price", price_tickers, weight=_book_weight),
    Endpoint("GET", "/fapi/v2/ticker/price", price_tickers, weight=_book_weight),
    Endpoint("GET", "/fapi/v1/ticker/bookTicker", book_tickers, weight=_book_weight),
    Endpoint("GET", "/fapi/v1/depth", depth, weight=_depth_weight),
    Endpoint("GET", "/fapi/v1/aggTrades", agg_trades, weight=20),
    Endpoint("GET", "/fapi/v1/premiumIndex", premium_index),
    Endpoint("GET", "/fapi/v1/fundingInfo", funding_info, weight=0),
    Endpoint("GET", "/fapi/v1/fundingRate", funding_rates),
)
