"""What may be said of a source: by what came of its words, with as much certainty as there is and no more."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.domain import MemberName, Source, Standing, View
from plugins.learning.classes import Direction
from plugins.learning.labels import Barriers, Costs
from plugins.model_supervisor.balance import balance_of
from plugins.model_supervisor.confidence import complaint, reliability_of, spread_of
from plugins.model_supervisor.drift import DriftWatch
from plugins.model_supervisor.edge import EdgeWord, edge_of
from plugins.model_supervisor.fates import fates_of
from plugins.model_supervisor.rules import Judged, Said
from plugins.model_supervisor.settings import ModelSupervisorSettings
from plugins.model_supervisor.tape import Tape
from plugins.model_supervisor.weighing import CEILING, FLOOR, Record, record_of, weights_of
from tests.plugins.model_supervisor.conftest import BARS, START_MS, SYMBOLS, vote, walk

RULES = ModelSupervisorSettings().rules
HORIZON = RULES.horizon_ms


def judged(
    number: int,
    view: View,
    *,
    up: bool,
    gain: float = 0.004,
    source: Source = Source.RSI_RULE,
    confidence: float = 0.6,
    symbol: str = "AUSDT",
) -> Judged:
    """A signal of its own horizon, after which the market went up or down by `gain`, costs of 0.0014 included."""
    net_up = (gain if up else -gain) - 0.0014
    net_down = (-gain if up else gain) - 0.0014
    said = Said(f"{source}-{symbol}-{number}", source, symbol, view, confidence, START_MS + number * HORIZON, {})
    return Judged(said, Direction.UP if up else Direction.DOWN, net_up, net_down)


def views(longs: int, shorts: int) -> list[View]:
    return [View.LONG] * longs + [View.SHORT] * shorts


def test_a_lean_that_the_market_does_not_explain_is_bias_e4() -> None:
    """81 % short where the market paid longs in half: a bias, told with its figures."""
    random = Random(1)
    found = balance_of([judged(n, v, up=random.random() < 0.5) for n, v in enumerate(views(38, 162))], RULES)
    assert found.biased
    assert found.chance < 1e-9
    assert "19% long of 200" in found.sentence


def test_a_trend_is_no_bias() -> None:
    """Just as many shorts, in a market that fell as often."""
    random = Random(2)
    found = balance_of([judged(n, v, up=random.random() < 0.2) for n, v in enumerate(views(38, 162))], RULES)
    assert not found.biased


def test_an_even_hand_against_a_trend_is_no_bias_nor_is_standing_against_it() -> None:
    """Nearly as many shorts as longs in a rising market, or as many shorts as it rose: neither leans to a side."""
    random = Random(3)
    found = balance_of([judged(n, v, up=random.random() < 0.75) for n, v in enumerate(views(84, 116))], RULES)
    assert (found.share, found.biased) == (0.42, False)
    opposed = balance_of([judged(n, v, up=random.random() < 0.75) for n, v in enumerate(views(50, 150))], RULES)
    assert not opposed.biased
    leaning = balance_of([judged(n, v, up=random.random() < 0.75) for n, v in enumerate(views(8, 192))], RULES)
    assert leaning.biased


def test_words_about_one_stretch_of_one_symbol_count_once() -> None:
    """A hundred shorts within one horizon are one proof, not a hundred."""
    many = [
        replace(judged(0, View.SHORT, up=True), said=replace(judged(0, View.SHORT, up=True).said, id=str(n)))
        for n in range(100)
    ]
    found = balance_of(many, RULES)
    assert (found.n, found.biased) == (1, False)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_an_unbiased_source_is_hardly_ever_called_biased(seed: int) -> None:
    """Views by a fair coin in a fair market: no seed of these is called biased."""
    random = Random(seed)
    signals = [
        judged(n, View.LONG if random.random() < 0.5 else View.SHORT, up=random.random() < 0.5) for n in range(150)
    ]
    assert not balance_of(signals, RULES).biased


def test_no_edge_is_said_in_those_words() -> None:
    """A coin earns nothing after costs; knowing better does; and with little known nothing is said."""
    random = Random(4)
    coin = [judged(n, random.choice([View.LONG, View.SHORT]), up=random.random() < 0.5) for n in range(300)]
    assert edge_of(coin, RULES).word is EdgeWord.NO_EDGE
    assert edge_of(coin, RULES).sentence.startswith("no edge: ")
    sighted = [judged(n, View.LONG if up else View.SHORT, up=up) for n, up in enumerate([True, False] * 150)]
    found = edge_of(sighted, RULES)
    assert found.word is EdgeWord.EDGE
    assert found.low > 0
    assert edge_of(sighted[:50], RULES).word is EdgeWord.TOO_EARLY


def test_many_signals_of_one_moment_are_no_proof() -> None:
    """Two hundred right calls in three stretches of time: too early, whatever their number."""
    signals = [judged(n % 3, View.LONG, up=True, symbol=f"S{n}USDT") for n in range(200)]
    assert edge_of(signals, RULES).word is EdgeWord.TOO_EARLY


@pytest.mark.parametrize(
    ("source", "values", "words"),
    [
        (Source.ENSEMBLE, [0.9 - n % 50 / 100 for n in range(200)], ""),
        (Source.ENSEMBLE, [1.05], "outside"),  # E13
        (Source.RSI_RULE, [0.98] * 3, "outside"),  # a rule on a model's scale
        (Source.ENSEMBLE, [0.615] * 200, "it is stuck"),  # E12
        (Source.ENSEMBLE, [0.64] * 120 + [0.4 + n / 1000 for n in range(80)], "are exactly 0.64"),
        (Source.RSI_RULE, [0.65] * 120 + [0.55 + n / 1000 for n in range(80)], ""),  # the rule's own cap
        (Source.ENSEMBLE, [0.5] * 20, ""),
    ],
)
def test_confidences_that_cannot_be_meant(source: Source, values: list[float], words: str) -> None:
    """Off the scale, stuck, or heaped on one value; with few signals only the scale is judged."""
    said = [Said(str(n), source, "AUSDT", View.LONG, value, START_MS, {}) for n, value in enumerate(values)]
    found = complaint(spread_of(source, said), RULES)
    assert words in found
    assert bool(words) == bool(found)


def test_confidence_is_compared_with_what_came_of_it_e11() -> None:
    """Always 0.95 and right in half: a gap of 0.45."""
    signals = [judged(n, View.LONG, up=n % 2 == 0, source=Source.ENSEMBLE, confidence=0.95) for n in range(200)]
    found = reliability_of(signals, HORIZON)
    assert (found.came, round(found.gap, 6), found.proven) == (0.5, 0.45, True)


def test_what_ends_in_time_with_a_little_gain_is_not_what_was_said() -> None:
    """The probability is that of the move; a fate that ended flat with a cent earned is no hit of it."""
    flat = replace(judged(0, View.LONG, up=True, source=Source.ENSEMBLE, confidence=0.4), direction=Direction.FLAT)
    found = reliability_of([flat], HORIZON)
    assert (found.came, found.earned) == (0.0, 1.0)


def test_one_rising_hour_proves_no_confidence_wrong() -> None:
    """Forty symbols that say 0.42 and are all right within three horizons: one market rose, and nothing is proven."""
    hour = [
        judged(n % 3, View.LONG, up=True, source=Source.ENSEMBLE, confidence=0.42, symbol=f"S{n}USDT")
        for n in range(120)
    ]
    found = reliability_of(hour, HORIZON)
    assert found.gap > RULES.calibration
    assert not found.proven
    assert not balance_of(hour, RULES).biased


def test_an_honest_confidence_is_hardly_ever_called_wrong() -> None:
    """Each horizon rises for all symbols or for none, as often as was said: as seldom called wrong as is promised."""
    wrong = 0
    for seed in range(100):
        random = Random(seed)
        rises = [random.random() < 0.6 for _ in range(40)]
        signals = [
            judged(n, View.LONG, up=up, source=Source.ENSEMBLE, confidence=0.6, symbol=f"S{s}USDT")
            for n, up in enumerate(rises)
            for s in range(5)
        ]
        wrong += reliability_of(signals, HORIZON).proven
    assert wrong <= 3


def test_a_change_of_the_stream_is_noticed_and_no_noise() -> None:
    """A hit rate that falls from 0.7 to 0.3 is; two thousand throws of one coin are not."""
    random, watch = Random(5), DriftWatch(HORIZON)
    right = [random.random() < (0.7 if n < 400 else 0.3) for n in range(800)]
    watch.judged(judged(n, View.LONG, up=up) for n, up in enumerate(right))
    (change,) = watch.of(Source.RSI_RULE, START_MS)
    assert change.stream == "hit rate"
    assert change.after < change.before
    calm = DriftWatch(HORIZON)
    calm.judged(judged(n, View.LONG, up=random.random() < 0.5) for n in range(2000))
    assert calm.of(Source.RSI_RULE, START_MS) == []


def test_weights_follow_what_members_foresaw() -> None:
    """A member that knows weighs more, one that errs less; all within bounds, and one in sum."""
    votes = (vote(MemberName.XGBOOST, 0.8), vote(MemberName.LIGHTGBM, 0.2), vote(MemberName.N_HITS, 0.5, Standing.LATE))
    plain = [judged(n, View.LONG, up=True, source=Source.ENSEMBLE) for n in range(400)]
    signals = [replace(each, said=replace(each.said, votes=votes)) for each in plain]
    records = [record for member in MemberName if (record := record_of(member, signals))]
    assert [(r.member, r.n, r.coverage) for r in records] == [
        (MemberName.XGBOOST, 400, 1.0),
        (MemberName.LIGHTGBM, 400, 1.0),
        (MemberName.N_HITS, 0, 0.0),
    ]
    weights = weights_of(records)
    assert weights[MemberName.XGBOOST] == max(weights.values()) <= CEILING
    assert weights[MemberName.LIGHTGBM] == min(weights.values()) >= FLOOR


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0.0, 14.0)), min_size=4, max_size=4))
def test_weights_always_sum_to_one_within_their_bounds_e9(figures: list[tuple[int, float]]) -> None:
    """Whatever the records are: the weights shown are the weights used, and make one."""
    members = zip(MemberName, figures, strict=True)
    weights = weights_of([Record(member, n, loss, 1.0) for member, (n, loss) in members])
    assert math.isclose(sum(weights.values()), 1.0, abs_tol=1e-9)
    assert all(FLOOR - 1e-9 <= weight <= CEILING + 1e-9 for weight in weights.values())


def test_without_records_weights_are_equal() -> None:
    """Nothing known, nothing preferred."""
    assert set(weights_of([]).values()) == {0.25}


def test_fates_are_those_of_the_bars_that_followed() -> None:
    """Known once the horizon is over, waiting before, and given up where the bars are not there any more."""
    tape = Tape(60, BARS)
    for candles in walk().values():
        tape.add(candles[200:])
    panel = tape.panel()
    assert panel is not None
    assert panel.symbols == SYMBOLS

    def said(bar: int) -> Said:
        return Said(f"s{bar}", Source.RSI_RULE, "AUSDT", View.LONG, 0.6, START_MS + (bar + 1) * 60_000, {})

    found = fates_of([said(100), said(600), said(BARS - 5)], panel, Barriers(), Costs())
    assert [each.said.id for each in found.judged] == ["s600"]
    assert [each.id for each in found.lost] == ["s100"]
    (one,) = found.judged
    assert one.net_long + one.net_short < 0  # costs are paid whichever way


def test_a_hole_in_the_tape_is_closed_by_history() -> None:
    """Bars that come late take their place."""
    candles = walk(bars=50)["AUSDT"]
    tape = Tape(60, 40)
    tape.add([*candles[:20], *candles[30:]])
    tape.add(candles)
    panel = tape.panel()
    assert panel is not None
    assert len(panel) == 40
    assert not math.isnan(float(panel.close.sum()))


def test_symbols_that_move_together_are_few_witnesses() -> None:
    """A contrarian where symbols rise and fall as one: with its hand even, it is hardly ever called biased."""
    wrong = 0
    for seed in range(100):
        random = Random(seed)
        signals = []
        for n in range(20):
            rises = random.random() < 0.7
            for symbol in range(8):
                up = rises if random.random() < 0.9 else not rises
                view = View.SHORT if up else View.LONG
                signals.append(judged(n, view, up=up, symbol=f"S{symbol}USDT"))
        wrong += balance_of(signals, RULES).biased
    assert wrong <= 2


def test_a_lean_shows_however_alike_symbols_are() -> None:
    """Four in five short whatever the market does, over a night of horizons, in six symbols that move as one."""
    random = Random(6)
    signals = []
    for n in range(60):
        up = random.random() < 0.5
        side = View.SHORT if random.random() < 0.85 else View.LONG
        signals += [judged(n, side, up=up, symbol=f"S{symbol}USDT") for symbol in range(6)]
    found = balance_of(signals, RULES)
    assert found.biased
    assert found.alone < found.n / 4
