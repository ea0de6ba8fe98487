"""How models do on decisions they did not learn from, beside strategies that learned nothing: one row each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plugins.learning.baselines import BASELINES, PROBABILISTIC
from plugins.learning.calibration import Calibration
from plugins.learning.dataset import Samples
from plugins.learning.labels import Costs
from plugins.learning.metrics import Quality, log_losses, quality
from plugins.learning.rows import Floats, Ints
from plugins.learning.strategy import (
    DAY_MS,
    Earnings,
    Interval,
    earnings,
    held,
    mean_interval,
    sharpe_interval,
    sharpe_probability,
)
from plugins.learning.validation import Fit, Fold, Predict, combinatorial, longest_life, walk_forward

ENSEMBLE = "ensemble"
HOLDING = "buy and hold"
REFERENCE = "majority class"
"""What is said by who knows only the classes' shares; a model that is no better has learned nothing."""
CALIBRATED_ON = 0.15
"""The newest part of what teaches, held back to calibrate on."""


@dataclass(frozen=True, slots=True)
class Row:
    """One model or strategy. `quality` is None for those that give no probabilities.

    `gain` is by how much its log loss is below the reference's, per decision, over days; `daily` the mean daily net
    return, both with 95 % intervals; `deflated` the probability that its Sharpe ratio is above zero although it is
    one of all those tried. `spread` is the lowest and highest Sharpe ratio over combinatorial paths, where there are.
    """

    name: str
    quality: Quality | None
    gain: Interval | None
    earnings: Earnings
    sharpe: Interval
    daily: Interval
    probable: float
    deflated: float
    fit_s: float = 0.0
    spread: tuple[float, float] | None = None

    @property
    def edge(self) -> str:
        """In words; "no edge" unless the whole interval of daily net returns is above zero."""
        if not self.earnings.trades:
            return "never trades"
        if self.daily.low > 0.0:
            return "edge"
        return "loses" if self.daily.high < 0.0 else "no edge"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Rows on the same judged decisions, and what they were made from."""

    rows: tuple[Row, ...]
    samples: int
    judged: int
    symbols: tuple[str, ...]
    shares: tuple[float, float, float]
    first_ms: int
    last_ms: int
    digest: str


@dataclass(frozen=True, slots=True)
class _Judged:
    name: str
    probabilities: Floats
    fit_s: float


Told = Callable[[str], None]


def evaluate(
    samples: Samples,
    models: Mapping[str, Fit],
    *,
    costs: Costs,
    combined: Sequence[str] = (),
    told: Told = lambda _: None,
) -> Evaluation:
    """Judge models, their ensemble and all baselines by walking forward over the same decisions.

    Models named in `combined` are also judged on combinatorial purged paths. Each model is calibrated on the newest
    part of what teaches it, which it does not learn from. Raises ValueError when there is too little history.
    """
    folds = walk_forward(samples)
    index = np.concatenate([fold.test for fold in folds])
    judged = samples.take(index)
    found = [_judge(name, fit, samples, folds, told) for name, fit in models.items()]
    if len(found) > 1:
        mean = np.mean([one.probabilities for one in found], axis=0)
        found.append(_Judged(ENSEMBLE, mean, sum(one.fit_s for one in found)))
    found += [_judge(name, fit, samples, folds, told) for name, fit in BASELINES.items()]
    made = {one.name: earnings(judged, one.probabilities) for one in found}
    made[HOLDING] = held(judged, costs.round_trip)
    trials = [float(one.daily.mean() / one.daily.std()) for one in made.values() if one.daily.std() > 0.0]
    spreads = {name: _paths(samples, models[name], name, told) for name in combined}
    reference = next(one.probabilities for one in found if one.name == REFERENCE)
    table = _Table(judged, made, trials, reference, spreads)
    rows = [*(table.row(one) for one in found), table.money(HOLDING)]
    return Evaluation(
        rows=tuple(rows),
        samples=len(samples),
        judged=len(judged),
        symbols=samples.symbols,
        shares=_three(judged.shares()),
        first_ms=int(judged.decided_ms.min()),
        last_ms=int(judged.known_ms.max()),
        digest=samples.digest,
    )


def calibrated(fit: Fit) -> Fit:
    """Learn from the older part, calibrate on the newest, less what is still open between them."""

    def fitted(train: Samples) -> Predict:
        moments = np.unique(train.decided_ms)
        begin = int(len(moments) * (1.0 - CALIBRATED_ON))
        gap = longest_life(train)
        older = train.take(train.decided_ms < moments[max(1, begin - gap)])
        newest = train.take(train.decided_ms >= moments[begin])
        predict = fit(older)
        scale = Calibration.fit(predict(newest), newest.labels, newest.weights)
        return lambda rows: scale.apply(predict(rows))

    return fitted


def _judge(name: str, fit: Fit, samples: Samples, folds: Sequence[Fold], told: Told) -> _Judged:
    began = time.monotonic()
    learn = fit if name in BASELINES else calibrated(fit)
    parts = []
    for number, fold in enumerate(folds, start=1):
        if name not in BASELINES:
            told(f"{name}: fold {number} of {len(folds)}, {len(fold.train)} decisions to learn from")
        parts.append(learn(samples.take(fold.train))(samples.take(fold.test)))
    return _Judged(name, _known(np.concatenate(parts)), time.monotonic() - began)


def _paths(samples: Samples, fit: Fit, name: str, told: Told) -> tuple[float, float]:
    """The lowest and highest Sharpe ratio over the paths of combinatorial purged cross-validation."""
    parts: dict[int, list[tuple[Ints, Floats]]] = {}
    folds = combinatorial(samples)
    for number, fold in enumerate(folds, start=1):
        told(f"{name}: combinatorial fold {number} of {len(folds)}")
        predict = calibrated(fit)(samples.take(fold.train))
        for block, path in zip(fold.tests, fold.paths, strict=True):
            parts.setdefault(path, []).append((block, _known(predict(samples.take(block)))))
    ratios = []
    for blocks in parts.values():
        blocks.sort(key=lambda part: int(part[0][0]))
        index = np.concatenate([found for found, _ in blocks])
        said = np.concatenate([found for _, found in blocks])
        ratios.append(earnings(samples.take(index), said).sharpe)
    return min(ratios), max(ratios)


@dataclass(frozen=True, slots=True)
class _Table:
    """What every row is judged by."""

    judged: Samples
    made: Mapping[str, Earnings]
    trials: list[float]
    reference: Floats
    spreads: Mapping[str, tuple[float, float]]

    def row(self, one: _Judged) -> Row:
        """A model's row, or that of a strategy that gives no probabilities."""
        if one.name in BASELINES and one.name not in PROBABILISTIC:
            return self.money(one.name)
        mine, theirs = (log_losses(said, self.judged.labels) for said in (one.probabilities, self.reference))
        gain = mean_interval(_by_day(self.judged, theirs - mine))
        found = quality(one.probabilities, self.judged.labels, self.judged.weights)
        return replace(self.money(one.name), quality=found, gain=gain, fit_s=one.fit_s)

    def money(self, name: str) -> Row:
        """What it earned."""
        made = self.made[name]
        return Row(
            name=name,
            quality=None,
            gain=None,
            earnings=made,
            sharpe=sharpe_interval(made.daily),
            daily=mean_interval(made.daily),
            probable=sharpe_probability(made.daily),
            deflated=sharpe_probability(made.daily, self.trials),
            spread=self.spreads.get(name),
        )


def _by_day(judged: Samples, values: Floats) -> Floats:
    """[days] mean of a figure over the decisions of each day that had any."""
    _, place = np.unique(judged.decided_ms // DAY_MS, return_inverse=True)
    return np.asarray(np.bincount(place, weights=values) / np.bincount(place), dtype=np.float64)


def _known(probabilities: Floats) -> Floats:
    """A model that cannot judge a decision says nothing of it: FLAT, all classes alike."""
    known = np.asarray(np.isfinite(probabilities).all(axis=1))
    return np.where(known[:, np.newaxis], probabilities, np.array([0.33, 0.34, 0.33]))


def _three(values: Floats) -> tuple[float, float, float]:
    down, flat, up = (float(value) for value in values)
    return down, flat, up
