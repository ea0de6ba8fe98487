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


class DriftWatch:
    """Detectors of each source: its features, its confidence, and how often it was right."""

    def __init__(self) -> None:
        from river.drift import ADWIN

        self._new_detector: Callable[[], ADWIN] = partial(ADWIN, delta=CHANCE)
        self.changes: dict[tuple[Source, str], Change] = {}
        self._detectors: dict[tuple[Source, str], ADWIN] = {}

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
        key = (said.source, stream)
        detector = self._detectors.get(key) or self._detectors.setdefault(key, self._new_detector())
        before = detector.estimation
        detector.update(value)  # type: ignore[no-untyped-call] # river ships no types
        if detector.drift_detected:
            self.changes[key] = Change(said.source, stream, before, detector.estimation, said.at_ms)
