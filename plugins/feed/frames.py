"""The venue's market data as our types: what a websocket frame or a klines row says, checked."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from plugins.domain import Candle, Mark, at_market_ms, candle_of
from qtcore import QtError

ALL_MARKS = "!markPrice@arr@1s"
MARK_EVENT = "markPriceUpdate"
HOUR_MS = 3_600_000
_KLINE_FIGURES = ("o", "h", "l", "c", "v")


class BadFrame(QtError):
    """The venue sent something that cannot be what it says it is; it was not used."""


def kline_stream(symbol: str, interval: str) -> str:
    """The name of a symbol's candle stream."""
    return f"{symbol.lower()}@kline_{interval}"


def closed_candle(message: Mapping[str, Any], interval_s: int, received_ns: int) -> Candle | None:
    """The candle of a kline event, None while it is still forming. Raises BadFrame."""
    try:
        kline = message["k"]
        if not kline["x"]:
            return None
        figures = [kline[name] for name in _KLINE_FIGURES]
        candle = candle_of(str(message["s"]), interval_s, int(kline["t"]), figures, received_ns=received_ns)
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadFrame(f"a kline event is not complete: {type(error).__name__} {error}") from error
    return _plausible(candle)


def candles_of_klines(symbol: str, interval_s: int, rows: Iterable[Sequence[Any]]) -> list[Candle]:
    """Candles of a klines answer, oldest first. Raises BadFrame."""
    try:
        return [_plausible(candle_of(symbol, interval_s, int(row[0]), row[1:6])) for row in rows]
    except (IndexError, TypeError, ValueError, InvalidOperation) as error:
        raise BadFrame(f"the klines of {symbol} are not complete: {type(error).__name__} {error}") from error


def marks_of(events: Iterable[Mapping[str, Any]], followed: Container[str]) -> list[Mark]:
    """Mark prices of the followed symbols. Raises BadFrame."""
    try:
        return [_mark(event) for event in events if event["e"] == MARK_EVENT and event["s"] in followed]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadFrame(f"a mark price event is not complete: {type(error).__name__} {error}") from error


def marks_of_premiums(rows: Iterable[Mapping[str, Any]], followed: Container[str]) -> list[Mark]:
    """Mark prices of a premium index answer. Raises BadFrame."""
    names = {"s": "symbol", "p": "markPrice", "r": "lastFundingRate", "T": "nextFundingTime", "E": "time"}
    try:
        told = [{short: row[name] for short, name in names.items()} for row in rows if row["symbol"] in followed]
        return [_mark(event) for event in told]
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise BadFrame(f"a premium index is not complete: {type(error).__name__} {error}") from error


def settlements_of(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str], float]:
    """Funding that was settled: rates by time (ms, to the hour, for the venue is some ms late) and symbol.

    Raises BadFrame.
    """
    try:
        return {
            (int(row["fundingTime"]) // HOUR_MS * HOUR_MS, str(row["symbol"])): float(row["fundingRate"])
            for row in rows
        }
    except (KeyError, TypeError, ValueError) as error:
        raise BadFrame(f"the funding rates are not complete: {type(error).__name__} {error}") from error


def _mark(event: Mapping[str, Any]) -> Mark:
    next_funding_ms = int(event["T"])
    return Mark(
        symbol=event["s"],
        price=_positive(Decimal(event["p"]), event["s"]),
        funding_rate=Decimal(event["r"] or 0),
        next_funding_at=at_market_ms(next_funding_ms) if next_funding_ms else None,
        at=at_market_ms(int(event["E"])),
    )


def _plausible(candle: Candle) -> Candle:
    """The candle, if it can be one. Raises BadFrame; a wrong price is worse than none."""
    figures = (candle.open, candle.high, candle.low, candle.close, candle.volume)
    if not (all(map(Decimal.is_finite, figures)) and candle.low > 0 and candle.volume >= 0 and _ordered(candle)):
        raise BadFrame(
            f"{candle.symbol} {candle.opened_at:%H:%M}: open {candle.open}, high {candle.high}, low {candle.low}, "
            f"close {candle.close}, volume {candle.volume} is no candle"
        )
    return candle


def _ordered(candle: Candle) -> bool:
    return candle.low <= min(candle.open, candle.close) and max(candle.open, candle.close) <= candle.high


def _positive(price: Decimal, symbol: str) -> Decimal:
    if not (price.is_finite() and price > 0):
        raise BadFrame(f"{symbol}: {price} is no price")
    return price
