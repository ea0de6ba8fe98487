"""Whether what goes in or comes out has changed, stream by stream (ADWIN, Bifet and Gavaldà 2007, by river)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from plugins.domain import Source
from plugins.model_supervisor.rules import Judged, Said

if TYPE_CHECKING:
    from river.drift import ADWIN

CHANCE = 0.0005
"""ADWIN's delta: with some tens of streams at once, about one false alarm in a hundred windows."""

GRACE = 10
"""Horizons before a stream is looked at."""


@dataclass(frozen=True, slots=True)
class Change:
    """A stream whose mean moved, and when that was noticed (market ms)."""

    source: Source
    stream: str
    before: float
    after: float
    at_ms: int

    @property
    def sentence(self) -> str:
        """The figures as a person reads them."""
        return f"{self.stream} of {self.source} moved from {self.before:.3g} to {self.after:.3g}"


@dataclass(slots=True)
class _Stretch:
    """The values of one stream within one horizon."""

    number: int
    total: float = 0.0
    count: int = 0


class DriftWatch:
    """Detectors of each source: its features, its confidence, and how often it was right.

    What one market does to all signals of one horizon is one observation, not many: a detector gets the mean of each
    horizon, as it takes what it is given for independent.
    """

    def __init__(self, horizon_ms: int) -> None:
        from river.drift import ADWIN

        self._horizon_ms = horizon_ms
        self._new_detector: Callable[[], ADWIN] = partial(ADWIN, delta=CHANCE, clock=1, grace_period=GRACE)
        self.changes: dict[tuple[Source, str], Change] = {}
        self._detectors: dict[tuple[Source, str], ADWIN] = {}
        self._stretches: dict[tuple[Source, str], _Stretch] = {}

    def said(self, signals: Iterable[Said]) -> None:
        """Take new signals, oldest first."""
        for each in signals:
            self._take(each, "confidence", each.confidence)
            for name, value in each.features.items():
                self._take(each, f"feature {name}", value)

    def judged(self, signals: Iterable[Judged]) -> None:
        """Take signals whose fate has become known."""
        for each in signals:
            self._take(each.said, "hit rate", float(each.right))

    def of(self, source: Source, since_ms: int) -> list[Change]:
        """What changed since a market time."""
        return [change for (owner, _), change in self.changes.items() if owner is source and change.at_ms >= since_ms]

    def _take(self, said: Said, stream: str, value: float) -> None:
        if math.isnan(value):
            return  # missing is missing, and no figure
        key, number = (said.source, stream), said.at_ms // self._horizon_ms
        stretch = self._stretches.setdefault(key, _Stretch(number))
        if number > stretch.number:
            self._over(said, stream, stretch.total / stretch.count)
            stretch = self._stretches[key] = _Stretch(number)
        stretch.total += value
        stretch.count += 1

    def _over(self, said: Said, stream: str, mean: float) -> None:
        key = (said.source, stream)
        detector = self._detectors.get(key) or self._detectors.setdefault(key, self._new_detector())
        before = detector.estimation
        detector.update(mean)  # type: ignore[no-untyped-call] # river ships no types
        if detector.drift_detected:
            self.changes[key] = Change(said.source, stream, before, detector.estimation, said.at_ms)
