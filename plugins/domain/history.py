"""Closed candles in a row: how they travel in bulk, and whether one follows another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from plugins.domain.market import Candle

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Succession(StrEnum):
    """Where a candle stands behind the last one of its symbol."""

    NEXT = "next"
    OLD = "old"
    GAP = "gap"


def succession(last: Candle | None, candle: Candle) -> Succession:
    """Whether `candle` is the one after `last`, an old one, or one behind a hole. The first of all is NEXT."""
    if last is None or candle.opened_at == last.closed_at:
        return Succession.NEXT
    return Succession.OLD if candle.opened_at < last.closed_at else Succession.GAP


def market_ms(at: datetime) -> int:
    """Milliseconds since the Unix epoch."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def at_market_ms(ms: int) -> datetime:
    """The aware UTC time of milliseconds since the Unix epoch."""
    return _EPOCH + timedelta(milliseconds=ms)


def history_of(symbol: str, interval_s: int, candles: Sequence[Candle]) -> dict[str, Any]:
    """Closed candles of one symbol, oldest first, as the answer of `feed.history`."""
    rows = [
        [market_ms(c.opened_at), str(c.open), str(c.high), str(c.low), str(c.close), str(c.volume)] for c in candles
    ]
    return {"symbol": symbol, "interval_s": interval_s, "candles": rows}


def candles_of(history: Mapping[str, Any]) -> list[Candle]:
    """What `history_of` made into plain data. Raises KeyError or ValueError for anything else."""
    symbol, interval_s = str(history["symbol"]), int(history["interval_s"])
    return [candle_of(symbol, interval_s, opened, figures) for opened, *figures in history["candles"]]


def candle_of(symbol: str, interval_s: int, opened_ms: int, figures: Sequence[str], *, received_ns: int = 0) -> Candle:
    """A closed candle from open, high, low, close and volume; it closes when the next one opens.

    Raises ValueError or decimal.InvalidOperation for other figures.
    """
    open_, high, low, close, volume = map(Decimal, figures)
    opened = at_market_ms(opened_ms)
    return Candle(
        symbol=symbol,
        interval_s=interval_s,
        opened_at=opened,
        closed_at=opened + timedelta(seconds=interval_s),
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
        received_ns=received_ns,
    )
