"""Gradient-boosted trees by LightGBM (Ke et al. 2017, "LightGBM: a highly efficient gradient boosting decision tree").

Leaf-wise growth instead of XGBoost's level-wise one, so the two err differently. Kept in its own text format.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar, Self

import lightgbm as lgb
import numpy as np

from plugins.domain import MemberName
from plugins.learning.classes import Direction
from plugins.learning.members.protocol import FitReport, Labelled, Progress, Unloadable
from plugins.learning.members.weighing import class_weights, divided
from plugins.learning.rows import Floats, Rows

FILE = "model.txt"
ROUNDS, PATIENCE = 300, 25
PARAMETERS: dict[str, Any] = {
    "objective": "multiclass",
    "num_class": len(Direction),
    "metric": "multi_logloss",
    "num_leaves": 15,
    "learning_rate": 0.05,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "feature_fraction": 0.7,
    "min_data_in_leaf": 100,
    "lambda_l2": 10.0,
    "max_bin": 127,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}


class LightGBMTrees:
    """Trees grown where they help most; a missing feature takes a branch of its own."""

    name: ClassVar[MemberName] = MemberName.LIGHTGBM
    length: ClassVar[int] = 1

    def __init__(self, booster: lgb.Booster | None = None, *, threads: int = 1) -> None:
        self._booster = booster
        self._threads = threads

    def fit(self, samples: Labelled, *, seed: int, threads: int, progress: Progress) -> FitReport:
        """See Member."""
        began = time.monotonic()
        learn, held = divided(samples)
        data = _dataset(learn)
        booster = lgb.train(
            {**PARAMETERS, "seed": seed, "num_threads": threads},
            data,
            ROUNDS,
            valid_sets=[_dataset(held, data)],
            valid_names=["held"],
            callbacks=[lgb.early_stopping(PATIENCE, verbose=False), lambda env: progress((env.iteration + 1) / ROUNDS)],
        )
        rounds = booster.best_iteration or booster.current_iteration()
        loss = float(booster.best_score["held"]["multi_logloss"])
        self._booster = lgb.Booster(model_str=booster.model_to_string(num_iteration=rounds))
        self._threads = threads
        return FitReport(len(learn), len(held), rounds, loss, time.monotonic() - began)

    def predict(self, rows: Rows) -> Floats:
        """See Member."""
        assert self._booster is not None, "neither fitted nor loaded"  # noqa: S101
        newest = rows.values.astype(np.float64)
        said = self._booster.predict(newest, num_threads=self._threads)
        return np.asarray(said, dtype=np.float64).reshape(len(rows), len(Direction))

    def save(self, folder: Path) -> None:
        """See Member."""
        assert self._booster is not None, "not fitted"  # noqa: S101
        (folder / FILE).write_text(self._booster.model_to_string(), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, *, threads: int = 1) -> Self:
        """See Member."""
        try:
            text = (folder / FILE).read_text(encoding="utf-8")
            return cls(lgb.Booster(model_str=text), threads=threads)
        except (lgb.basic.LightGBMError, ValueError, OSError) as error:
            raise Unloadable(f"{folder / FILE} is no LightGBM model: {error}") from error


def _dataset(samples: Labelled, reference: lgb.Dataset | None = None) -> lgb.Dataset:
    return lgb.Dataset(
        samples.values,
        samples.labels,
        weight=class_weights(samples.labels, samples.weights),
        reference=reference,
        params={"max_bin": PARAMETERS["max_bin"], "verbosity": -1},
    )
