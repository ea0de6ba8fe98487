"""From candle history to what models learn from; the same history gives the same samples, bit by bit."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from plugins.learning.features import History, Panel, batch, feature_schema, panel_of
from plugins.learning.labels import Barriers, Costs, average_uniqueness, labels_of
from plugins.learning.rows import Flags, Floats, Floats32, Ints
from plugins.learning.schema import FeatureSchema


@dataclass(frozen=True)
class Samples:
    """Decisions with what was known at each and what came of it, in order of time, then symbol.

    `features` [symbols, bars, columns] is shared by all subsets; `place` and `bar` [n] say which row a sample is.
    `labels` [n] are Directions; `weights` [n] average uniqueness scaled to mean 1 over the whole set; `decided_ms` when
    the decision's bar closed; `known_ms` when the last bar that its label was made from closed; `net_long`,
    `net_short` what either side would have earned after costs. `close` [symbols, bars] and `closed_ms` [bars] are the
    market itself, for strategies that need no model.
    """

    schema: FeatureSchema
    symbols: tuple[str, ...]
    features: Floats32
    place: Ints
    bar: Ints
    labels: Ints
    weights: Floats
    decided_ms: Ints
    known_ms: Ints
    net_long: Floats32
    net_short: Floats32
    close: Floats
    closed_ms: Ints

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def values(self) -> Floats32:
        """[n, columns] feature rows."""
        return np.asarray(self.features[self.place, self.bar], dtype=np.float32)

    def sequences(self, length: int) -> Floats32:
        """[n, length, columns]: each row with those before it, oldest first; NaN before history began."""
        back = self.bar[:, np.newaxis] - np.arange(length - 1, -1, -1)
        found = self.features[self.place[:, np.newaxis], np.maximum(back, 0)]
        found[back < 0] = np.nan
        return np.asarray(found, dtype=np.float32)

    def take(self, which: Ints | Flags) -> Samples:
        """These samples only, with the same features behind them."""
        names = ("place", "bar", "labels", "weights", "decided_ms", "known_ms", "net_long", "net_short")
        return replace(self, **{name: getattr(self, name)[which] for name in names})

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over everything that training can see; the same data, the same digest."""
        found = hashlib.sha256(self.schema.hash.encode())
        for part in (self.values, self.labels, self.weights, self.decided_ms, self.known_ms, self.net_long):
            found.update(np.ascontiguousarray(part).tobytes())
        return found.hexdigest()

    def shares(self) -> Floats:
        """[3] share of each class, in Direction order."""
        counts = np.bincount(self.labels, minlength=3).astype(np.float64)
        return np.asarray(counts / max(1, len(self)), dtype=np.float64)


def build_samples(
    histories: Mapping[str, History],
    interval_s: int,
    *,
    barriers: Barriers | None = None,
    costs: Costs | None = None,
    every_bars: int = 1,
    sequence: int = 1,
) -> Samples:
    """Label and describe every `every_bars`-th bar whose features, and those of `sequence` rows, are known.

    Raises ValueError when there are no bars, or bars off the grid.
    """
    panel = panel_of(histories, interval_s)
    labels = labels_of(panel, settlements(histories, panel), barriers or Barriers(), costs or Costs())
    features = batch(panel)
    schema = feature_schema(interval_s)
    usable = labels.known & _covered(features, schema, sequence)
    usable &= ((panel.opened_ms // (interval_s * 1000)) % every_bars == 0)[np.newaxis, :]
    bar, place = np.nonzero(usable.T)
    closed = panel.opened_ms + interval_s * 1000
    weight = average_uniqueness(labels)[place, bar]
    mean = weight.mean() if len(weight) else 1.0
    return Samples(
        schema=schema,
        symbols=panel.symbols,
        features=features,
        place=place.astype(np.int64),
        bar=bar.astype(np.int64),
        labels=labels.direction[place, bar].astype(np.int64),
        weights=weight / mean,
        decided_ms=closed[bar],
        known_ms=closed[labels.end[place, bar]],
        net_long=labels.net_long[place, bar].astype(np.float32),
        net_short=labels.net_short[place, bar].astype(np.float32),
        close=panel.close,
        closed_ms=closed,
    )


def settlements(histories: Mapping[str, History], panel: Panel) -> Floats:
    """[symbols, bars] sum of the funding rates settled in each bar (after its open, up to its close)."""
    settled = np.zeros((len(panel.symbols), len(panel)))
    step = panel.interval_s * 1000
    for row, symbol in enumerate(panel.symbols):
        history = histories[symbol]
        # a settlement at a bar's close belongs to that bar: -1 ms puts it there
        column = (history.funding_ms - 1 - int(panel.opened_ms[0])) // step
        inside = (column >= 0) & (column < len(panel))
        np.add.at(settled[row], column[inside], history.funding_rate[inside])
    return settled


def _covered(features: Floats32, schema: FeatureSchema, sequence: int) -> Flags:
    """[symbols, bars] whether all needed features are known at the bar and the `sequence - 1` before it."""
    needed = [column for column, feature in enumerate(schema.features) if not feature.optional]
    known: Flags = np.asarray(np.isfinite(features[..., needed]).all(axis=-1))
    missing = np.cumsum(~known, axis=1)
    before = np.concatenate([np.zeros((len(known), sequence), dtype=missing.dtype), missing[:, :-sequence]], axis=1)
    whole = missing - before == 0
    whole[:, : sequence - 1] = False
    return np.asarray(whole)
