"""Regime and volatility from candles, and what the tables make of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from plugins.domain import CONFIDENCE, Candle, EntryStyle, ExitStyle, Posture, Regime, Source, Volatility
from plugins.policy.chain import dead_zones
from plugins.policy.classes import Classes, classes_of, regime_of, volatility_of
from plugins.policy.confidence import ConfidenceSettings
from plugins.policy.deciding import Sight, market_classes, posture_of, symbol_policy, trading_policy
from plugins.policy.gauge import Gauge, Reading
from plugins.policy.settings import PolicySettings, RegimeSettings, VolatilitySettings
from plugins.policy.tables import (
    allows_entries,
    entry_style,
    exit_style,
    exits_of,
    minimum_confidence,
    risk_multiplier,
    threshold,
)

NOW = datetime(2025, 1, 1, tzinfo=UTC)
SETTINGS, REGIME, VOLATILITY = PolicySettings(), RegimeSettings(), VolatilitySettings()
READING = Reading(close=100, atr=0.1, hourly_atr=0.8, adx=30, range_width=0.01, trend=0.001)
LEVELS = (Volatility.LOW, Volatility.NORMAL, Volatility.HIGH, Volatility.EXTREME)
Walk = Callable[..., list[Candle]]


def sight(regime: Regime = Regime.NORMAL, volatility: Volatility = Volatility.NORMAL, **changes: Any) -> Sight:
    return replace(Sight(Classes(regime, volatility), READING, 1.0, 10.0, 500, 200), **changes)


def test_tables_are_the_originals() -> None:
    """Least confidence, risk and exits of every allowed pair, by the figures of the original."""
    confidence = ConfidenceSettings()
    least = {
        (regime, volatility): minimum_confidence(regime, volatility, confidence)
        for regime in (Regime.TRENDING, Regime.RANGING, Regime.NORMAL)
        for volatility in (Volatility.LOW, Volatility.NORMAL, Volatility.HIGH)
    }
    assert [str(value) for value in least.values()] == [
        "0.30", "0.32", "0.34", "0.38", "0.40", "0.42", "0.36", "0.38", "0.40"
    ]  # fmt: skip
    assert minimum_confidence(Regime.RANGING, Volatility.EXTREME, confidence) == Decimal("0.47")
    assert risk_multiplier(Regime.RANGING, Volatility.HIGH) == Decimal("0.35")
    assert exits_of(Regime.RANGING, Volatility.LOW).maximum_age_s == 18 * 3600
    assert exits_of(Regime.TRENDING, Volatility.NORMAL).take_profit_atr == Decimal("4.5")
    assert exits_of(Regime.TRENDING, Volatility.HIGH).stop_atr == Decimal(2)


@given(st.sampled_from(Regime), st.sampled_from(Volatility))
def test_no_pair_escapes_the_tables(regime: Regime, volatility: Volatility) -> None:
    """Every pair has figures within their bounds, and nothing unknown or extreme may be entered."""
    least = minimum_confidence(regime, volatility, SETTINGS.confidence)
    assert SETTINGS.confidence.floor <= least <= SETTINGS.confidence.ceiling
    assert 0 <= risk_multiplier(regime, volatility) <= 1
    assert exits_of(regime, volatility).stop_atr < exits_of(regime, volatility).take_profit_atr
    if Volatility.EXTREME is volatility or "unknown" in {regime, volatility}:
        assert not allows_entries(regime, volatility)


@given(st.floats(0, 0.1), st.sampled_from(LEVELS))
def test_volatility_rises_at_once_and_falls_late(ratio: float, before: Volatility) -> None:
    """Never below what the ratio has reached, never above both that and the level held, and stable when asked again."""
    reached = volatility_of(ratio, Volatility.LOW, VOLATILITY)
    level = volatility_of(ratio, before, VOLATILITY)
    assert LEVELS.index(reached) <= LEVELS.index(level) <= max(LEVELS.index(reached), LEVELS.index(before))
    assert volatility_of(ratio, level, VOLATILITY) is level


@pytest.mark.parametrize(
    ("ratio", "before", "level"),
    [
        (0.0149, Volatility.LOW, Volatility.NORMAL),
        (0.015, Volatility.LOW, Volatility.HIGH),
        (0.0149, Volatility.HIGH, Volatility.HIGH),
        (0.0134, Volatility.HIGH, Volatility.NORMAL),
        (0.001, Volatility.EXTREME, Volatility.LOW),
        (0.03, Volatility.UNKNOWN, Volatility.EXTREME),
    ],
)
def test_volatility_levels(ratio: float, before: Volatility, level: Volatility) -> None:
    """A level begins at its figure and is left a tenth below it."""
    assert volatility_of(ratio, before, VOLATILITY) is level


@pytest.mark.parametrize(
    ("adx", "width", "before", "regime"),
    [
        (25, 0.01, Regime.RANGING, Regime.TRENDING),
        (24, 0.01, Regime.RANGING, Regime.RANGING),
        (24, 0.03, Regime.RANGING, Regime.NORMAL),
        (20, 0.01, Regime.TRENDING, Regime.TRENDING),
        (19, 0.01, Regime.TRENDING, Regime.RANGING),
        (10, 0.021, Regime.RANGING, Regime.RANGING),
        (10, 0.023, Regime.RANGING, Regime.NORMAL),
    ],
)
def test_regimes(adx: float, width: float, before: Regime, regime: Regime) -> None:
    """A trend begins at 25 and ends below 20; without one the width of the hour decides."""
    assert regime_of(adx, width, before, REGIME) is regime


def read(candles: list[Candle]) -> Reading:
    gauge = Gauge(candles[0].interval_s, SETTINGS)
    for candle in candles:
        gauge.add(candle)
    reading = gauge.reading()
    assert reading is not None
    return reading


def test_a_gauge_tells_markets_apart(walk: Walk) -> None:
    """A calm walk is calm, a wild one extreme, a drifting one trends."""
    unknown = Classes(Regime.UNKNOWN, Volatility.UNKNOWN)

    def classed(candles: list[Candle]) -> Classes:
        return classes_of(read(candles), unknown, REGIME, VOLATILITY)

    assert classed(walk(400, 0.0001)).volatility is Volatility.LOW
    assert classed(walk(400, 0.01)).volatility is Volatility.EXTREME
    assert classed(walk(400, 0.0003, drift=0.001)).regime is Regime.TRENDING
    assert classes_of(None, unknown, REGIME, VOLATILITY) == unknown


def test_the_hour_is_the_measure_whatever_the_candles(walk: Walk) -> None:
    """The same walk in candles of one and of sixteen minutes reads nearly the same: range grows with root of time."""
    minute = read(walk(4000, 0.0005))
    longer = read(walk(4000, 0.0005 * 4, interval_s=16 * 60))
    assert longer.volatility == pytest.approx(minute.volatility, rel=0.25)


def test_nothing_is_read_before_there_is_enough(walk: Walk) -> None:
    """Until the long average is full there is no reading, and so no entry."""
    gauge = Gauge(60, SETTINGS)
    for candle in walk(199, 0.001):
        gauge.add(candle)
        assert gauge.reading() is None
    said = symbol_policy(
        Sight(Classes(Regime.UNKNOWN, Volatility.UNKNOWN), None, 0, 10, gauge.bars, gauge.needed), SETTINGS
    )
    assert (said.allow_entries, said.reason) == (False, "data missing: 199 closed candles of 200")
    assert said.risk_multiplier == 0


def test_long_lives_change_nothing(walk: Walk) -> None:
    """A gauge that has run for thousands of candles reads what a fresh one reads from the last 500."""
    candles = walk(2600, 0.001)
    old, fresh = read(candles), read(candles[-500:])
    assert old.adx == pytest.approx(fresh.adx, rel=1e-6)
    assert old.atr == pytest.approx(fresh.atr, rel=1e-6)
    assert old.trend == pytest.approx(fresh.trend, abs=2e-3)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"age_s": 11.0}, "data stale"),
        ({"reading": None}, "data missing"),
        ({"classes": Classes(Regime.TRENDING, Volatility.EXTREME)}, "volatility is extreme"),
    ],
)
def test_a_symbol_is_refused_for_a_reason(changes: dict[str, Any], reason: str) -> None:
    """Stale, missing or extreme: no entries in it, no risk, and the reason said."""
    said = symbol_policy(sight(**changes), SETTINGS)
    assert (said.allow_entries, said.risk_multiplier) == (False, 0)
    assert said.reason.startswith(reason)


def test_the_whole_is_allowed_only_with_everything_known() -> None:
    """An account, candles, and at least one symbol that may be entered; otherwise no entries, with the reason."""

    def whole(*sights: Sight, account_known: bool = True) -> tuple[bool, str, Posture]:
        policy = trading_policy(
            {f"S{number}": each for number, each in enumerate(sights)},
            account_known=account_known,
            settings=SETTINGS,
            at=NOW,
        )
        return policy.allow_entries, policy.reason, posture_of(policy)

    extreme = sight(Regime.NORMAL, Volatility.EXTREME)
    assert whole(sight()) == (True, "market normal, volatility normal", Posture.NORMAL)
    assert whole(sight(), account_known=False)[2] is Posture.NO_ENTRIES
    assert whole()[1].startswith("data missing")
    assert whole(sight(age_s=99.0))[1] == "no symbol may be entered; 1 of 1 because of: data stale"
    assert whole(sight(), extreme, extreme)[1] == "half of the market or more moves extremely"
    assert whole(sight(), sight(), extreme)[0]


def test_the_market_is_the_commonest_and_the_middling() -> None:
    """Commonest regime, median volatility, unknown ones left out."""
    market = market_classes(
        [
            Classes(Regime.TRENDING, Volatility.LOW),
            Classes(Regime.TRENDING, Volatility.EXTREME),
            Classes(Regime.RANGING, Volatility.HIGH),
            Classes(Regime.UNKNOWN, Volatility.UNKNOWN),
        ]
    )
    assert market == Classes(Regime.TRENDING, Volatility.HIGH)


SEED = {"trending": "0.32", "least": "0.64"}


def test_the_shipped_thresholds_can_be_passed() -> None:
    """No regime asks for more than any source can have."""
    assert dead_zones(SETTINGS.sources, SETTINGS.observed, SETTINGS.confidence) == []


def test_id1_the_chain_of_the_original_is_refused() -> None:
    """0.32 in a trend, a rule of 0.55 to 0.65, a threshold of 0.64, and the rule filtered: told with all four."""
    with pytest.raises(ValidationError) as refused:
        PolicySettings.model_validate({"sources": ["ensemble"], "confidence": SEED})
    sentence = str(refused.value)
    for figure in ("0.32", "0.55 to 0.65", "0.64", "sources leaves it out"):
        assert figure in sentence
    assert PolicySettings.model_validate({"sources": ["ensemble"], "observed": ["rsi_rule"], "confidence": SEED})
    assert PolicySettings.model_validate({"confidence": SEED})


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"confidence": {"least": "0.66"}}, "rsi_rule reaches at most 0.65, the threshold (confidence.least) asks"),
        ({"sources": ["ensemble"], "observed": ["rsi_rule"], "confidence": {"least": "0.96"}}, "ensemble reaches"),
        (
            {"confidence": {"floor": "0.66", "ceiling": "0.7"}},
            "trending/low asks for 0.66",
        ),
        ({"sources": [], "observed": ["rsi_rule", "ensemble"]}, "no source is traded at all"),
        ({"observed": ["rsi_rule"]}, "both in sources (traded) and in observed"),
    ],
)
def test_a_gate_nobody_passes_is_found(settings: dict[str, Any], told: str) -> None:
    """Whatever makes the signals of a source unable to pass is named with its figures."""
    with pytest.raises(ValidationError) as refused:
        PolicySettings.model_validate(settings)
    assert told in str(refused.value)


@given(st.decimals("0", "1", places=2), st.decimals("0.2", "0.5", places=2))
def test_what_is_accepted_can_be_passed(least: Decimal, trending: Decimal) -> None:
    """With settings that are accepted, the surest signal of every traded source passes wherever entries are allowed."""
    try:
        settings = PolicySettings(confidence=ConfidenceSettings(least=least, trending=trending))
    except ValidationError:
        assert least > CONFIDENCE[Source.RSI_RULE].highest
        return
    for source in settings.sources:
        for regime in Regime:
            for volatility in Volatility:
                if allows_entries(regime, volatility):
                    assert threshold(regime, volatility, settings.confidence) <= CONFIDENCE[source].highest


def test_styles_follow_the_market() -> None:
    """A wild market is not entered at any price, a range for a better one, a trend at once; exits likewise."""
    wild, usual = Volatility.HIGH, Volatility.NORMAL
    assert entry_style(Regime.TRENDING, wild) is EntryStyle.LIMIT_THEN_SKIP
    assert entry_style(Regime.RANGING, usual) is EntryStyle.LIMIT_THEN_MARKET
    assert entry_style(Regime.TRENDING, usual) is EntryStyle.MARKET
    said = symbol_policy(sight(Regime.RANGING, wild), SETTINGS)
    assert exit_style(Regime.RANGING, usual) is ExitStyle.FAST_TAKE_PROFIT
    assert (said.entry_style, said.exit_style) == (EntryStyle.LIMIT_THEN_SKIP, ExitStyle.DEFENSIVE_TRAIL)
    assert (said.break_even_r, said.trail_atr) == (Decimal("0.8"), Decimal("2.5"))


@given(st.floats(0, 0.1), st.floats(0, 60), st.sampled_from(Regime))
def test_a_regime_is_stable_when_asked_again(width: float, adx: float, before: Regime) -> None:
    """The same reading twice never changes the regime a second time."""
    once = regime_of(adx, width, before, REGIME)
    assert regime_of(adx, width, once, REGIME) is once


@pytest.mark.parametrize(
    "settings",
    [
        lambda: ConfidenceSettings(trending=Decimal("0.18")),
        lambda: ConfidenceSettings(floor=Decimal("0.7")),
        lambda: RegimeSettings(trending_adx=15),
        lambda: VolatilitySettings(high_from=0.004),
    ],
)
def test_settings_out_of_bounds_are_refused(settings: Callable[[], object]) -> None:
    """A value that would be ineffective is an error, not clamped in silence."""
    with pytest.raises(ValidationError):
        settings()
