"""Splits: nobody is judged by what taught him, shown without trusting the library that splits."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from plugins.learning.dataset import Samples, build_samples
from plugins.learning.labels import Barriers
from plugins.learning.validation import Fold, combinatorial, judged_paths, longest_life, walk_forward
from tests.plugins.learning.conftest import history


@pytest.fixture(scope="module")
def samples() -> Samples:
    """Three symbols of unlike length, labels of at most twelve bars."""
    histories = {"AUSDT": history(900, seed=1), "BUSDT": history(700, seed=2), "CUSDT": history(900, seed=3)}
    return build_samples(histories, 60, barriers=Barriers(horizon_bars=12))


def overlaps(samples: Samples, fold: Fold) -> int:
    """How many pairs of a teaching and a judged label lived at the same time; counted the slow way."""
    count = 0
    for block in fold.tests:
        begin, end = samples.decided_ms[block].min(), samples.known_ms[block].max()
        first, last = samples.decided_ms[fold.train], samples.known_ms[fold.train]
        count += int(((first < end) & (last > begin)).sum())
    return count


def test_no_teaching_label_lives_while_a_judged_one_does(samples: Samples) -> None:
    """In every fold of both kinds, whatever the symbol."""
    folds = combinatorial(samples) + walk_forward(samples)
    assert [overlaps(samples, fold) for fold in folds] == [0] * len(folds)
    assert all(len(fold.train) > 0 for fold in folds)


def test_combinatorial_splits_are_what_brute_force_gives(samples: Samples) -> None:
    """Every pair of six blocks judges once; the rest less purge and embargo teaches."""
    moments = np.unique(samples.decided_ms)
    count, size, purge = len(moments), len(moments) // 6, longest_life(samples)
    embargo = max(1, int(count * 0.01))
    block_of = np.minimum(np.arange(count) // size, 5)
    expected = []
    for pair in combinations(range(6), 2):
        judged = {i for i in range(count) if block_of[i] in pair}
        away = set(judged)
        for i in judged:
            if i - 1 not in judged:
                away |= set(range(i - purge, i))
            if i + 1 not in judged:
                away |= set(range(i + 1, i + 1 + purge + embargo))
        teaching = {int(moments[i]) for i in range(count) if i not in away}
        expected.append((teaching, {int(moments[i]) for i in judged}))
    found = [
        (set(samples.decided_ms[fold.train].tolist()), set(samples.decided_ms[fold.test].tolist()))
        for fold in combinatorial(samples)
    ]
    assert len(found) == 15
    assert found == expected


def test_each_path_judges_each_sample_once(samples: Samples) -> None:
    """Five paths of six blocks and two judged."""
    paths = judged_paths(samples, combinatorial(samples), lambda _: lambda rows: np.full((len(rows), 3), 1 / 3))
    assert len(paths) == 5
    for index, probabilities in paths:
        np.testing.assert_array_equal(index, np.arange(len(samples)))
        assert probabilities.shape == (len(samples), 3)


def test_walk_forward_teaches_only_from_the_past(samples: Samples) -> None:
    """Three blocks in a row, each after all that teaches, each judged once; the teaching part grows."""
    folds = walk_forward(samples)
    assert len(folds) == 3
    for fold in folds:
        assert samples.known_ms[fold.train].max() <= samples.decided_ms[fold.test].min()
    sizes = [len(fold.train) for fold in folds]
    assert sizes == sorted(sizes)
    judged = np.concatenate([fold.test for fold in folds])
    assert len(np.unique(judged)) == len(judged)


def test_too_little_history_is_said_so(samples: Samples) -> None:
    """Rather than judged by next to nothing."""
    few = samples.take(samples.decided_ms < np.unique(samples.decided_ms)[40])
    with pytest.raises(ValueError, match="too few for 3 blocks"):
        walk_forward(few)
