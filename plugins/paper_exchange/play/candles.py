"""Candles of every interval, made from base bars as they close and from trades while they form.

The source gives no more than price and base volume, so the other columns are derived: quote volume is the volume at
the bar's typical price (high + low + close) / 3, half of the volume is taken by buyers, and the number of trades is the
number of price points.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from plugins.paper_exchange.market.source import Bar, MarketSource, Step

KEPT_CANDLES = 1_500
"""The venue's own limit of candles in one answer."""

BARS_AT_ONCE = 400
"""History is read in such portions, with the loop free in between."""

TRADES_A_BAR = 4
"""Price points in a bar's path: open, the two extremes, close."""

INTERVALS_MS = {
    name: minutes * 60_000
    for name, minutes in {
        "1m": 1,
        "3m": 3,
        "5m": 5,
        "15m": 15,
        "30m": 30,
        "1h": 60,
        "2h": 120,
        "4h": 240,
        "6h": 360,
        "8h": 480,
        "12h": 720,
        "1d": 1440,
    }.items()
}


@dataclass(frozen=True, slots=True)
class Candle:
    open_ms: int
    end_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote: Decimal
    trades: int

    def joined(self, later: Candle) -> Candle:
        """This candle with a later one of the same period in it."""
        return replace(
            self,
            high=max(self.high, later.high),
            low=min(self.low, later.low),
            close=later.close,
            volume=self.volume + later.volume,
            quote=self.quote + later.quote,
            trades=self.trades + later.trades,
        )


@dataclass(frozen=True, slots=True)
class ClosedCandle:
    symbol: str
    interval: str
    candle: Candle


def candle_of(bar: Bar, open_ms: int, end_ms: int) -> Candle:
    quote = bar.volume * (bar.high + bar.low + bar.close) / 3
    return Candle(open_ms, end_ms, bar.open, bar.high, bar.low, bar.close, bar.volume, quote, TRADES_A_BAR)


def candle_of_step(step: Step, open_ms: int, end_ms: int) -> Candle:
    price = step.price
    return Candle(open_ms, end_ms, price, price, price, price, step.quantity, step.quantity * price, 1)


def merged(candles: Sequence[Candle]) -> Candle:
    """Candles in a row as one."""
    first, last = candles[0], candles[-1]
    return Candle(
        open_ms=first.open_ms,
        end_ms=last.end_ms,
        open=first.open,
        high=max(candle.high for candle in candles),
        low=min(candle.low for candle in candles),
        close=last.close,
        volume=sum((candle.volume for candle in candles), Decimal(0)),
        quote=sum((candle.quote for candle in candles), Decimal(0)),
        trades=sum(candle.trades for candle in candles),
    )


class Series:
    """The candles of one symbol and interval: the closed ones, and what has closed of the present period."""

    def __init__(self, interval_ms: int, base_ms: int) -> None:
        self._interval_ms = interval_ms
        self._base_ms = base_ms
        self.closed: deque[Candle] = deque(maxlen=KEPT_CANDLES)
        self._partial: Candle | None = None

    def add(self, bar: Bar) -> Candle | None:
        """Add a closed base bar; returns the candle that it closed, if it did."""
        open_ms = bar.open_ms - bar.open_ms % self._interval_ms
        end_ms = open_ms + self._interval_ms
        candle = candle_of(bar, open_ms, end_ms)
        fits = self._partial is not None and self._partial.open_ms == open_ms
        self._partial = self._partial.joined(candle) if fits and self._partial else candle
        if bar.open_ms + self._base_ms < end_ms:
            return None
        done, self._partial = self._partial, None
        self.closed.append(done)
        return done

    def forming(self, base: Candle | None) -> Candle | None:
        """The present period: its closed part with the forming base candle in it."""
        if base is None:
            return self._partial
        open_ms = base.open_ms - base.open_ms % self._interval_ms
        if self._partial is not None and self._partial.open_ms == open_ms:
            return self._partial.joined(base)
        return replace(base, open_ms=open_ms, end_ms=open_ms + self._interval_ms)


class CandleBook:
    """All candles. A series is built from history when it is first asked for, and kept up from then on."""

    def __init__(self, source: MarketSource, bar_open_ms: int) -> None:
        self._source = source
        self._bar_open_ms = bar_open_ms
        self._series: dict[tuple[str, str], Series] = {}
        self._forming: dict[str, Candle] = {}

    def offers(self, interval: str) -> bool:
        """Whether the interval is known and a whole number of base bars."""
        return interval in INTERVALS_MS and INTERVALS_MS[interval] % self._source.interval_ms == 0

    def trade(self, step: Step) -> None:
        """A price point inside the present base bar."""
        before = self._forming.get(step.symbol)
        open_ms, end_ms = self._bar_open_ms, self._bar_open_ms + self._source.interval_ms
        candle = candle_of_step(step, open_ms, end_ms)
        self._forming[step.symbol] = before.joined(candle) if before else candle

    def close(self, bars: Mapping[str, Bar]) -> list[ClosedCandle]:
        """Close the present base bar; returns every candle that this closes."""
        self._bar_open_ms += self._source.interval_ms
        self._forming.clear()
        return [
            ClosedCandle(symbol, interval, candle)
            for (symbol, interval), series in self._series.items()
            if symbol in bars and (candle := series.add(bars[symbol])) is not None
        ]

    def forming(self, symbol: str, interval: str) -> Candle | None:
        """The candle that is not closed yet; None where no trade was seen in it, or the series is not built."""
        series = self._series.get((symbol, interval))
        return series.forming(self._forming.get(symbol)) if series else None

    async def series(self, symbol: str, interval: str) -> Series:
        """The series of an interval that `offers` knows; built piecemeal when it is first wanted."""
        known = self._series.get((symbol, interval))
        if known is not None:
            return known
        span_ms = INTERVALS_MS[interval]
        built = Series(span_ms, self._source.interval_ms)
        at_ms = max(self._source.first_ms, self._bar_open_ms - KEPT_CANDLES * span_ms)
        at_ms -= at_ms % span_ms
        await self._build(built, symbol, at_ms, lambda: self._bar_open_ms)
        return self._series.setdefault((symbol, interval), built)

    async def older(self, symbol: str, interval: str, from_ms: int, before_ms: int, limit: int) -> list[Candle]:
        """Closed candles that opened in [from_ms, before_ms), the oldest `limit` of them, also those not kept."""
        span_ms = INTERVALS_MS[interval]
        first_ms = max(from_ms, self._source.first_ms)
        first_ms += -first_ms % span_ms
        built = Series(span_ms, self._source.interval_ms)
        end_ms = min(before_ms, first_ms + limit * span_ms)
        await self._build(built, symbol, first_ms, lambda: end_ms)
        return list(built.closed)

    async def _build(self, built: Series, symbol: str, from_ms: int, until_ms: Callable[[], int]) -> None:
        """Add the bars up to a time, which may move on meanwhile, with the loop free in between."""
        at_ms = from_ms
        while at_ms < until_ms():
            end_ms = min(at_ms + BARS_AT_ONCE * self._source.interval_ms, until_ms())
            for bar in self._bars(symbol, at_ms, end_ms):
                built.add(bar)
            at_ms = end_ms
            if at_ms < until_ms():
                await asyncio.sleep(0)

    def _bars(self, symbol: str, from_ms: int, to_ms: int) -> Sequence[Bar]:
        found = self._source.history(symbol, to_ms, (to_ms - from_ms) // self._source.interval_ms)
        return [bar for bar in found if bar.open_ms >= from_ms]
