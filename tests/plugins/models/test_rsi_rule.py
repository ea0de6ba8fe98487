"""The RSI rule: what it says, how sure it is, and when it says nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from plugins.domain import CONFIDENCE, Candle, Source, View, candle_of
from plugins.models.rsi_rule import Opinion, RsiRule, confidence, opinion
from plugins.models.settings import ModelsSettings, RsiRuleSettings

RULE = RsiRuleSettings()
SCALE = CONFIDENCE[Source.RSI_RULE]


@pytest.mark.parametrize(
    ("rsi", "held", "view"),
    [
        (29.9, View.NEUTRAL, View.LONG),
        (30.0, View.NEUTRAL, None),
        (70.0, View.NEUTRAL, None),
        (70.1, View.NEUTRAL, View.SHORT),
        (49.9, View.LONG, None),
        (50.0, View.LONG, View.NEUTRAL),
        (50.1, View.SHORT, None),
        (50.0, View.SHORT, View.NEUTRAL),
        (50.0, View.NEUTRAL, None),
        (71.0, View.LONG, View.SHORT),
        (29.0, View.LONG, View.LONG),
    ],
)
def test_views(rsi: float, held: View, view: View | None) -> None:
    """Oversold is long, overbought short; a view that is held is taken back when the middle is crossed."""
    said = opinion(rsi, held, RULE)
    assert (said.view if said else None) == view


@given(st.floats(0, 100))
def test_confidence_stays_on_its_scale(beyond: float) -> None:
    """Between 0.55 and 0.65 whatever the distance, growing with it."""
    assert SCALE.lowest <= confidence(beyond) <= SCALE.highest
    assert confidence(beyond) >= confidence(beyond / 2)


def test_confidence_figures() -> None:
    """0.55 plus a sixtieth of the points beyond the threshold, at most 0.65."""
    assert [confidence(points) for points in (0, 3, 6, 30)] == [Decimal(x) for x in ("0.55", "0.60", "0.65", "0.65")]


def _rsi(closes: Sequence[float], period: int) -> float:
    """Wilder's RSI by its definition, averaged from the first change on."""
    gains = [max(b - a, 0.0) for a, b in pairwise(closes)]
    losses = [max(a - b, 0.0) for a, b in pairwise(closes)]
    gain, loss = sum(gains[:period]) / period, sum(losses[:period]) / period
    for up, down in zip(gains[period:], losses[period:], strict=True):
        gain, loss = (gain * (period - 1) + up) / period, (loss * (period - 1) + down) / period
    return 100.0 if loss == 0 else 100 - 100 / (1 + gain / loss)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_agrees_with_the_definition(seed: int) -> None:
    """After a warm-up the index is Wilder's, however it was started; old values that are dropped change nothing."""
    closes, rule, random = [100.0], RsiRule(RULE), Random(seed)
    for number in range(1300):
        closes.append(closes[-1] * math.exp(random.gauss(0, 0.001)))
        rule.add(_candle(number, closes[-1]))
    assert rule.rsi == pytest.approx(_rsi([round(close, 4) for close in closes[1:]], 14), abs=1e-6)


def _candle(number: int, close: float, volume: str = "1") -> Candle:
    price = f"{close:.4f}"
    return candle_of("X", 60, number * 60_000, [price, price, price, price, volume])


def _said(closes: Sequence[float], volume: str = "1") -> list[Opinion | None]:
    rule = RsiRule(RULE)
    return [rule.add(_candle(number, close, volume)) for number, close in enumerate(closes)]


def test_a_flat_market_is_no_opinion() -> None:
    """Without a change there is no strength to measure: not 100, not 50, nothing."""
    assert _said([100.0] * 60) == [None] * 60


def test_a_price_that_stopped_moving_is_no_opinion() -> None:
    """After a fall, a price that stands still for a whole period leaves the rule silent."""
    said = _said([*(100.0 - n for n in range(30)), *([70.0] * 30)])
    assert said[29] is not None
    assert all(each is None for each in said[30 + RULE.period :])


def test_nobody_trading_is_no_opinion() -> None:
    """Candles without volume, as in a venue's outage, carry no view."""
    assert _said([100.0 - n for n in range(40)], volume="0") == [None] * 40


def test_each_candle_with_a_view_is_told_and_one_neutral_ends_it() -> None:
    """A fall gives a row of longs, the way back exactly one neutral."""
    said = [each.view for each in _said([*(100.0 - n for n in range(30)), *(71.0 + 2 * n for n in range(10))]) if each]
    assert set(said[: said.index(View.NEUTRAL)]) == {View.LONG}
    assert said.count(View.NEUTRAL) == 1


def test_settings_that_cannot_work_are_refused() -> None:
    """Thresholds on the wrong side of the middle, or too little history for the period."""
    with pytest.raises(ValidationError):
        RsiRuleSettings(oversold=55)
    with pytest.raises(ValidationError, match="warm_up_bars"):
        ModelsSettings(warm_up_bars=30, rsi_rule=RsiRuleSettings(period=20))


def test_a_restart_comes_to_the_same_index(candle: Callable[..., Candle]) -> None:
    """From 300 bars of history the index is what it was, to more digits than anybody compares."""
    closes = [100 + math.sin(number / 7) + number % 5 / 10 for number in range(800)]
    long, short = RsiRule(RULE), RsiRule(RULE)
    for number, close in enumerate(closes):
        long.add(candle(number, close))
        if number >= 500:
            short.add(candle(number, close))
    assert short.rsi == pytest.approx(long.rsi, abs=1e-6)
