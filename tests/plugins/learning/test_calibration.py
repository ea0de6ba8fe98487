"""Calibration: what is said becomes how often it happens, and never worse than saying nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.learning.calibration import Calibration
from plugins.learning.rows import Floats, Ints


def drawn(seed: int, count: int = 4000) -> tuple[Floats, Ints]:
    """True probabilities and what was drawn from them."""
    random = np.random.default_rng(seed)
    truth = random.dirichlet([2.0, 4.0, 2.0], count)
    labels = (random.random(count)[:, None] > truth.cumsum(axis=1)).sum(axis=1)
    return truth, labels.astype(np.int64)


def bent(truth: Floats, power: float, tilt: tuple[float, float, float]) -> Floats:
    """A member that is too sure (power above one) and leans to a side."""
    said = truth**power * np.array(tilt)
    return said / said.sum(axis=1, keepdims=True)


def loss(said: Floats, labels: Ints) -> float:
    return float(-np.log(said[np.arange(len(labels)), labels]).mean())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.4, 4.0), st.tuples(*[st.floats(0.3, 3.0)] * 3))
def test_finds_back_what_was_bent(seed: int, power: float, tilt: tuple[float, float, float]) -> None:
    """Overconfidence and a lean are taken back: the corrected figures are close to the true ones (E11)."""
    truth, labels = drawn(seed)
    said = bent(truth, power, tilt)
    found = Calibration.fit(said, labels, np.ones(len(labels)))
    right = found.apply(said)
    np.testing.assert_allclose(right.sum(axis=1), 1.0)
    assert np.abs(right - truth).mean() < 0.03
    assert loss(right, labels) <= loss(said, labels) + 1e-9


def test_a_member_that_knows_nothing_says_the_shares() -> None:
    """Noise, and the opposite of the truth, come out as the shares of the classes: no view worth having."""
    truth, labels = drawn(1)
    shares = np.bincount(labels) / len(labels)
    noise = np.random.default_rng(0).dirichlet([1.0, 1.0, 1.0], len(labels))
    for said in (noise, bent(truth, -1.0, (1.0, 1.0, 1.0))):
        right = Calibration.fit(said, labels, np.ones(len(labels))).apply(said)
        assert np.abs(right - shares).max() < 0.08


def test_no_prediction_stays_none() -> None:
    """A decision without coverage is neither fitted on nor answered."""
    truth, labels = drawn(2)
    truth[:100] = np.nan
    found = Calibration.fit(truth, labels, np.ones(len(labels)))
    assert found.fitted_on == 3900
    assert np.isnan(found.apply(truth)[:100]).all()
    assert Calibration.fit(truth[:100], labels[:100], np.ones(100)) == Calibration()


def test_the_identity_changes_nothing() -> None:
    """An unfitted calibration hands on what was said."""
    truth, _ = drawn(3, 50)
    assert Calibration().apply(truth) == pytest.approx(truth, abs=1e-5)
