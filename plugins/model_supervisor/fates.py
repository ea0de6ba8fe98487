"""What would have come of each signal, whether anybody acted on it or not: counterfactual triple-barrier labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from plugins.learning.classes import Direction
from plugins.learning.features.bars import Panel
from plugins.learning.labels import Barriers, Costs, labels_of
from plugins.model_supervisor.rules import Judged, Said

MARGIN_BARS = 60
"""Holes in the history may yet be filled: a signal is given up only this long after its fate should be known."""


@dataclass(frozen=True, slots=True)
class Fates:
    """`lost` are too old for the bars at hand, so that nobody will ever know; the rest waits."""

    judged: tuple[Judged, ...]
    lost: tuple[Said, ...]


def fates_of(signals: Iterable[Said], panel: Panel, barriers: Barriers, costs: Costs) -> Fates:
    """Look up every signal whose future is over."""
    labels = labels_of(panel, np.zeros_like(panel.close), barriers, costs)
    known = labels.known
    rows = {symbol: row for row, symbol in enumerate(panel.symbols)}
    step_ms, first_ms = panel.interval_s * 1000, int(panel.opened_ms[0])
    judged: list[Judged] = []
    lost: list[Said] = []
    for said in signals:
        bar, odd = divmod(said.at_ms - step_ms - first_ms, step_ms)
        row = rows.get(said.symbol)
        if row is not None and not odd and 0 <= bar < len(panel) and known[row, bar]:
            place = (row, bar)
            direction = Direction(int(labels.direction[place]))
            judged.append(Judged(said, direction, float(labels.net_long[place]), float(labels.net_short[place])))
        elif odd or bar + barriers.horizon_bars < len(panel) - MARGIN_BARS:
            lost.append(said)
    return Fates(tuple(judged), tuple(lost))
