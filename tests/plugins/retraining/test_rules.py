"""What becomes of a trained model: by figures, each ruling with its reason; and none of the planted ones passes."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.learning.calibration import Calibration
from plugins.learning.dataset import Samples, build_samples
from plugins.learning.held_out import metrics_of
from plugins.learning.labels import Barriers
from plugins.learning.rows import Floats
from plugins.learning.validation import judged_paths, walk_forward
from plugins.retraining.comparing import Comparison, compared
from plugins.retraining.condition import Reading, findings_of
from plugins.retraining.record import Record
from plugins.retraining.rules import Gate, Ruling, as_canary, in_shadow, on_folds
from plugins.retraining.triggers import HOUR_MS, Facts, Reasons, due
from tests.plugins.learning.planted import CHALLENGERS, Maker, honest, market_with_edge

GATE = Gate(shadow_decisions=200, canary_decisions=400)
GOOD = {"distinct": 0.9, "ece": 0.03, "skill": 0.02, "log_loss": 1.0}
HORIZON_MS = 24 * HOUR_MS


def comparison(gain: float, low: float, high: float, *, decisions: int = 500, blocks: int = 20) -> Comparison:
    return Comparison(decisions=decisions, blocks=blocks, gain=gain, low=low, high=high)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"distinct": 0.001}, "knows nothing"),
        ({"ece": 0.4}, "cannot be meant"),
        ({"skill": -0.01}, "no better than knowing nothing"),
        ({"skill": 0.6}, "too good to be true"),
    ],
)
def test_what_cannot_be_is_rejected(changed: dict[str, float], words: str) -> None:
    """Whatever it is compared with."""
    for against in (None, comparison(0.1, 0.05, 0.2)):
        ruled = on_folds({**GOOD, **changed}, against, GATE)
        assert ruled.ruling is Ruling.REJECT
        assert words in ruled.reason


def test_the_first_of_its_kind_votes_at_once_and_later_ones_must_show_themselves() -> None:
    """Without a champion it is promoted; with one it goes to shadow, or nowhere when it is surely worse."""
    assert on_folds(GOOD, None, GATE).ruling is Ruling.PROMOTE
    assert on_folds(GOOD, comparison(0.1, 0.05, 0.2), GATE).ruling is Ruling.SHADOW
    assert on_folds(GOOD, comparison(-0.1, -0.2, -0.05), GATE).ruling is Ruling.KEEP


def test_live_decisions_decide_about_a_challenger() -> None:
    """Too few: wait. Surely better: promote. Better: on probation. Else the champion stays."""
    assert in_shadow(comparison(0.1, 0.05, 0.2, decisions=100), GATE).ruling is Ruling.WAIT
    assert in_shadow(comparison(0.1, 0.05, 0.2, blocks=2), GATE).ruling is Ruling.WAIT
    assert in_shadow(comparison(0.1, 0.05, 0.2), GATE).ruling is Ruling.PROMOTE
    assert in_shadow(comparison(0.1, -0.05, 0.2), GATE).ruling is Ruling.CANARY
    assert in_shadow(comparison(-0.1, -0.2, 0.05), GATE).ruling is Ruling.KEEP


def test_a_canary_that_is_worse_goes_back() -> None:
    """At once when that is sure, at the end of its probation when it is only so."""
    assert as_canary(comparison(-0.1, -0.2, -0.05, decisions=100), GATE).ruling is Ruling.ROLL_BACK
    assert as_canary(comparison(-0.1, -0.2, 0.05, decisions=100), GATE).ruling is Ruling.WAIT
    assert as_canary(comparison(-0.1, -0.2, 0.05), GATE).ruling is Ruling.ROLL_BACK
    assert as_canary(comparison(0.1, -0.2, 0.05), GATE).ruling is Ruling.CONFIRM


@given(st.floats(-1, 1), st.floats(0, 1), st.integers(0, 1000), st.integers(0, 50))
def test_nothing_is_promoted_that_is_not_surely_better(gain: float, width: float, decisions: int, blocks: int) -> None:
    """Whatever the figures: promotion needs enough decisions and an interval above zero."""
    found = comparison(gain, gain - width, gain + width, decisions=decisions, blocks=blocks)
    if in_shadow(found, GATE).ruling is Ruling.PROMOTE:
        assert found.low > 0
        assert decisions >= GATE.shadow_decisions


def test_e15_a_drift_that_lasts_is_a_reason_to_train_and_not_only_a_line_in_a_log() -> None:
    """Within the pause of the last training it waits; after it the training begins for that reason."""
    drifting = Facts(HOUR_MS * 10, (), HOUR_MS * 9, 0, "the stream of ensemble has changed", "")
    reasons = Reasons(every_h=24, least_trades=50, pause_h=2)
    assert due(drifting, reasons) == ""
    assert due(replace(drifting, now_ms=HOUR_MS * 11), reasons) == "the stream of ensemble has changed"


def reading(**given: object) -> Reading:
    idle = {"record": Record(), "last": None, "stage": None, "working_on": "", "due": "", "waits": "", "due_for_s": 0.0}
    return Reading(**{**idle, "patience_s": 70.0, "failure": "", "starved": "", **given})  # type: ignore[arg-type]


def test_e25_a_training_that_is_due_and_that_nobody_begins_is_found() -> None:
    """A scheduler that says "running" is no training: what is due and not begun is told, with reason and time."""
    why = "50 trades have closed since the last training"
    assert findings_of(reading(due=why, due_for_s=60.0)) == []
    assert findings_of(reading(due=why, due_for_s=600.0, working_on="training")) == []
    (found,) = findings_of(reading(due=why, due_for_s=600.0))
    assert (found.code, found.evidence["due_for_s"]) == ("QT-RETRAINING-OVERDUE", 600)
    assert why in found.summary


def test_reasons_to_train() -> None:
    """The first training, age, closed trades, doubt and a person; never again at once, but for a person."""
    reasons = Reasons(every_h=24, least_trades=50, pause_h=1)

    def why(**given: object) -> str:
        facts = {"now_ms": 100 * HOUR_MS, "untrained": ("xgboost",), "trained_ms": 98 * HOUR_MS, "closed_trades": 0}
        return due(Facts(**{**facts, "doubt": "", "asked": "", **given}), reasons)  # type: ignore[arg-type]

    assert why() == ""
    assert "nothing has been trained yet" in why(trained_ms=None)
    assert "50 trades have closed" in why(closed_trades=50)
    assert "30 h of market time ago" in why(trained_ms=70 * HOUR_MS)
    assert why(doubt="the calibration is off") == "the calibration is off"
    just_now = {"trained_ms": 100 * HOUR_MS - 1, "closed_trades": 99, "doubt": "x"}
    assert why(**just_now) == ""
    assert why(**just_now, asked="I want it") == "I want it"


@pytest.fixture(scope="module")
def market() -> Samples:
    """A market in which there is something to learn, beyond costs."""
    return build_samples(market_with_edge(1600), 3600, barriers=Barriers(), every_bars=2)


def promoted(maker: Maker, samples: Samples) -> bool:
    """Whether a challenger passes folds and shadow against an honest champion that learned from the first third."""
    moments = np.unique(samples.decided_ms)
    first, last = moments[len(moments) // 3], moments[len(moments) * 3 // 4]
    past, live = samples.take(samples.known_ms < last), samples.take(samples.decided_ms > last)
    champion = honest(past)(samples.take(samples.known_ms < first))
    try:
        index, said = judged_paths(past, walk_forward(past), maker(past))[0]
        judged = past.take(index)
        metrics = metrics_of(judged, said)
        if on_folds(metrics, comparison(0, -1, 1), GATE).ruling is not Ruling.SHADOW:
            return False
        calibration = Calibration.fit(said, judged.labels, judged.weights)
        challenger = maker(past)(past)
        found = compared(
            _calibrated(champion(judged), champion(live), judged),
            calibration.apply(challenger(live)),
            live.labels,
            live.decided_ms,
            HORIZON_MS,
        )
    except ValueError:
        return False  # no probabilities at all
    return in_shadow(found, GATE).ruling in {Ruling.PROMOTE, Ruling.CANARY}


def _calibrated(past: Floats, live: Floats, judged: Samples) -> Floats:
    return Calibration.fit(past, judged.labels, judged.weights).apply(live)


INCIDENTS = {"collapsed": "e16", "biased": "e4", "constant": "e12", "overconfident": "e11", "wrong scale": "e13"}
"""Where a challenger goes wrong as one of the original's models did."""


