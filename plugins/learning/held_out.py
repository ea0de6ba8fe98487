"""What a member says of decisions that it did not learn from, and how good that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np

from plugins.domain import MemberName
from plugins.learning.calibration import Calibration
from plugins.learning.classes import CLASS_ORDER
from plugins.learning.dataset import Samples
from plugins.learning.members import NETS, Untrainable, new_member
from plugins.learning.metrics import quality, require_probabilities
from plugins.learning.rows import Floats, Ints
from plugins.learning.validation import Fold, combinatorial, judged_paths, walk_forward

Told = Callable[[MemberName, str, float], None]
"""Told which member is at which stage, and the part of that member's training that is done."""


def untold(_member: MemberName, _stage: str, _done: float) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Course:
    """How thoroughly to judge: trees by combinatorial folds, nets, which take longer, by walking forward."""

    blocks: int = 4
    judged_blocks: int = 2
    steps: int = 3
    seed: int = 1
    threads: int = 1


def held_out(samples: Samples, name: MemberName, course: Course, told: Told = untold) -> tuple[Ints, Floats]:
    """Indices of decisions and what a member that had not learned from them said, averaged over its fits."""
    folds = folds_of(samples, name, course)
    done = iter(range(len(folds)))

    def fit(part: Samples) -> Callable[[Samples], Floats]:
        member, fold = new_member(name), next(done)
        share = 1 / (len(folds) + 1)
        member.fit(
            part,
            seed=course.seed,
            threads=course.threads,
            progress=lambda part_done: told(name, f"fold {fold + 1} of {len(folds)}", (fold + part_done) * share),
        )
        return member.predict

    return _averaged(judged_paths(samples, folds, fit), len(samples))


def folds_of(samples: Samples, name: MemberName, course: Course) -> list[Fold]:
    """Raises ValueError when there is too little history."""
    if name in NETS:
        return walk_forward(samples, folds=course.steps)
    return combinatorial(samples, folds=course.blocks, test_folds=course.judged_blocks)


def _averaged(paths: list[tuple[Ints, Floats]], count: int) -> tuple[Ints, Floats]:
    """Over the paths on which a decision was judged; those that nobody could judge are left out."""
    total, times = np.zeros((count, len(CLASS_ORDER))), np.zeros(count)
    for index, said in paths:
        known = np.isfinite(said).all(axis=1)
        np.add.at(total, index[known], said[known])
        np.add.at(times, index[known], 1.0)
    judged = np.flatnonzero(times)
    return judged, total[judged] / times[judged, np.newaxis]


def metrics_of(judged: Samples, said: Floats) -> dict[str, float]:
    """Of what was said of decisions that were held out, calibrated on the half that it is not judged on.

    Raises ValueError for what is no probability: calibration would make one of it, and hide a wrong scale.
    """
    require_probabilities(said)
    calibrated, prior = cross_calibrated(judged, said)
    found = {key: float(value) for key, value in asdict(quality(calibrated, judged.labels, judged.weights)).items()}
    known_nothing = quality(prior, judged.labels, judged.weights).log_loss
    return {**found, "prior_log_loss": known_nothing, "skill": 1 - found["log_loss"] / known_nothing}


def cross_calibrated(judged: Samples, said: Floats) -> tuple[Floats, Floats]:
    """What was said, calibrated on the half that it is not judged on; and what knowing nothing says, alike."""
    if not len(judged):
        raise Untrainable("no decision could be judged out of sample")
    half = len(judged) // 2
    halves = [np.arange(half), np.arange(half, len(judged))]
    calibrated, prior = np.empty_like(said), np.empty_like(said)
    for mine, other in (halves, halves[::-1]):
        labels, weights = judged.labels[other], judged.weights[other]
        calibrated[mine] = Calibration.fit(said[other], labels, weights).apply(said[mine])
        prior[mine] = Calibration.prior(labels, weights).apply(said[mine])
    return calibrated, prior
