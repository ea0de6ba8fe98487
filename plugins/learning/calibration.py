"""From what a member says to how often it is right: temperature scaling with a bias for each class.

Guo et al. 2017 (arXiv:1706.04599) for the temperature, Alexandari et al. 2020 (arXiv:1901.06852) for the biases, which
also undo the class weights of the fit. Four numbers, so a few hundred decisions that were held out are enough, and the
order of two decisions can only change where their classes differ in prior.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from plugins.learning.classes import Direction
from plugins.learning.rows import Floats, Ints

SURE = 1e-6
"""Probabilities are kept this far from zero, so that their logarithm exists."""
STEPS, ENOUGH = 100, 1e-9
STIFFNESS = 1e-3
"""Pull towards saying nothing new, so that a class that was never seen does not get a bias without end."""


class Calibration(BaseModel):
    """softmax(log p / temperature + bias); the identity by default."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    temperature: float = Field(default=1.0, gt=0)
    bias: tuple[float, float, float] = (0.0, 0.0, 0.0)
    fitted_on: int = Field(default=0, ge=0, description="held-out decisions it was fitted on; 0: not fitted")

    def apply(self, said: Floats) -> Floats:
        """[n, 3] probabilities to calibrated ones; rows of NaN stay as they are."""
        logits = np.log(np.clip(said, SURE, 1.0)) / self.temperature + np.array(self.bias)
        return _softmax(logits)

    @classmethod
    def fit(cls, said: Floats, labels: Ints, weights: Floats) -> Self:
        """The least weighted log loss on decisions that the member was not trained on.

        Newton's method on a convex function of (1 / temperature, biases). Decisions without a prediction are left out.
        """
        known = np.isfinite(said).all(axis=1)
        if not known.any():
            return cls()
        problem = _Problem.of(np.log(np.clip(said[known], SURE, 1.0)), labels[known], weights[known])
        found = problem.solved()
        slope, bias = float(found[0]), found[1:] - found[1:].mean()
        if slope <= SURE:
            return cls.prior(labels[known], weights[known])
        return cls(temperature=1.0 / slope, bias=_three(bias), fitted_on=int(known.sum()))

    @classmethod
    def prior(cls, labels: Ints, weights: Floats) -> Self:
        """For a member that knows nothing, or the opposite of the truth: the shares of the classes, always."""
        shares = np.bincount(labels, weights=weights, minlength=len(Direction)) / weights.sum()
        return cls(temperature=1.0 / SURE, bias=_three(np.log(np.clip(shares, SURE, 1.0))), fitted_on=len(labels))


@dataclass(frozen=True, slots=True)
class _Problem:
    """Logits are features @ parameters: slope times log probability, plus a bias for each class."""

    features: Floats
    target: Floats
    weights: Floats

    @classmethod
    def of(cls, logs: Floats, labels: Ints, weights: Floats) -> _Problem:
        count, classes = logs.shape
        one_hot = np.broadcast_to(np.eye(classes), (count, classes, classes))
        features = np.concatenate([logs[:, :, None], one_hot], axis=2)
        return cls(features, np.eye(classes)[labels], weights / weights.sum())

    def solved(self) -> Floats:
        start = np.array([1.0, 0.0, 0.0, 0.0])
        found, loss = start, self._loss(start, start)
        for _ in range(STEPS):
            step = self._step(found, start)
            size = 1.0
            while (trial := self._loss(found - size * step, start)) > loss and size > SURE:
                size /= 2
            if loss - trial < ENOUGH:
                return found
            found, loss = found - size * step, trial
        return found

    def _loss(self, at: Floats, start: Floats) -> float:
        said = _softmax(self.features @ at)
        entropy = -(np.log(np.clip(said, 1e-300, 1.0)) * self.target).sum(axis=1)
        return float(self.weights @ entropy + STIFFNESS / 2 * ((at - start) ** 2).sum())

    def _step(self, at: Floats, start: Floats) -> Floats:
        said = _softmax(self.features @ at)
        slope = np.einsum("n,nkp,nk->p", self.weights, self.features, said - self.target)
        spread = np.einsum("n,nk,nkp,nkq->pq", self.weights, said, self.features, self.features, optimize=True)
        mean = np.einsum("nk,nkp->np", said, self.features)
        curve = spread - np.einsum("n,np,nq->pq", self.weights, mean, mean, optimize=True)
        pull = STIFFNESS * np.eye(len(at))
        return np.asarray(np.linalg.solve(curve + pull, slope + STIFFNESS * (at - start)), dtype=np.float64)


def _softmax(logits: Floats) -> Floats:
    lifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(lifted / lifted.sum(axis=1, keepdims=True), dtype=np.float64)


def _three(values: Floats) -> tuple[float, float, float]:
    down, flat, up = (float(value) for value in values)
    return down, flat, up
