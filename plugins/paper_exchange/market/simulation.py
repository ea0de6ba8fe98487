"""How the simulated market moves, one market day at a time.

One factor moves all symbols, each by its own loading; the rest of a move is the symbol's own. Variance is a
product of components that are each renewed at random after a typical life (a Markov-switching multifractal,
Calvet and Fisher 2004): days are calm or wild, and wild minutes come in clusters. Short-lived components belong
to the factor or to one symbol, long-lived ones to the whole market. Jumps come on top, and the hour of the day
scales everything. Highs and lows are the extremes of a Brownian bridge through each bar's open and close.

Every figure is measured (`measured.py`). Prices have no trend that a strategy could find: the only drift pulls
a price back towards where it began, with a half-life of 120 days, so that a market which runs for years stays
on its ticks; it is below 0.1 basis points a minute, a hundredth of the noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from plugins.paper_exchange.market import measured
from plugins.paper_exchange.market.draws import NORMAL_WORDS, Stream, Words, exponential, normal, words
from plugins.paper_exchange.market.rules import KNOWN_RULES
from plugins.paper_exchange.market.series import Floats, Integers

DAY_BARS: Final = 1440

_STREAMS: Final = 1 + len(measured.SYMBOLS)  # the factor, then each symbol
_FAST: Final = len(measured.FAST_LIVES)
_SLOW: Final = len(measured.SLOW_LIVES)
_LOADING: Final = np.array([one.loading for one in measured.SYMBOLS])
_OWN: Final = np.sqrt(1.0 - _LOADING * _LOADING)
_SIGMA: Final = np.array([one.sigma for one in measured.SYMBOLS])
_PRICE: Final = np.array([one.price for one in measured.SYMBOLS])
_RULES: Final = [KNOWN_RULES[one.symbol] for one in measured.SYMBOLS]
_TICK: Final = np.array([float(one.tick_size) for one in _RULES])
_STEP: Final = np.array([float(one.step_size) for one in _RULES])
_MEAN_STEPS: Final = np.array([one.quote_volume for one in measured.SYMBOLS]) / _PRICE / _STEP
_HOUR_SCALE: Final = np.repeat(np.array(measured.HOUR_SCALE), 60)[:, np.newaxis]
_JUMP_BELOW: Final = np.array(
    [int(rate * 2**64) for rate in (measured.MARKET_JUMP_RATE, *[measured.JUMP_RATE] * (_STREAMS - 1))],
    dtype=np.uint64,
)
_PULL: Final = 0.6931471805599453 / (120 * DAY_BARS)
_WORST_MOVE: Final = 0.15  # of a bar; the worst minute measured is −12.3 % (ETHUSDT, 2025-02-03)

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class State:
    """The market between two days: price levels, and which of the variance components are high."""

    levels: Floats
    fast: Flags  # (components, streams)
    slow: Flags  # (components, 1)


@dataclass(frozen=True, slots=True)
class Moves:
    """One day: relative moves and their standard deviations (bars, symbols), levels (bars + 1, symbols)."""

    returns: Floats
    deviations: Floats
    levels: Floats
    after: State


def first_state(seed: int) -> State:
    """Where the market of `seed` begins: measured prices, volatility at random."""
    fast = words(seed, Stream.START, 0, _FAST, _STREAMS) & 1 == 1
    slow = words(seed, Stream.START, 1, _SLOW, 1) & 1 == 1
    return State(_PRICE, fast, slow)


def moves_of(seed: int, day: int, before: State) -> Moves:
    """The moves of one day; enough to go on to the next without making bars of this one."""
    variance, fast, slow = _variances(seed, day, before)
    noise = normal(words(seed, Stream.NOISE, day, DAY_BARS, _STREAMS, NORMAL_WORDS))
    jumps = _jumps(seed, day)
    scale = _SIGMA * _HOUR_SCALE
    shocks = np.sqrt(variance) * noise
    deviations = scale * np.sqrt(_LOADING * _LOADING * variance[:, :1] + _OWN * _OWN * variance[:, 1:])
    returns = scale * (_LOADING * shocks[:, :1] + _OWN * shocks[:, 1:])
    returns += deviations * (_LOADING * jumps[:, :1] + jumps[:, 1:]) - _pull(before.levels)
    returns = np.clip(returns, -_WORST_MOVE, _WORST_MOVE)
    levels: Floats = np.cumprod(np.concatenate((before.levels[np.newaxis], 1.0 + returns)), axis=0, dtype=np.float64)
    return Moves(returns, deviations, levels, State(levels[-1], fast, slow))


def bars_of(seed: int, day: int, moves: Moves) -> tuple[Integers, Integers]:
    """The bars of one day: prices (bars, symbols, 4) in ticks, volumes (bars, symbols) in steps."""
    raw = words(seed, Stream.DETAIL, day, *moves.returns.shape, 5)
    rise, fall = _extremes(moves, exponential(raw[..., 0]), exponential(raw[..., 1]))
    opens, closes = moves.levels[:-1], moves.levels[1:]
    edges = np.stack((opens, opens * (1.0 + rise), opens * (1.0 + fall), closes), axis=-1)
    ticks = np.maximum(np.rint(edges / _TICK[:, np.newaxis]), 1.0).astype(np.int64)
    ticks[..., 1] = ticks.max(axis=-1)
    ticks[..., 2] = ticks.min(axis=-1)
    return ticks, _volumes(raw[..., 2:], rise - fall)


def _variances(seed: int, day: int, before: State) -> tuple[Floats, Flags, Flags]:
    """Variance multipliers (bars, streams) of mean 1, and the components at the end of the day."""
    variance = np.ones((DAY_BARS, _STREAMS))
    fast_words = words(seed, Stream.FAST, day, _FAST, DAY_BARS, _STREAMS)
    slow_words = words(seed, Stream.SLOW, day, _SLOW, DAY_BARS, 1)
    fast = _renewed(variance, fast_words, measured.FAST_LIVES, before.fast)
    slow = _renewed(variance, slow_words, measured.SLOW_LIVES, before.slow)
    return variance, fast, slow


def _renewed(variance: Floats, raw: Words, lives: Sequence[int], before: Flags) -> Flags:
    """Multiply the components into `variance`; returns them as they are at the end of the day.

    A word's upper bits say whether a component is renewed in this bar, its last bit whether it is high then.
    """
    rows = np.arange(DAY_BARS)[:, np.newaxis]
    after = np.empty_like(before)
    for index, life in enumerate(lives):
        renewed = np.where(raw[index] < 2**64 // life, rows, -1)
        latest = np.maximum.accumulate(renewed, axis=0)
        drawn = np.take_along_axis(raw[index] & 1 == 1, np.maximum(latest, 0), axis=0)
        is_high = np.where(latest < 0, before[index], drawn)
        variance *= np.where(is_high, 1.0 + measured.SWING, 1.0 - measured.SWING)
        after[index] = is_high[-1]
    return after


def _jumps(seed: int, day: int) -> Floats:
    """Jumps (bars, streams) in standard deviations of their bar; mostly 0."""
    raw = words(seed, Stream.JUMPS, day, DAY_BARS, _STREAMS)
    jumps = np.zeros(raw.shape)
    jumping = raw < _JUMP_BELOW
    size = words(seed, Stream.JUMP_SIZES, day, int(jumping.sum()))
    sign = np.where(size & 1 == 1, 1.0, -1.0)
    jumps[jumping] = sign * (measured.JUMP_LEAST + measured.JUMP_EXCESS * exponential(size))
    return jumps


def _pull(levels: Floats) -> Floats:
    """Drift towards the first price; 2 (q − 1) / (q + 1) stands for ln q and is bounded."""
    ratio: Floats = levels / _PRICE
    return _PULL * 2.0 * (ratio - 1.0) / (ratio + 1.0)


def _extremes(moves: Moves, up: Floats, down: Floats) -> tuple[Floats, Floats]:
    """Greatest and least move within each bar, from exponential numbers.

    The maximum of a Brownian bridge from 0 to r with variance s² is (r + √(r² + 2 s² E)) / 2.
    """
    spread = measured.RANGE_SCALE * moves.deviations
    square, width = moves.returns * moves.returns, 2.0 * spread * spread
    rise = (moves.returns + np.sqrt(square + width * up)) / 2.0
    fall = (moves.returns - np.sqrt(square + width * down)) / 2.0
    return rise, fall


def _volumes(raw: Words, ranges: Floats) -> Integers:
    """Steps traded: more than proportional to the bar's range, times noise (the mean of three exponentials)."""
    noise = (exponential(raw[..., 0]) + exponential(raw[..., 1]) + exponential(raw[..., 2])) / 3.0
    width = ranges / (measured.MEAN_RANGE * _SIGMA)
    steps: Floats = _MEAN_STEPS * noise * width * (measured.VOLUME_LINEAR + measured.VOLUME_SQUARE * width)
    return np.maximum(np.rint(steps), 1.0).astype(np.int64)
