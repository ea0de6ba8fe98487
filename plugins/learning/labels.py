"""What a decision would have earned: triple barriers with costs.

A decision at the close of bar t enters at the open of bar t+1 and leaves at the first of three barriers: a take-profit
and a stop at the same distance, and a last bar (M. López de Prado, Advances in Financial Machine Learning, ch. 3).
A class is the direction whose take-profit was reached and earned money after fees, slippage and funding. What ended at
the last bar is FLAT, whatever little it earned, and so is a move that costs eat, or one that hit both barriers at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from plugins.learning.classes import Direction
from plugins.learning.features import reductions
from plugins.learning.features.bars import Panel
from plugins.learning.features.windows import Windows
from plugins.learning.rows import Flags, Floats, Ints

UNKNOWN = -1
"""Where the future is not over, or not recorded."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Parts of the notional, per side: the venue's taker fee, and how much worse than the bar's price one is filled."""

    fee: float = 0.0005
    slippage: float = 0.0002

    @property
    def round_trip(self) -> float:
        """What going in and out costs."""
        return 2.0 * (self.fee + self.slippage)


@dataclass(frozen=True, slots=True)
class Barriers:
    """Distance = `width` × volatility of one bar (over `volatility_bars`) × √`horizon_bars`.

    It is never less than `least_costs` round trips: a barrier that costs eat decides nothing.
    """

    horizon_bars: int = 24
    width: float = 1.0
    volatility_bars: int = 48
    least_costs: float = 2.0


@dataclass(frozen=True, slots=True)
class Labels:
    """[symbols, bars], by the bar at whose close one decides.

    `direction` is a Direction or UNKNOWN; `end` the bar in which the decision's fate was known; `net_long` and
    `net_short` the returns after costs as parts of the notional; `distance` the barriers' distance as a part.
    """

    direction: NDArray[np.int8]
    end: Ints
    net_long: Floats
    net_short: Floats
    distance: Floats

    @property
    def known(self) -> Flags:
        """Which decisions have a label."""
        return np.asarray(self.direction != UNKNOWN)


def labels_of(panel: Panel, settled: Floats, barriers: Barriers, costs: Costs) -> Labels:
    """Label every bar. `settled` [symbols, bars] is the sum of the funding rates settled in each bar (0 where none).

    The last `horizon_bars` of a history stay unknown, also where a barrier was touched already: labels that exist
    only because they ended early would teach that decisions end early.
    """
    distance = distances(panel, barriers, costs)
    touch_up, touch_down, end = _first_touches(panel, distance, barriers.horizon_bars)
    bars = len(panel)
    last = np.minimum(end, bars - 1)
    entry = _ahead(panel.open, 1)
    open_at_end = np.take_along_axis(panel.open, last, axis=1)
    close_at_end = np.take_along_axis(panel.close, last, axis=1)
    still = close_at_end / entry - 1.0
    # A stop fills at the bar's open where the bar opened behind it; a take-profit never fills better than its price.
    stopped_long = np.minimum(-distance, open_at_end / entry - 1.0)
    stopped_short = np.minimum(-distance, 1.0 - open_at_end / entry)
    gross_long = np.where(touch_down, stopped_long, np.where(touch_up, distance, still))
    gross_short = np.where(touch_up, stopped_short, np.where(touch_down, distance, -still))
    funding = _funding(settled, last, within=touch_up | touch_down)
    net_long = gross_long - costs.round_trip - funding
    net_short = gross_short - costs.round_trip + funding
    known = _complete(panel, barriers.horizon_bars) & np.isfinite(distance) & np.isfinite(net_long)
    direction = np.full(entry.shape, int(Direction.FLAT), dtype=np.int8)
    direction[touch_up & (net_long > 0.0)] = int(Direction.UP)
    direction[touch_down & (net_short > 0.0)] = int(Direction.DOWN)
    direction[~known] = UNKNOWN
    return Labels(direction, last, net_long, net_short, distance)


def distances(panel: Panel, barriers: Barriers, costs: Costs) -> Floats:
    """[symbols, bars] distance of the barriers for a decision at each close; NaN while volatility is unknown."""
    volatility = reductions.spread(Windows(panel, 0, len(panel)).log_return(barriers.volatility_bars))
    return np.maximum(
        barriers.width * volatility * sqrt(barriers.horizon_bars), barriers.least_costs * costs.round_trip
    )


def average_uniqueness(labels: Labels) -> Floats:
    """[symbols, bars] how much of its life a label shares with no other of its symbol: 1 alone, 1/n among n.

    (López de Prado, ch. 4.) 0 where there is no label.
    """
    known = labels.known
    bars = known.shape[1]
    rows, starts = np.nonzero(known)
    begin, end = starts + 1, labels.end[rows, starts] + 1
    edges = np.zeros((len(known), bars + 2))
    np.add.at(edges, (rows, begin), 1.0)
    np.add.at(edges, (rows, end), -1.0)
    alive = np.cumsum(edges, axis=1)[:, : bars + 1]
    share = np.divide(1.0, alive, out=np.zeros_like(alive), where=alive > 0.5)
    sums = np.concatenate([np.zeros((len(known), 1)), np.cumsum(share, axis=1)], axis=1)
    unique = np.zeros(known.shape)
    unique[rows, starts] = (sums[rows, end] - sums[rows, begin]) / (end - begin)
    return unique


def _first_touches(panel: Panel, distance: Floats, horizon: int) -> tuple[Flags, Flags, Ints]:
    """Whether the upper and lower barrier were touched in the first bar that touched any, and which bar ended it."""
    entry = _ahead(panel.open, 1)
    upper, lower = entry * (1.0 + distance), entry * (1.0 - distance)
    bars = np.arange(len(panel), dtype=np.int64)
    end = np.broadcast_to(bars + horizon, entry.shape).copy()
    touch_up, touch_down = np.zeros(entry.shape, dtype=bool), np.zeros(entry.shape, dtype=bool)
    alive = np.isfinite(entry) & np.isfinite(distance)
    for ahead in range(1, horizon + 1):
        up = alive & (_ahead(panel.high, ahead) >= upper)
        down = alive & (_ahead(panel.low, ahead) <= lower)
        touch_up |= up
        touch_down |= down
        ended = up | down
        end[ended] = np.broadcast_to(bars + ahead, entry.shape)[ended]
        alive &= ~ended
    return touch_up, touch_down, end


def _complete(panel: Panel, horizon: int) -> Flags:
    """Whether every bar of a decision's whole future is recorded."""
    missing = np.cumsum(~np.isfinite(panel.close), axis=1)
    behind = np.minimum(np.arange(len(panel)) + horizon, len(panel) - 1)
    inside = np.arange(len(panel)) + horizon < len(panel)
    return np.asarray((missing[:, behind] - missing == 0) & inside & np.isfinite(panel.close))


def _funding(settled: Floats, end: Ints, *, within: Flags) -> Floats:
    """What a long pays from its entry to its end.

    Rates are settled when a bar closes: a position that left within its last bar does not pay that bar's.
    """
    sums = np.concatenate([np.zeros((len(settled), 1)), np.cumsum(settled, axis=1)], axis=1)
    until = np.take_along_axis(sums, np.where(within, end, end + 1), axis=1)
    from_entry = sums[:, 1:]  # what was settled up to and including the bar of the decision
    return np.asarray(until - from_entry, dtype=np.float64)


def _ahead(series: Floats, bars: int) -> Floats:
    """The series as seen `bars` later; NaN behind its end."""
    return np.concatenate([series[:, bars:], np.full((len(series), min(bars, series.shape[1])), np.nan)], axis=1)
