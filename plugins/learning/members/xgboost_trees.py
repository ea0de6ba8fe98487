"""Gradient-boosted trees by XGBoost (Chen and Guestrin 2016, arXiv:1603.02754), kept in its own JSON format."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import xgboost as xgb
from xgboost.callback import TrainingCallback

from plugins.domain import MemberName
from plugins.learning.classes import Direction
from plugins.learning.members.protocol import FitReport, Labelled, Progress, Unloadable
from plugins.learning.members.weighing import class_weights, divided
from plugins.learning.rows import Floats, Rows

FILE = "model.json"
ROUNDS, PATIENCE = 300, 25
PARAMETERS: dict[str, Any] = {
    "objective": "multi:softprob",
    "num_class": len(Direction),
    "eval_metric": "mlogloss",
    "tree_method": "hist",
    "max_depth": 4,
    "eta": 0.06,
    "subsample": 0.7,
    "colsample_bytree": 0.7,
    "min_child_weight": 20.0,
    "lambda": 10.0,
    "max_bin": 128,
}


class XGBoostTrees:
    """Shallow trees, many of them, each a small step; a missing feature takes a branch of its own."""

    name: ClassVar[MemberName] = MemberName.XGBOOST
    length: ClassVar[int] = 1

    def __init__(self, booster: xgb.Booster | None = None) -> None:
        self._booster = booster

    def fit(self, samples: Labelled, *, seed: int, threads: int, progress: Progress) -> FitReport:
        """See Member."""
        began = time.monotonic()
        learn, held = divided(samples)
        booster = xgb.train(
            {**PARAMETERS, "seed": seed, "nthread": threads},
            _matrix(learn, threads),
            ROUNDS,
            evals=[(_matrix(held, threads), "held")],
            early_stopping_rounds=PATIENCE,
            verbose_eval=False,
            callbacks=[_Telling(progress)],
        )
        rounds = int(booster.best_iteration) + 1
        self._booster = _alone(booster[:rounds])
        return FitReport(len(learn), len(held), rounds, float(booster.best_score), time.monotonic() - began)

    def predict(self, rows: Rows) -> Floats:
        """See Member."""
        assert self._booster is not None, "neither fitted nor loaded"  # noqa: S101
        said = self._booster.inplace_predict(rows.values, missing=np.nan)
        return np.asarray(said, dtype=np.float64).reshape(len(rows), len(Direction))

    def save(self, folder: Path) -> None:
        """See Member."""
        assert self._booster is not None, "not fitted"  # noqa: S101
        self._booster.save_model(folder / FILE)

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> Self:
        """See Member."""
        booster = xgb.Booster({"nthread": threads})
        try:
            booster.load_model(folder / FILE)
            booster.set_param({"nthread": threads})
        except xgb.core.XGBoostError as error:
            first = str(error).strip().splitlines()[0]
            raise Unloadable(f"{folder / FILE} is no XGBoost model: {first}") from error
        return cls(booster)


class _Telling(TrainingCallback):
    """Tells how far a fit is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002 - the library's signature
        self._progress((epoch + 1) / ROUNDS)
        return False


def _matrix(samples: Labelled, threads: int) -> xgb.DMatrix:
    return xgb.DMatrix(
        samples.values,
        samples.labels,
        weight=class_weights(samples.labels, samples.weights),
        missing=np.nan,
        nthread=threads,
    )


def _alone(booster: xgb.Booster) -> xgb.Booster:
    """Without what early stopping noted beside the trees, which names a round that is no longer there."""
    booster.set_attr(best_iteration=None, best_score=None)
    return booster
