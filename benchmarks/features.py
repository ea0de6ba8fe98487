"""What the features of a whole universe cost at one candle close, and whether streaming libraries could do it.

    python benchmarks/features.py [--symbols 200] [--closes 200]

Prints milliseconds per close: candles in (add), all features of the newest close out (rows), with sequences of 96 rows
kept for the nets, and, for comparison, six talipp indicators and six TA-Lib calls per symbol.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import talib
from talipp.indicators import ATR, BB, EMA, MACD, RSI, StdDev
from talipp.ohlcv import OHLCV

from plugins.domain import Candle
from plugins.learning.features import FeatureEngine

START = datetime(2025, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def candles(symbols: int, bars: int) -> list[list[Candle]]:
    """[bars][symbols] of random walks."""
    random = np.random.default_rng(7)
    close = 100.0 * np.exp(np.cumsum(random.normal(0, 0.001, (bars + 1, symbols)), axis=0))
    volume = random.lognormal(3, 1, (bars, symbols))
    made = []
    for bar in range(bars):
        opened = START + bar * MINUTE
        row = []
        for index in range(symbols):
            first, last = close[bar, index], close[bar + 1, index]
            high, low = max(first, last) * 1.0004, min(first, last) * 0.9996
            figures = [Decimal(f"{x:.6f}") for x in (first, high, low, last, volume[bar, index])]
            row.append(Candle(f"S{index}USDT", 60, opened, opened + MINUTE, *figures))
        made.append(row)
    return made


def quantiles(name: str, seconds: list[float]) -> None:
    """One line of figures."""
    p50, p99 = np.quantile(np.array(seconds) * 1000, [0.5, 0.99])
    print(f"{name:<46} p50 {p50:7.2f} ms   p99 {p99:7.2f} ms   max {max(seconds) * 1000:7.2f} ms")


def engine(bursts: list[list[Candle]], closes: int, longest: int) -> None:
    """Warm up, then time each close."""
    made = FeatureEngine(60, longest)
    names = [candle.symbol for candle in bursts[0]]
    for burst in bursts[:-closes]:
        for candle in burst:
            made.add(candle)
    made.rows(names, longest)
    adding, making = [], []
    for burst in bursts[-closes:]:
        began = time.perf_counter()
        for candle in burst:
            made.add(candle)
        added = time.perf_counter()
        rows = made.rows(names, longest)
        making.append(time.perf_counter() - added)
        adding.append(added - began)
        assert rows.covered.all()
    quantiles(f"{len(names)} symbols, {len(made.schema.features)} features: add", adding)
    quantiles(f"  rows, sequences of {longest}", making)


def talipp_floor(bursts: list[list[Candle]], closes: int) -> None:
    """Six streaming indicators per symbol."""
    kinds = [[RSI(14), ATR(14), MACD(12, 26, 9), BB(20, 2), EMA(50), StdDev(48)] for _ in bursts[0]]
    spent = []
    for number, burst in enumerate(bursts):
        began = time.perf_counter()
        for candle, mine in zip(burst, kinds, strict=True):
            close = float(candle.close)
            bar = OHLCV(float(candle.open), float(candle.high), float(candle.low), close, float(candle.volume))
            for indicator in mine:
                indicator.add(bar if isinstance(indicator, ATR) else close)
        if number >= len(bursts) - closes:
            spent.append(time.perf_counter() - began)
    quantiles("talipp, 6 indicators per symbol", spent)


def talib_floor(bursts: list[list[Candle]], closes: int) -> None:
    """Six calls per symbol on its last 256 bars."""
    close = np.array([[float(candle.close) for candle in burst] for burst in bursts[-256:]]).T.copy()
    spent = []
    for _ in range(closes):
        began = time.perf_counter()
        for series in close:
            talib.RSI(series, 14)
            talib.ATR(series, series, series, 14)
            talib.MACD(series)
            talib.BBANDS(series, 20)
            talib.EMA(series, 50)
            talib.STDDEV(series, 48)
        spent.append(time.perf_counter() - began)
    quantiles("TA-Lib, 6 calls per symbol on 256 bars", spent)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=200)
    parser.add_argument("--closes", type=int, default=200)
    asked = parser.parse_args()
    bursts = candles(asked.symbols, 420 + asked.closes)
    engine(bursts, asked.closes, 1)
    engine(bursts, asked.closes, 96)
    talib_floor(bursts, asked.closes)
    talipp_floor(bursts[-asked.closes :], asked.closes // 2)


if __name__ == "__main__":
    main()
