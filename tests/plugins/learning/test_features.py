"""Features: no look ahead, live and batch alike, true to the libraries, and missing where unknown."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st
from talipp.indicators import ATR, BB, MACD, RSI, SMA
from talipp.ohlcv import OHLCV

from plugins.domain import market_ms
from plugins.learning.features import FeatureEngine, History, Panel, batch, feature_schema, panel_of
from plugins.learning.features.bars import settled_before
from plugins.learning.features.catalogue import RECIPES
from tests.plugins.learning.conftest import candles, history

NAMES = feature_schema(60).names
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}
"""Of float32 figures made from the same bars."""


@pytest.fixture(scope="module")
def values(market: Panel) -> np.ndarray:
    """All features of the whole market."""
    return batch(market)


def changed_after(panel: Panel, bars: int) -> Panel:
    """The same past, another future."""
    other = {}
    for seed, symbol in enumerate(panel.symbols):
        mine = history(len(panel), seed=100 + seed)
        own = panel.until(bars)
        row = panel.symbols.index(symbol)
        columns = {
            name: np.concatenate([getattr(own, name)[row], series[bars:] * 3.0])
            for name, series in mine.columns.items()
        }
        other[symbol] = dataclasses.replace(
            mine, columns=columns, funding_ms=mine.funding_ms[:0], funding_rate=mine.funding_rate[:0]
        )
    made = panel_of(other, panel.interval_s)
    return dataclasses.replace(made, funding=np.where(np.arange(len(panel)) < bars, panel.funding, 0.5))


@pytest.mark.parametrize("name", NAMES)
def test_no_feature_looks_ahead(name: str, market: Panel, values: np.ndarray) -> None:
    """Cutting the future off, or making it another one, changes no figure up to now."""
    column = NAMES.index(name)
    for bars in (320, 450):
        truncated = batch(market.until(bars))[..., column]
        elsewhere = batch(changed_after(market, bars))[:, :bars, column]
        np.testing.assert_array_equal(truncated, values[:, :bars, column])
        np.testing.assert_array_equal(elsewhere, values[:, :bars, column])


@pytest.mark.parametrize("recipe", RECIPES, ids=NAMES)
def test_a_feature_is_known_from_its_warm_up_on_and_not_before(recipe, market: Panel, values: np.ndarray) -> None:  # type: ignore[no-untyped-def]
    """`bars` closed bars are enough, one less is not."""
    column = values[0, :, NAMES.index(recipe.feature.name)]
    assert np.isnan(column[: recipe.feature.bars - 1]).all()
    assert np.isfinite(column[recipe.feature.bars - 1 :]).all()


@pytest.mark.parametrize("recipe", RECIPES, ids=NAMES)
def test_a_feature_sees_no_further_back_than_its_warm_up(recipe, market: Panel, values: np.ndarray) -> None:  # type: ignore[no-untyped-def]
    """So live features, which know a window, equal those of the whole history."""
    begin = 400
    late = {
        name: getattr(market, name)[:, begin:]
        for name in ("open", "high", "low", "close", "volume", "log_close", "log_volume", "funding")
    }
    part = batch(Panel(market.symbols, 60, market.opened_ms[begin:], **late))
    column = NAMES.index(recipe.feature.name)
    known = slice(recipe.feature.bars - 1, None)
    np.testing.assert_allclose(part[:, known, column], values[:, begin:, column][:, known], **TOLERANCE)


def talib_figures(panel: Panel) -> dict[str, np.ndarray]:
    """The same figures by TA-Lib, of the first symbol."""
    high, low, close = panel.high[0], panel.low[0], panel.close[0]
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
    fast, slow = talib.EMA(close, 12), talib.EMA(close, 26)
    line = fast - slow
    return {
        "rsi_14": talib.RSI(close, 14) / 100,
        "atr_14": talib.ATR(high, low, close, 14) / close,
        "macd": line / close,
        "macd_histogram": (line - talib.EMA(line, 9)) / close,
        "bollinger_position_20": (close - middle) / (upper - middle),
        "bollinger_width_20": (upper - lower) / middle,
        "stochastic_14": talib.STOCHF(high, low, close, 14, 1)[0] / 100,
        "distance_to_mean_96": close / talib.SMA(close, 96) - 1,
        "slope_48": talib.LINEARREG_SLOPE(np.log(close), 48),
        "donchian_position_48": (close - talib.MIN(low, 48)) / (talib.MAX(high, 48) - talib.MIN(low, 48)),
    }


def talipp_figures(panel: Panel) -> dict[str, float]:
    """The same figures by talipp, at the newest bar of the first symbol."""
    close = [float(x) for x in panel.close[0]]
    bars = [
        OHLCV(*(float(getattr(panel, name)[0, i]) for name in ("open", "high", "low", "close", "volume")))
        for i in range(len(panel))
    ]
    bands, macd = BB(20, 2, close)[-1], MACD(12, 26, 9, close)[-1]
    return {
        "rsi_14": RSI(14, close)[-1] / 100,
        "atr_14": ATR(14, bars)[-1] / close[-1],
        "macd": macd.macd / close[-1],
        "macd_histogram": macd.histogram / close[-1],
        "bollinger_position_20": (close[-1] - bands.cb) / (bands.ub - bands.cb),
        "bollinger_width_20": (bands.ub - bands.lb) / bands.cb,
        "distance_to_mean_96": close[-1] / SMA(96, close)[-1] - 1,
    }


def test_indicators_equal_those_of_both_libraries(market: Panel, values: np.ndarray) -> None:
    """TA-Lib over all bars after its own warm-up, talipp at the last one; what lies beyond 256 bars weighs nothing."""
    for name, theirs in talib_figures(market).items():
        ours = values[0, 500:, NAMES.index(name)]
        np.testing.assert_allclose(ours, theirs[500:], rtol=2e-5, atol=2e-6, err_msg=name)
    for name, figure in talipp_figures(market).items():
        assert values[0, -1, NAMES.index(name)] == pytest.approx(figure, rel=2e-5, abs=2e-6), name


def funded_hourly(one: History) -> History:
    """With funding on every full hour, the last one some bars before the end."""
    at_ms = np.arange(one.opened_ms[0], one.opened_ms[-1], 3_600_000, dtype=np.int64)
    return dataclasses.replace(one, funding_ms=at_ms, funding_rate=np.random.default_rng(0).normal(0, 1e-4, len(at_ms)))


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    hole=st.none() | st.integers(0, 419),
    late=st.integers(0, 3),
    silent=st.booleans(),
)
def test_live_features_equal_those_of_a_batch(seed: int, hole: int | None, late: int, silent: bool) -> None:
    """Bar by bar, with a hole in one symbol, late candles, a bar without volume, and funding told after its close."""
    histories = {
        name: funded_hourly(history(420, seed=seed + place)) for place, name in enumerate(("AUSDT", "BUSDT", "CUSDT"))
    }
    if silent:
        histories["BUSDT"].columns["volume"][400] = 0.0
    if hole is not None:
        whole = histories["CUSDT"]
        kept = np.arange(420) != hole
        histories["CUSDT"] = dataclasses.replace(
            whole,
            opened_ms=whole.opened_ms[kept],
            columns={name: series[kept] for name, series in whole.columns.items()},
        )
    panel = panel_of(histories, 60)
    engine, by_time = FeatureEngine(60, longest=8), {}
    for symbol in panel.symbols:
        for candle in candles(panel, symbol):
            by_time.setdefault(candle.opened_at, []).append(candle)
    times = sorted(by_time)
    settled = [
        (int(at_ms), symbol, float(rate))
        for symbol, one in histories.items()
        for at_ms, rate in zip(one.funding_ms, one.funding_rate, strict=True)
    ]
    for number, at in enumerate(times):
        # the last symbol's candle of each time comes `late` times later
        for candle in by_time[at][:-1] if late else by_time[at]:
            engine.add(candle)
        if late and number >= late:
            engine.add(by_time[times[number - late]][-1])
        if number % 7 == 0:
            engine.rows(panel.symbols, 2)
        for at_ms, symbol, rate in settled:
            if market_ms(at) < at_ms <= market_ms(at) + 60_000:
                engine.settle(symbol, rate, at_ms)
    for at in times[len(times) - late :] if late else []:
        engine.add(by_time[at][-1])
    live = engine.rows(panel.symbols, 8)
    whole = batch(panel)[:, -8:]
    np.testing.assert_allclose(live.history, whole, **TOLERANCE)
    assert np.isfinite(live.values[:, NAMES.index("funding_rate")]).all()
    assert live.closed_at_ms == panel.opened_ms[-1] + 60_000


def test_the_buffer_turns_over_without_a_trace() -> None:
    """After many times its length the engine still gives what a batch gives."""
    panel = panel_of({name: history(2000, seed=seed) for seed, name in enumerate(("AUSDT", "BUSDT"))}, 60)
    engine = FeatureEngine(60, longest=4)
    both = zip(candles(panel, "AUSDT"), candles(panel, "BUSDT"), strict=True)
    for number, pair in enumerate(both):
        for candle in pair:
            engine.add(candle)
        if number == 0:
            engine.settle("AUSDT", 0.25, int(panel.opened_ms[1000]))
    rows = engine.rows(panel.symbols, 4)
    whole = batch(panel)[:, -4:]
    no_funding = [column for column, name in enumerate(NAMES) if name != "funding_rate"]
    np.testing.assert_allclose(rows.history[..., no_funding], whole[..., no_funding], **TOLERANCE)
    assert rows.values[:, NAMES.index("funding_rate")] == pytest.approx([0.25, np.nan], nan_ok=True)


def test_settled_funding_counts_from_the_next_bar_on(market: Panel) -> None:
    """Not from the bar that closes just then, for nobody has been told yet; whether it is heard early or late."""
    for heard_before in (True, False):
        engine = FeatureEngine(60, longest=5)
        bars = candles(market, "AUSDT")[:10]
        at_ms = int(market.opened_ms[7])  # bar 6 closes then
        for number, candle in enumerate(bars):
            if heard_before and number == 6:
                engine.settle("AUSDT", 0.001, at_ms)
            engine.add(candle)
        if not heard_before:
            engine.settle("AUSDT", 0.001, at_ms)
        seen = engine.rows(["AUSDT"], 5).history[0, :, NAMES.index("funding_rate")]
        assert seen == pytest.approx([np.nan, np.nan, 0.001, 0.001, 0.001], nan_ok=True)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 600), unique=True, max_size=6).map(sorted), st.integers(1, 600))
def test_no_bar_knows_what_was_settled_at_its_own_close(settled_s: list[int], close_s: int) -> None:
    """The last rate of before; none where there was none."""
    at = np.array(settled_s, dtype=np.int64)
    before = [place for place, each in enumerate(settled_s) if each < close_s]
    (found,) = settled_before(at, np.arange(len(at), dtype=np.float64), np.array([close_s]))
    assert found == before[-1] if before else np.isnan(found)


def test_e20_a_symbol_without_history_is_not_covered_and_nothing_is_zero(market: Panel) -> None:
    """E5, E20: too little history is missing, never filled in, and an unknown symbol is missing altogether."""
    engine = FeatureEngine(60)
    for candle in candles(market, "AUSDT"):
        engine.add(candle)
    for candle in candles(market, "BUSDT")[-60:]:
        engine.add(candle)
    rows = engine.rows(["AUSDT", "BUSDT", "GONEUSDT"])
    assert rows.covered.tolist() == [True, False, False]
    assert np.isnan(rows.values[2]).all()
    young = dict(zip(NAMES, rows.values[1], strict=True))
    assert np.isnan(young["rsi_14"])
    assert np.isfinite(young["return_48"])


def test_a_flat_market_has_no_index_rather_than_a_made_up_one() -> None:
    """Nought through nought is missing."""
    flat = history(400, seed=1)
    for name in ("open", "high", "low", "close"):
        flat.columns[name][:] = 10.0
    values = batch(panel_of({"AUSDT": flat}, 60))[0, -1]
    known = dict(zip(NAMES, values, strict=True))
    assert np.isnan(known["rsi_14"])
    assert np.isnan(known["body"])
    assert known["return_12"] == 0.0
    assert np.isnan(known["market_return_12"])  # one symbol is no market


def test_a_symbol_that_was_forgotten_is_no_part_of_the_market(market: Panel) -> None:
    """The market is what the engine keeps."""
    engine = FeatureEngine(60)
    for symbol in ("AUSDT", "BUSDT", "CUSDT"):
        for candle in candles(market, symbol):
            engine.add(candle)
    engine.forget("CUSDT")
    pair = {symbol: history(700, seed=seed) for seed, symbol in enumerate(("AUSDT", "BUSDT"))}
    expected = batch(panel_of(pair, 60))[:, -1, NAMES.index("market_return_12")]
    got = engine.rows(["AUSDT", "BUSDT"]).values[:, NAMES.index("market_return_12")]
    np.testing.assert_allclose(got, expected, rtol=1e-5)
    for symbol in ("AUSDT", "BUSDT"):
        engine.forget(symbol)
    assert not engine.rows(["AUSDT"]).covered.any()


def test_e6_a_sequence_longer_than_what_was_made_is_refused(market: Panel) -> None:
    """30 rows are never padded to 120."""
    engine = FeatureEngine(60, longest=30)
    for candle in candles(market, "AUSDT"):
        engine.add(candle)
    rows = engine.rows(["AUSDT"], 30)
    assert rows.sequences(12).shape == (1, 12, len(NAMES))
    with pytest.raises(ValueError, match="120 rows are wanted"):
        rows.sequences(120)
    with pytest.raises(ValueError, match="sequences of 30, not 120"):
        engine.rows(["AUSDT"], 120)
