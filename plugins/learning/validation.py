"""Which samples may teach and which may judge, so that nothing judged was ever taught.

Splits are made over the moments of decision, which all symbols share, by skfolio: combinatorial purged
cross-validation for trees, walk-forward for nets (López de Prado, ch. 7 and 12). What is purged is the longest life of
a label, so that no label that teaches was still open when a judged decision was made, and the other way round; an
embargo follows each judged block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from plugins.learning.dataset import Samples
from plugins.learning.rows import AnyInts, Floats, Ints


@dataclass(frozen=True, slots=True)
class Fold:
    """Indices into samples. `tests` are blocks in order of time; `paths` says to which path each block belongs."""

    train: Ints
    tests: tuple[Ints, ...]
    paths: tuple[int, ...]

    @property
    def test(self) -> Ints:
        """All judged samples of the fold."""
        return np.concatenate(self.tests)


Predict = Callable[[Samples], Floats]
Fit = Callable[[Samples], Predict]
"""Learns from samples and returns what judges others: probabilities [n, 3] in Direction order."""


def combinatorial(samples: Samples, *, folds: int = 6, test_folds: int = 2, embargo: float = 0.01) -> list[Fold]:
    """All ways to judge `test_folds` of `folds` blocks by the rest; each sample is judged once in each path.

    `embargo` is a part of all moments. Raises ValueError when there is too little history for the purge.
    """
    from skfolio.model_selection import CombinatorialPurgedCV

    moments, of_sample = np.unique(samples.decided_ms, return_inverse=True)
    splitter = CombinatorialPurgedCV(
        n_folds=folds,
        n_test_folds=test_folds,
        purged_size=longest_life(samples),
        embargo_size=max(1, int(len(moments) * embargo)),
    )
    paths = splitter.get_path_ids()
    found = []
    for number, (train, tests) in enumerate(splitter.split(moments.reshape(-1, 1))):
        blocks = tuple(_samples_at(of_sample, block, len(moments)) for block in tests)
        found.append(
            Fold(_samples_at(of_sample, train, len(moments)), blocks, tuple(int(path) for path in paths[number]))
        )
    return found


def walk_forward(samples: Samples, *, folds: int = 3, embargo: float = 0.01) -> list[Fold]:
    """`folds` blocks at the end, each judged by what was learned from all before it, less purge and embargo.

    The first 40 % of all moments are never judged. Raises ValueError when there is too little history.
    """
    from skfolio.model_selection import WalkForward

    moments, of_sample = np.unique(samples.decided_ms, return_inverse=True)
    test_size = int(len(moments) * 0.6) // folds
    gap = longest_life(samples) + max(1, int(len(moments) * embargo))
    train_size = len(moments) - folds * test_size - gap
    if test_size < 1 or train_size < gap:
        raise ValueError(
            f"{len(moments)} moments of decision are too few for {folds} blocks with {gap} purged between; "
            "keep more history, or shorten the labels' horizon"
        )
    splitter = WalkForward(test_size=test_size, train_size=train_size, expand_train=True, purged_size=gap)
    return [
        Fold(_samples_at(of_sample, train, len(moments)), (_samples_at(of_sample, test, len(moments)),), (0,))
        for train, test in splitter.split(moments.reshape(-1, 1))
    ]


def longest_life(samples: Samples) -> int:
    """How many moments of decision, at most, lie between a decision and the end of its label."""
    moments = np.unique(samples.decided_ms)
    after = np.searchsorted(moments, samples.known_ms, side="left") - np.searchsorted(moments, samples.decided_ms)
    return int(after.max(initial=1))


def judged_paths(samples: Samples, folds: Sequence[Fold], fit: Fit) -> list[tuple[Ints, Floats]]:
    """Fit on each fold and judge its blocks; per path the indices judged, in order, and their probabilities."""
    parts: dict[int, list[tuple[Ints, Floats]]] = {}
    for fold in folds:
        predict = fit(samples.take(fold.train))
        for block, path in zip(fold.tests, fold.paths, strict=True):
            parts.setdefault(path, []).append((block, predict(samples.take(block))))
    return [_joined(parts[path]) for path in sorted(parts)]


def _joined(parts: list[tuple[Ints, Floats]]) -> tuple[Ints, Floats]:
    parts.sort(key=lambda part: int(part[0][0]) if len(part[0]) else 0)
    return np.concatenate([index for index, _ in parts]), np.concatenate([found for _, found in parts])


def _samples_at(of_sample: AnyInts, moments: AnyInts, count: int) -> Ints:
    wanted = np.zeros(count, dtype=bool)
    wanted[moments] = True
    return np.flatnonzero(wanted[of_sample]).astype(np.int64)
