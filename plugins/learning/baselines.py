"""What every model must beat: strategies that learned nothing, or next to nothing."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from plugins.learning.classes import Direction
from plugins.learning.dataset import Samples
from plugins.learning.rows import Flags, Floats, Ints, Rows
from plugins.learning.validation import Fit, Predict

OVERSOLD, OVERBOUGHT = 0.30, 0.70


def always_flat(_samples: Samples) -> Predict:
    """Never trades."""
    return lambda rows: _certain(np.full(len(rows), int(Direction.FLAT)))


def majority_class(samples: Samples) -> Predict:
    """Gives each class the share it had in what was learned from; acts on the largest, always."""
    shares = samples.shares()
    return lambda rows: np.tile(shares, (len(rows), 1))


def momentum(_samples: Samples) -> Predict:
    """With the return of the last 48 bars."""
    return lambda rows: _sided(_column(rows, "return_48") > 0.0, _column(rows, "return_48") < 0.0)


def rsi_rule(_samples: Samples) -> Predict:
    """Long below 30, short above 70: the rule that trades while there is no model."""
    return lambda rows: _sided(_column(rows, "rsi_14") < OVERSOLD, _column(rows, "rsi_14") > OVERBOUGHT)


BASELINES: Mapping[str, Fit] = {
    "always flat": always_flat,
    "majority class": majority_class,
    "momentum": momentum,
    "RSI rule": rsi_rule,
}
"""By name; buy-and-hold needs no judgement and is `strategy.held`."""

PROBABILISTIC = frozenset({"majority class"})
"""Baselines whose answers are probabilities; the others are certain of everything, which no log loss forgives."""


def _column(rows: Rows, name: str) -> Floats:
    return np.asarray(rows.values[:, rows.schema.names.index(name)], dtype=np.float64)


def _sided(long: Flags, short: Flags) -> Floats:
    return _certain(np.where(long, int(Direction.UP), np.where(short, int(Direction.DOWN), int(Direction.FLAT))))


def _certain(directions: Ints) -> Floats:
    return np.eye(len(Direction))[directions]
