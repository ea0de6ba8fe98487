"""Figures of the real market that the simulator reproduces; `benchmarks/market_parameters.py` prints them.

Source: Binance USDⓈ-M public bars, 1m, 2025-05-04..06-03 (seven symbols) and 2025-01-27..02-26 (nine symbols, with
the crash of 3 February); LTCUSDT from 5m bars of 2025-03-06..04-13. Not chosen for any strategy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Measured:
    """One symbol, over the windows that have it.

    `price`: the newest close, which is the simulated market's first price. `sigma`: standard deviation of 1m
    returns; that of BTCUSDT over both 1m windows, times the mean ratio to BTCUSDT in the same window. `loading`:
    correlation with the one factor (principal-axis factoring). `quote_volume`: USDT traded per minute.
    """

    symbol: str
    price: float
    sigma: float
    loading: float
    quote_volume: float


SYMBOLS: Final = (
    Measured("BTCUSDT", 106_688.0, 6.11e-4, 0.82, 12_471_966),
    Measured("ETHUSDT", 2_642.0, 12.7e-4, 0.88, 9_646_368),
    Measured("SOLUSDT", 162.63, 12.7e-4, 0.85, 2_625_606),
    Measured("XRPUSDT", 2.2484, 13.5e-4, 0.88, 1_526_950),
    Measured("BNBUSDT", 668.25, 8.17e-4, 0.79, 407_959),
    Measured("DOGEUSDT", 0.20671, 14.2e-4, 0.92, 981_849),
    Measured("ADAUSDT", 0.6679, 17.2e-4, 0.91, 408_771),
    Measured("LINKUSDT", 14.404, 13.8e-4, 0.93, 222_551),
    Measured("SUIUSDT", 3.3215, 16.9e-4, 0.79, 809_247),
    Measured("LTCUSDT", 78.46, 8.90e-4, 0.89, 194_158),
    Measured("TRXUSDT", 0.22838, 6.28e-4, 0.74, 110_627),
    Measured("TONUSDT", 3.5369, 12.9e-4, 0.83, 43_719),
)

# Size of moves by UTC hour, relative to the day's; the mean of both 1m windows.
_NIGHT: Final = (1.16, 1.09, 1.02, 0.90, 0.86, 0.84, 0.81, 0.96)
_DAY: Final = (0.95, 0.88, 0.84, 0.85, 0.91, 1.11, 1.26, 1.22)
_EVENING: Final = (1.11, 1.04, 1.03, 1.04, 0.96, 0.95, 1.06, 0.97)
HOUR_SCALE: Final = (*_NIGHT, *_DAY, *_EVENING)

# Variance: the lives in bars and the swing of its components (each 1 + swing or 1 − swing) give the memory of |r|
# (measured, calm and wild month: 0.25 and 0.44 after one bar, 0.15 and 0.20 after 30, 0.05 and 0.08 after 720).
FAST_LIVES: Final = (4, 20, 100)
SLOW_LIVES: Final = (500, 2500)
SWING: Final = 0.5

# Jumps per bar, of one symbol and of all, and their size in standard deviations of the bar: least, plus a mean
# excess. Measured: 5.6 to 6.7 bars in 10,000 move more than six local deviations, 7.4 to 8.2 on average.
JUMP_RATE: Final = 8e-4
MARKET_JUMP_RATE: Final = 2e-4
JUMP_LEAST: Final = 4.0
JUMP_EXCESS: Final = 2.5

# A bar's range is 1.81 to 1.84 times its mean absolute return (2 for a path without ticks): the bridge is narrowed.
RANGE_SCALE: Final = 0.85
MEAN_RANGE: Final = 1.2  # in σ; measured 1.10 and 1.24

# Volume grows with the range by a power of 1.05 to 1.08; the noise about it has σ 0.59 to 0.61 in logs.
VOLUME_LINEAR: Final = 0.75
VOLUME_SQUARE: Final = 0.15

# Funding per eight hours, nine symbols, 2025-03-06..06-15: mean 1.2e-5, σ 7.8e-5, correlation of neighbours 0.47, 20 %
# at the ceiling. Mean and σ here are those before the ceiling cuts.
FUNDING_MEAN: Final = 2.5e-5
FUNDING_SIGMA: Final = 9e-5
FUNDING_CEILING: Final = 1e-4
FUNDING_MEMORY: Final = (0.85, 0.40, 0.28, 0.20)
FUNDING_SHARED: Final = 0.6
FUNDING_OWN: Final = 0.8
