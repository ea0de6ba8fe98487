"""Figures about probabilities and money, against second opinions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import log_loss

from plugins.learning.baselines import BASELINES
from plugins.learning.classes import Direction
from plugins.learning.dataset import Samples, build_samples
from plugins.learning.metrics import quality, reliability
from plugins.learning.strategy import (
    DAY_MS,
    TooShort,
    earnings,
    held,
    mean_interval,
    sharpe_interval,
    sharpe_probability,
)
from plugins.learning.validation import judged_paths, walk_forward
from tests.plugins.learning import planted
from tests.plugins.learning.conftest import history


@pytest.fixture(scope="module")
def edge() -> Samples:
    """A market in which there is something to learn."""
    return build_samples(planted.market_with_edge(2500), 3600, every_bars=2)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), n=st.integers(3, 30))
def test_quality_equals_the_textbook(data: st.DataObject, n: int) -> None:
    """Log loss as scikit-learn's, Brier score and accuracy as sums in plain Python."""
    raw = data.draw(hnp.arrays(np.float64, (n, 3), elements=st.floats(0.01, 1.0)))
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    labels = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    weights = data.draw(hnp.arrays(np.float64, n, elements=st.floats(0.1, 3.0)))
    found = quality(probabilities, labels, weights)
    assert found.log_loss == pytest.approx(log_loss(labels, probabilities, sample_weight=weights, labels=[0, 1, 2]))
    brier = sum(
        w * sum((p[c] - (c == y)) ** 2 for c in range(3))
        for p, y, w in zip(probabilities, labels, weights, strict=True)
    )
    assert found.brier == pytest.approx(brier / weights.sum())
    assert 0.0 <= found.ece <= 1.0


def test_calibrated_answers_have_no_calibration_error_and_sure_ones_have_much() -> None:
    """E11: always 0.98 and right half the time is an error of 0.48."""
    random = np.random.default_rng(1)
    up = random.uniform(0.4, 0.9, 40_000)
    probabilities = np.stack([(1 - up) / 2, (1 - up) / 2, up], axis=1)
    labels = np.where(random.random(len(up)) < up, 2, random.integers(0, 2, len(up)))
    assert quality(probabilities, labels).ece < 0.01
    sure = np.tile([0.01, 0.01, 0.98], (1000, 1))
    assert quality(sure, np.arange(1000) % 2 * 2).ece == pytest.approx(0.48, abs=1e-9)


def test_e13_what_is_no_probability_is_refused() -> None:
    """1.05 is not, nor is a row that sums to more than one, nor a missing one."""
    labels = np.zeros(2, dtype=np.int64)
    for row in ([1.05, -0.05, 0.0], [0.5, 0.5, 0.5], [np.nan, 0.5, 0.5]):
        with pytest.raises(ValueError, match="1 of 2 rows are no probabilities, the first is row 1"):
            quality(np.array([[0.2, 0.3, 0.5], row]), labels)


def test_e12_identical_answers_show_in_the_share_of_distinct_ones() -> None:
    """1,418 times 0.6150 is one answer."""
    same = np.tile([0.1925, 0.1925, 0.6150], (1418, 1))
    assert quality(same, np.zeros(1418, dtype=np.int64)).distinct == pytest.approx(1 / 1418)


def test_bins_of_reliability_hold_all_the_weight() -> None:
    """Nothing is lost between bins, not at the edges either."""
    probabilities = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.4, 0.3, 0.3]])
    bins = reliability(probabilities, np.array([0, 1, 2]), np.full(3, 1 / 3))
    assert sum(bin_.share for bin_ in bins) == pytest.approx(1.0)


def test_trades_of_a_symbol_never_overlap_and_earn_what_the_labels_say(edge: Samples) -> None:
    """Walked decision by decision in plain Python."""
    always_up = np.tile([0.1, 0.2, 0.7], (len(edge), 1))
    busy, net = dict.fromkeys(range(len(edge.symbols)), 0), []
    for i in range(len(edge)):
        if edge.decided_ms[i] >= busy[int(edge.place[i])]:
            busy[int(edge.place[i])] = int(edge.known_ms[i])
            net.append(float(edge.net_long[i]))
    found = earnings(edge, always_up)
    assert found.trades == len(net)
    assert found.mean_net == pytest.approx(np.mean(net))
    assert found.total == pytest.approx(sum(net) / len(edge.symbols))
    assert len(found.daily) == edge.known_ms.max() // DAY_MS - edge.decided_ms.min() // DAY_MS + 1


