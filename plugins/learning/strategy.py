"""What one would have earned by acting on probabilities, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from plugins.learning.classes import Direction
from plugins.learning.dataset import Samples
from plugins.learning.rows import Flags, Floats, Ints
from qtcore import QtError

DAY_MS = 86_400_000
DAYS_A_YEAR = 365.0
RESAMPLES = 2000
LEAST_DAYS = 10


class TooShort(QtError):
    """Too few days to say anything of."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its central 95 % by stationary block bootstrap over days."""

    value: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """True while nothing has been shown."""
        return not (self.low > 0.0 or self.high < 0.0)


@dataclass(frozen=True, slots=True)
class Earnings:
    """Of one strategy: trades, mean net return of one, and daily returns on equal shares of capital per symbol."""

    trades: int
    mean_net: float
    right: float
    daily: Floats

    @property
    def sharpe(self) -> float:
        """Mean over spread of daily returns × √365; 0 where nothing varied."""
        spread = float(self.daily.std())
        return float(self.daily.mean()) / spread * DAYS_A_YEAR**0.5 if spread > 0.0 else 0.0

    @property
    def total(self) -> float:
        """Sum of daily returns."""
        return float(self.daily.sum())


def earnings(samples: Samples, probabilities: Floats, *, least: float = 0.0) -> Earnings:
    """Act on the likeliest class when its probability is at least `least`, one trade a symbol at a time.

    A decision made while the symbol's last trade is open is passed over. A trade counts on the day it ends.
    """
    side = probabilities.argmax(axis=1)
    wanted = (side != Direction.FLAT) & (probabilities.max(axis=1) >= least)
    taken = _one_at_a_time(samples, np.asarray(wanted))
    net = np.where(side[taken] == Direction.UP, samples.net_long[taken], samples.net_short[taken]).astype(np.float64)
    first, days = _days(samples)
    daily = np.zeros(days)
    np.add.at(daily, samples.known_ms[taken] // DAY_MS - first, net / len(samples.symbols))
    mean = float(net.mean()) if len(net) else 0.0
    return Earnings(len(net), mean, float((net > 0).mean()) if len(net) else 0.0, daily)


def held(samples: Samples, cost: float) -> Earnings:
    """Buy all symbols in equal shares at the first moment, hold to the last. `cost` is one round trip's; no funding."""
    first, days = _days(samples)
    inside = (samples.closed_ms >= samples.decided_ms[0]) & (samples.closed_ms <= samples.known_ms.max())
    steps = np.diff(samples.close[:, inside], axis=1) / samples.close[:, inside][:, :-1]
    count = np.maximum(np.isfinite(steps).sum(axis=0), 1)
    daily = np.zeros(days)
    np.add.at(daily, samples.closed_ms[inside][1:] // DAY_MS - first, np.nansum(steps, axis=0) / count)
    daily[0] -= cost
    return Earnings(len(samples.symbols), float(daily.sum()), float(daily.sum() > 0), daily)


def sharpe_interval(daily: Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The yearly Sharpe ratio of daily returns. Raises TooShort below LEAST_DAYS."""
    return _interval(daily, _sharpes, seed, resamples)


def mean_interval(daily: Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The mean of a daily figure. Raises TooShort below LEAST_DAYS."""
    return _interval(daily, _means, seed, resamples)


def sharpe_probability(daily: Floats, trial_sharpes: list[float] | None = None) -> float:
    """How likely the true Sharpe ratio is above zero: probabilistic, or deflated by all trials' (per day) ratios.

    (D. Bailey, M. López de Prado, The Deflated Sharpe Ratio, 2014; by skfolio.) NaN where nothing varied.
    """
    from skfolio.measures import deflated_sharpe_ratio, probabilistic_sharpe_ratio

    if not len(daily) or not float(np.std(daily)) > 0.0:
        return float("nan")
    if trial_sharpes:
        return float(deflated_sharpe_ratio(daily, np.array(trial_sharpes)))
    return float(probabilistic_sharpe_ratio(daily))


def _sharpes(days: Floats) -> Floats:
    spread = days.std(axis=1)
    ratio = np.divide(days.mean(axis=1), spread, out=np.zeros(len(days)), where=spread > 0.0)
    return np.asarray(ratio * DAYS_A_YEAR**0.5, dtype=np.float64)


def _means(days: Floats) -> Floats:
    return np.asarray(days.mean(axis=1), dtype=np.float64)


def _interval(daily: Floats, statistic: Callable[[Floats], Floats], seed: int, resamples: int) -> Interval:
    """By the stationary bootstrap (D. Politis, J. Romano, 1994) with blocks of n^(1/3) days on average, at least 5."""
    n = len(daily)
    if n < LEAST_DAYS:
        raise TooShort(f"{n} days are too few for an interval; {LEAST_DAYS} are the least")
    random = np.random.default_rng(seed)
    starts = random.integers(n, size=(resamples, n))
    fresh = random.random((resamples, n)) < 1.0 / max(5.0, n ** (1 / 3))
    fresh[:, 0] = True
    day = np.arange(n)
    begun = np.maximum.accumulate(np.where(fresh, day, 0), axis=1)
    index = (np.take_along_axis(starts, begun, axis=1) + day - begun) % n
    low, high = np.quantile(statistic(daily[index]), [0.025, 0.975])
    return Interval(float(statistic(daily[np.newaxis, :])[0]), float(low), float(high))


def _one_at_a_time(samples: Samples, wanted: Flags) -> Ints:
    """Indices of the decisions that become trades: wanted, and no earlier trade of the symbol is open."""
    free_at = dict.fromkeys(range(len(samples.symbols)), 0)
    taken = []
    for index in np.flatnonzero(wanted):
        place = int(samples.place[index])
        if samples.decided_ms[index] >= free_at[place]:
            free_at[place] = int(samples.known_ms[index])
            taken.append(int(index))
    return np.array(taken, dtype=np.int64)


def _days(samples: Samples) -> tuple[int, int]:
    """The first day and the number of days that a strategy is judged over."""
    if not len(samples):
        raise TooShort("there is not one decision to act on")
    first, last = int(samples.decided_ms.min()) // DAY_MS, int(samples.known_ms.max()) // DAY_MS
    return first, last - first + 1