@pytest.mark.parametrize("name", sorted(CHALLENGERS), ids=lambda name: f"{INCIDENTS.get(name, '')} {name}".strip())
def test_no_planted_challenger_is_promoted(market: Samples, name: str) -> None:
    """Leaky, biased, stale, constant, overconfident, collapsed, swapped, on another scale: the champion stays."""
    assert not promoted(CHALLENGERS[name], market)


def test_an_honest_challenger_with_more_to_learn_from_is(market: Samples) -> None:
    """So that a gate which refuses everybody is found out."""
    assert promoted(honest, market)


def test_a_comparison_is_in_pairs_and_says_how_sure_it_is() -> None:
    """The better forecaster gains, surely when there is enough; nonsense is refused; nothing is nothing."""
    random = np.random.default_rng(3)
    labels = random.integers(0, 3, 900)
    blind = np.full((900, 3), 1 / 3)
    sighted = np.full((900, 3), 0.25)
    sighted[np.arange(900), labels] = 0.5
    at = np.arange(900, dtype=np.int64) * HOUR_MS
    found = compared(blind, sighted, labels, at, HORIZON_MS)
    assert found.gain == pytest.approx(np.log(0.5 * 3))
    assert found.low > 0
    assert compared(blind[:0], blind[:0], labels[:0], at[:0], HORIZON_MS) == Comparison.nothing()
    with pytest.raises(ValueError, match="no probabilities"):
        compared(blind, sighted * 2, labels, at, HORIZON_MS)
    assert set(asdict(GATE)) == {
        "least_skill", "too_good", "distinct", "calibration", "shadow_decisions", "canary_decisions"
    }  # fmt: skip