def test_flat_earns_nothing_and_holding_earns_the_market_less_costs(edge: Samples) -> None:
    """The two strategies that need no opinion."""
    flat = earnings(edge, BASELINES["always flat"](edge)(edge))
    assert (flat.trades, flat.total, flat.sharpe) == (0, 0.0, 0.0)
    one = build_samples({"AUSDT": history(900, seed=7, interval_s=3600)}, 3600)
    begin = np.searchsorted(one.closed_ms, one.decided_ms[0])
    end = np.searchsorted(one.closed_ms, one.known_ms.max())
    grown = np.prod(one.close[0, begin + 1 : end + 1] / one.close[0, begin:end])
    held_daily = held(one, cost=0.001).daily
    assert held_daily.sum() == pytest.approx(
        np.sum(np.diff(one.close[0, begin : end + 1]) / one.close[0, begin:end]) - 0.001
    )
    assert np.log(grown) == pytest.approx(np.log(one.close[0, end] / one.close[0, begin]))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """95 % intervals of a known mean, over 200 made-up years."""
    random = np.random.default_rng(3)
    hits = 0
    for seed in range(200):
        interval = mean_interval(random.normal(0.1, 1.0, 300), seed=seed, resamples=400)
        hits += interval.low <= 0.1 <= interval.high
    assert 175 <= hits <= 199


def test_no_edge_is_told_from_an_edge() -> None:
    """The interval of noise holds zero, that of a good strategy does not; few days give none at all."""
    random = np.random.default_rng(4)
    assert sharpe_interval(random.normal(0.0, 1.0, 400)).holds_zero
    assert not sharpe_interval(random.normal(0.3, 1.0, 400)).holds_zero
    assert sharpe_probability(random.normal(0.3, 1.0, 400)) > 0.99
    with pytest.raises(TooShort):
        sharpe_interval(np.ones(5))


def test_the_best_of_many_blind_trials_is_deflated() -> None:
    """A ratio that looks good alone is nothing when a hundred were tried."""
    random = np.random.default_rng(5)
    trials = [random.normal(0.0, 1.0, 250) for _ in range(100)]
    sharpes = [float(days.mean() / days.std()) for days in trials]
    best = trials[int(np.argmax(sharpes))]
    assert sharpe_probability(best) > 0.95
    assert sharpe_probability(best, sharpes) < 0.9


def test_the_planted_market_has_an_edge_for_the_honest_and_none_for_the_planted(edge: Samples) -> None:
    """So a gate that lets nobody through is found out as surely as one that lets a cheat through."""
    folds = walk_forward(edge)
    totals = {}
    for name, maker in {"honest": planted.honest, **planted.CHALLENGERS}.items():
        if name in {"leaky", "wrong scale"}:
            continue
        index, probabilities = judged_paths(edge, folds, maker(edge))[0]
        totals[name] = earnings(edge.take(index), probabilities).total
    best = totals.pop("honest")
    assert best > 0.5
    assert all(total < best / 2 for total in totals.values()), totals


def test_the_leaky_shines_on_what_it_has_seen_and_fails_on_the_rest(edge: Samples) -> None:
    """That is what makes it dangerous: no split of the known finds it."""
    seen = edge.take(np.arange(len(edge)) < len(edge) * 3 // 4)
    unseen = edge.take(np.arange(len(edge)) >= len(edge) * 3 // 4)
    predict = planted.leaky(seen)(seen)
    assert quality(predict(seen), seen.labels).accuracy > 0.99
    assert quality(predict(unseen), unseen.labels).accuracy < 0.45


def test_every_baseline_answers_with_probabilities(edge: Samples) -> None:
    """In Direction order, and the majority class gives the shares it saw."""
    for fit in BASELINES.values():
        quality(fit(edge)(edge), edge.labels)
    shares = BASELINES["majority class"](edge)(edge)[0]
    assert shares == pytest.approx([np.mean(edge.labels == direction) for direction in Direction])
