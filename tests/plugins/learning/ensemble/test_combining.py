"""The ensemble: weights that are used and add up, and everybody who did not vote by name."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.domain import CONFIDENCE, MemberName, Source, Standing, View
from plugins.learning.ensemble import (
    Ballot,
    Recent,
    ViewRules,
    combined,
    equal_weights,
    normalised,
    view_of_probabilities,
)

SCALE = CONFIDENCE[Source.ENSEMBLE]
parts = st.floats(0.01, 1.0)


def voted(member: MemberName, *said: tuple[float, float, float]) -> Ballot:
    return Ballot(member, Standing.VOTED, np.array(said), artefact="a")


def absent(member: MemberName, standing: Standing = Standing.LATE) -> Ballot:
    return Ballot(member, standing, reason="why")


@st.composite
def ballots(draw: st.DrawFn) -> list[Ballot]:
    found = []
    for member in MemberName:
        if draw(st.booleans()):
            said = np.array(draw(st.tuples(parts, parts, parts)))
            found.append(voted(member, tuple(said / said.sum())))
        else:
            found.append(
                absent(member, draw(st.sampled_from([each for each in Standing if each is not Standing.VOTED])))
            )
    return found


@settings(max_examples=80, deadline=None)
@given(ballots(), st.lists(st.floats(0, 5), min_size=4, max_size=4).filter(lambda w: sum(w) > 0.1))
def test_e14_the_weights_of_those_who_vote_add_up_to_one(given_: list[Ballot], raw: list[float]) -> None:
    """E9, E14: whatever is absent, the weights used sum to one, and the verdict is exactly their weighted mean."""
    weights = normalised(dict(zip(MemberName, raw, strict=True)))
    (verdict,) = combined(["BTCUSDT"], given_, weights)
    assert [vote.member for vote in verdict.votes] == list(MemberName)
    using = [vote for vote in verdict.votes if vote.standing is Standing.VOTED]
    if not using:
        assert verdict.probabilities is None
        return
    assert sum(vote.weight for vote in verdict.votes) == pytest.approx(1.0)
    mean = sum(vote.weight * np.array(vote.probabilities) for vote in using)
    assert verdict.probabilities == pytest.approx(tuple(mean))
    assert 0.0 <= verdict.agreement <= 1.0
    for vote in verdict.votes:
        assert vote.standing is Standing.VOTED or (vote.weight == 0.0 and vote.reason)
        assert vote.weight == 0.0 or vote.weight >= weights[vote.member] - 1e-12


def test_e5_no_coverage_of_one_symbol_is_of_that_symbol() -> None:
    """E5: a net without history for one of two symbols votes on the other."""
    nan = (np.nan,) * 3
    both = [voted(MemberName.XGBOOST, (0.2, 0.3, 0.5), (0.2, 0.3, 0.5)), voted(MemberName.N_HITS, nan, (0.6, 0.3, 0.1))]
    first, second = combined(["A", "B"], both, equal_weights())
    assert [vote.standing for vote in first.votes] == [Standing.VOTED, Standing.NO_COVERAGE]
    assert first.probabilities == pytest.approx((0.2, 0.3, 0.5))
    assert second.probabilities == pytest.approx((0.4, 0.3, 0.3))
    assert (first.agreement, second.agreement) == (1.0, 0.5)


@pytest.mark.parametrize("said", [(0.0, -0.05, 1.05), (0.5, 0.5, 0.5), (np.inf, 0.0, 0.0), (0.5, np.nan, 0.5)])
def test_e13_what_is_no_probability_does_not_count(said: tuple[float, float, float]) -> None:
    """E13: 1.05, a sum of 1.5, infinity: a named row, not a confidence."""
    (verdict,) = combined(["A"], [voted(MemberName.LIGHTGBM, said), absent(MemberName.XGBOOST)], equal_weights())
    assert verdict.probabilities is None
    assert [vote.standing for vote in verdict.votes] == [Standing.DEGENERATE, Standing.LATE]


def test_weight_zero_is_heard_but_does_not_count() -> None:
    """A member that was given no weight is shown with what it said."""
    pair = [voted(MemberName.XGBOOST, (0.2, 0.3, 0.5)), voted(MemberName.LIGHTGBM, (0.9, 0.05, 0.05))]
    (verdict,) = combined(["A"], pair, {MemberName.XGBOOST: 1.0})
    assert verdict.votes[1].standing is Standing.NO_WEIGHT
    assert verdict.votes[1].probabilities == (0.9, 0.05, 0.05)
    assert verdict.probabilities == (0.2, 0.3, 0.5)


@pytest.mark.parametrize(
    "weights", [{}, {MemberName.XGBOOST: -1.0}, {MemberName.XGBOOST: 0.0}, {MemberName.XGBOOST: np.nan}]
)
def test_senseless_weights_are_refused(weights: dict[MemberName, float]) -> None:
    """Negative, none, or not a number."""
    with pytest.raises(ValueError, match="weights"):
        normalised(weights)


@settings(max_examples=80, deadline=None)
@given(st.tuples(parts, parts, parts))
def test_e7_e21_confidence_is_a_probability_on_its_scale_and_no_chance(raw: tuple[float, float, float]) -> None:
    """E7, E21: confidence is the calibrated probability of the side taken, never above 0.95, and the same each time."""
    total = sum(raw)
    said = (raw[0] / total, raw[1] / total, raw[2] / total)
    view, confidence = view_of_probabilities(said, ViewRules())
    assert (view, confidence) == view_of_probabilities(said, ViewRules())
    if view is View.NEUTRAL:
        assert confidence == 0
        return
    likely = said[2] if view is View.LONG else said[0]
    assert likely == max(said[0], said[2])
    assert SCALE.lowest <= confidence <= SCALE.highest
    assert abs(confidence - min(Decimal(likely), SCALE.highest)) < Decimal("0.0001")


def test_a_side_is_a_view_only_by_a_margin() -> None:
    """Neither a small probability nor a near tie is a view."""
    rules = ViewRules(least=0.4, margin=0.1)
    assert view_of_probabilities((0.1, 0.4, 0.5), rules)[0] is View.LONG
    assert view_of_probabilities((0.5, 0.4, 0.1), rules)[0] is View.SHORT
    assert view_of_probabilities((0.3, 0.31, 0.39), rules)[0] is View.NEUTRAL
    assert view_of_probabilities((0.45, 0.15, 0.4), rules)[0] is View.NEUTRAL


def test_e12_a_member_that_repeats_itself_is_found() -> None:
    """E11, E12, E17: constants, hardly varying figures and one side only; too few predictions say nothing."""
    random = np.random.default_rng(0)
    fine = Recent()
    fine.add(random.dirichlet([3, 5, 3], 400))
    assert fine.fault() is None
    for said, word in (
        (np.full((400, 3), [0.2, 0.185, 0.615]), "differ"),
        (np.array([0.3, 0.4, 0.3]) + random.normal(0, 2e-4, (400, 3)) @ np.diag([1, 0, 1]), "hardly vary"),
        (random.dirichlet([5, 5, 500], 400), "say up"),
    ):
        recent = Recent()
        recent.add(said[:200])
        assert recent.fault() is None
        recent.add(said[200:])
        fault = recent.fault()
        assert fault is not None
        assert word in fault
        recent.clear()
        assert recent.fault() is None


def test_a_member_that_recovered_is_heard_again() -> None:
    """Old predictions are forgotten."""
    recent, random = Recent(), np.random.default_rng(1)
    for _ in range(10):
        recent.add(np.full((100, 3), 1 / 3))
    assert recent.fault() is not None
    for _ in range(30):
        recent.add(random.dirichlet([3, 5, 3], 100))
    assert recent.fault() is None
