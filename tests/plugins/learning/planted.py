"""Challengers that must never be promoted, and one that should be.

Each is made as its namesake went wrong in the original (research ids E4 … E21 in the docstrings). `CHALLENGERS` maps a
name to a maker; a maker takes all samples there are (a cheat looks at those it will be judged by) and returns a `Fit`,
as `plugins.learning.validation` uses it. The market has a real, learnable edge (`market_with_edge`), so that a gate
that refuses everybody is found out by the honest learner; `market_without` has none, and nobody is to be promoted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from plugins.learning.classes import Direction
from plugins.learning.dataset import Samples
from plugins.learning.features import History
from plugins.learning.rows import Floats, Rows
from plugins.learning.validation import Fit, Predict

START_MS = 1_735_689_600_000
HOUR_MS = 3_600_000

Maker = Callable[[Samples], Fit]


def market_with_edge(bars: int = 4000, *, symbols: int = 4, seed: int = 5, pull: float = 0.9) -> dict[str, History]:
    """Hourly bars whose drift follows a slow hidden state: the recent past tells the near future, beyond costs."""
    random = np.random.default_rng(seed)
    made = {}
    for index in range(symbols):
        state, states = 0.0, np.empty(bars)
        for bar in range(bars):
            state = 0.97 * state + random.normal(0, 0.25)
            states[bar] = state
        steps = pull * 0.004 * np.tanh(states) + random.normal(0, 0.004, bars)
        made[f"P{index}USDT"] = _bars(steps, random)
    return made


def market_without(bars: int = 4000, *, symbols: int = 4, seed: int = 6) -> dict[str, History]:
    """The same without the hidden state: nothing to learn."""
    return market_with_edge(bars, symbols=symbols, seed=seed, pull=0.0)


def honest(_all: Samples) -> Fit:
    """A plain multinomial regression that learns from what it is given and nothing else: this one may be promoted."""

    def fit(train: Samples) -> Predict:
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        model = make_pipeline(
            SimpleImputer(keep_empty_features=True),
            StandardScaler(),
            LogisticRegression(max_iter=200, C=0.01, tol=1e-3),
        )
        model.fit(train.values, train.labels)
        present = model[-1].classes_

        def predict(rows: Rows) -> Floats:
            found = np.zeros((len(rows), len(Direction)))
            found[:, present] = model.predict_proba(rows.values)
            return found

        return predict

    return fit


def leaky(everything: Samples) -> Fit:
    """Knows the outcome of every recorded decision by heart and no other: brilliant on folds, noise live."""
    known = dict(zip(_keys(everything), everything.labels, strict=True))
    random = np.random.default_rng(0)

    def predict(rows: Rows) -> Floats:
        found = random.dirichlet(np.ones(len(Direction)), len(rows))
        for row, key in enumerate(_keys(rows)):
            if key in known:
                found[row] = 0.04
                found[row, known[key]] = 0.92
        return found

    return lambda _train: predict


def biased(_all: Samples) -> Fit:
    """E4: 81 % of its answers are DOWN, whatever the market does."""

    def predict(rows: Rows) -> Floats:
        random = np.random.default_rng(len(rows))
        down = random.random(len(rows)) < 0.81
        strength = random.uniform(0.45, 0.7, len(rows))
        found = np.repeat(((1 - strength) / 2)[:, np.newaxis], len(Direction), axis=1)
        found[np.arange(len(rows)), np.where(down, Direction.DOWN, Direction.UP)] = strength
        return found

    return lambda _train: predict


def stale(everything: Samples) -> Fit:
    """E2, D4: an honest learner that answers with what it thought of each row's features 100 decisions ago."""

    def fit(train: Samples) -> Predict:
        predict = honest(everything)(train)
        return lambda rows: np.roll(predict(rows), 100 * max(1, len(everything.symbols)), axis=0)

    return fit


def constant(_all: Samples) -> Fit:
    """E12: the same 0.6150 for all."""
    return lambda _train: lambda rows: np.tile([0.1925, 0.1925, 0.6150], (len(rows), 1))


def overconfident(_all: Samples) -> Fit:
    """E11: always 0.98 sure, of a side drawn from its features' noise."""

    def predict(rows: Rows) -> Floats:
        found = np.full((len(rows), len(Direction)), 0.01)
        noise = np.nan_to_num(rows.values[:, 0]) * 1e6 % 2 < 1
        found[np.arange(len(rows)), np.where(noise, Direction.UP, Direction.DOWN)] = 0.98
        return found

    return lambda _train: predict


def collapsed(_all: Samples) -> Fit:
    """E16: all FLAT."""
    return lambda _train: lambda rows: np.tile([0.01, 0.98, 0.01], (len(rows), 1))


def swapped(everything: Samples) -> Fit:
    """E17 and the two class maps: an honest learner whose UP and DOWN columns are the other way round."""

    def fit(train: Samples) -> Predict:
        predict = honest(everything)(train)
        return lambda rows: predict(rows)[:, ::-1]

    return fit


def wrong_scale(everything: Samples) -> Fit:
    """E13: an honest learner's answers on a scale of their own, up to 1.05 and more."""

    def fit(train: Samples) -> Predict:
        predict = honest(everything)(train)
        return lambda rows: predict(rows) * 1.25 + 0.05

    return fit


CHALLENGERS: Mapping[str, Maker] = {
    "leaky": leaky,
    "biased": biased,
    "stale": stale,
    "constant": constant,
    "overconfident": overconfident,
    "collapsed": collapsed,
    "swapped classes": swapped,
    "wrong scale": wrong_scale,
}
"""None of these may ever be promoted."""


def _keys(rows: Rows) -> list[bytes]:
    return [row.tobytes() for row in np.ascontiguousarray(rows.values)]


def _bars(steps: Floats, random: np.random.Generator) -> History:
    bars = len(steps)
    close = 20.0 * np.exp(np.cumsum(steps))
    open_ = np.concatenate([[20.0], close[:-1]])
    return History(
        opened_ms=START_MS + np.arange(bars, dtype=np.int64) * HOUR_MS,
        columns={
            "open": open_,
            "high": np.maximum(open_, close) * (1 + random.random(bars) * 0.002),
            "low": np.minimum(open_, close) * (1 - random.random(bars) * 0.002),
            "close": close,
            "volume": random.lognormal(3, 0.5, bars),
        },
        funding_ms=np.array([], dtype=np.int64),
        funding_rate=np.array([], dtype=np.float64),
    )
