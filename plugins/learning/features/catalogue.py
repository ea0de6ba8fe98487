"""The features: their names, warm-ups and formulas. Order matters; change a meaning only with a new VERSION."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log

import numpy as np

from plugins.learning.features import reductions as r
from plugins.learning.features.windows import Windows
from plugins.learning.rows import Floats
from plugins.learning.schema import Feature, FeatureSchema

VERSION = 2
DAY_S = 86_400.0

Formula = Callable[[Windows], Floats]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A feature and how it is made; the result is [symbols, ends] or [1, ends]."""

    feature: Feature
    make: Formula


def _recipe(name: str, bars: int, make: Formula, /, *, optional: bool = False, **parameters: float) -> Recipe:
    return Recipe(
        Feature(name, bars, tuple(sorted((key, float(value)) for key, value in parameters.items())), optional), make
    )


def _return(h: int) -> Recipe:
    return _recipe(f"return_{h}", h + 1, lambda w: r.change(w.log_close(h + 1)), bars=h)


def _volatility(n: int) -> Recipe:
    return _recipe(f"volatility_{n}", n + 1, lambda w: r.spread(w.log_return(n)), bars=n)


def _market_return(h: int) -> Recipe:
    return _recipe(f"market_return_{h}", h + 1, lambda w: r.total(w.market(h)), optional=True, bars=h)


def _volatility_ratio(w: Windows) -> Floats:
    return np.log(r.spread(w.log_return(12)) / r.spread(w.log_return(192)))


def _parkinson(w: Windows) -> Floats:
    """Volatility from ranges (M. Parkinson, Journal of Business 53, 1980)."""
    ratio = np.log(w.high(24) / w.low(24))
    return np.sqrt(r.mean(ratio * ratio) / (4.0 * log(2.0)))


def _stochastic(w: Windows) -> Floats:
    return r.position(w.close(1)[..., -1], r.lowest(w.low(14)), r.highest(w.high(14)))


def _donchian(w: Windows) -> Floats:
    return r.position(w.close(1)[..., -1], r.lowest(w.low(48)), r.highest(w.high(48)))


def _weighted(w: Windows, weights: Floats) -> Floats:
    """A weighted sum of closes relative to the last one."""
    close = w.close(len(weights))
    return np.asarray(close @ weights / close[..., -1], dtype=np.float64)


def _atr(w: Windows) -> Floats:
    return np.asarray(w.true_range(r.MEMORY) @ r.decaying(1.0 / 14, r.MEMORY) / w.close(1)[..., -1], dtype=np.float64)


def _bollinger_position(w: Windows) -> Floats:
    close = w.close(20)
    return (close[..., -1] - r.mean(close)) / (2.0 * r.spread(close))


def _bollinger_width(w: Windows) -> Floats:
    close = w.close(20)
    return 4.0 * r.spread(close) / r.mean(close)


def _distance_to_mean(w: Windows) -> Floats:
    close = w.close(96)
    return close[..., -1] / r.mean(close) - 1.0


def _efficiency(w: Windows) -> Floats:
    """Net way over way gone (P. Kaufman, Smarter Trading, 1995)."""
    return np.abs(r.change(w.log_close(25))) / r.total(np.abs(w.log_return(24)))


def _body(w: Windows) -> Floats:
    open_, close, high, low = (series(1)[..., -1] for series in (w.open, w.close, w.high, w.low))
    return (close - open_) / (high - low)


def _upper_shadow(w: Windows) -> Floats:
    open_, close, high, low = (series(1)[..., -1] for series in (w.open, w.close, w.high, w.low))
    return (high - np.maximum(open_, close)) / (high - low)


def _volume_score(w: Windows) -> Floats:
    volume = w.log_volume(48)
    return (volume[..., -1] - r.mean(volume)) / r.spread(volume)


def _volume_trend(w: Windows) -> Floats:
    return r.mean(w.log_volume(12)) - r.mean(w.log_volume(96))


def _signed_volume(w: Windows) -> Floats:
    volume = w.volume(24)
    return np.asarray(
        np.einsum("...i,...i->...", np.sign(w.log_return(24)), volume) / r.total(volume), dtype=np.float64
    )


def _beta(w: Windows) -> Floats:
    market = w.market(96)
    return r.covariance(w.log_return(96), market) / r.variance(market)


def _correlation(w: Windows) -> Floats:
    own, market = w.log_return(96), w.market(96)
    return r.covariance(own, market) / (r.spread(own) * r.spread(market))


def _residual(w: Windows) -> Floats:
    return r.change(w.log_close(13)) - _beta(w) * r.total(w.market(12))


def _clock(w: Windows, period_s: float) -> Floats:
    return np.asarray(2.0 * np.pi * (w.closed_s(1)[..., -1] % period_s) / period_s, dtype=np.float64)


RECIPES: tuple[Recipe, ...] = (
    *(_return(h) for h in (1, 3, 6, 12, 24, 48, 96)),
    *(_volatility(n) for n in (12, 48, 192)),
    _recipe("volatility_ratio", 193, _volatility_ratio, short=12, long=192),
    _recipe("parkinson_24", 24, _parkinson, bars=24),
    _recipe("skewness_48", 49, lambda w: r.skewness(w.log_return(48)), bars=48),
    _recipe("rsi_14", r.MEMORY + 1, lambda w: r.strength_index(w.close(r.MEMORY + 1), 14), period=14),
    _recipe("stochastic_14", 14, _stochastic, bars=14),
    _recipe("macd", r.MACD_MEMORY, lambda w: _weighted(w, r.macd_weights(12, 26)), fast=12, slow=26),
    _recipe(
        "macd_histogram",
        r.MACD_MEMORY + r.SIGNAL_MEMORY - 1,
        lambda w: _weighted(w, r.histogram_weights(12, 26, 9)),
        fast=12,
        slow=26,
        signal=9,
    ),
    _recipe("atr_14", r.MEMORY + 1, _atr, period=14),
    _recipe("bollinger_position_20", 20, _bollinger_position, bars=20, deviations=2),
    _recipe("bollinger_width_20", 20, _bollinger_width, bars=20, deviations=2),
    _recipe("donchian_position_48", 48, _donchian, bars=48),
    _recipe("distance_to_mean_96", 96, _distance_to_mean, bars=96),
    _recipe("slope_48", 48, lambda w: np.asarray(w.log_close(48) @ r.slope_weights(48)), bars=48),
    _recipe("efficiency_24", 25, _efficiency, bars=24),
    _recipe("body", 1, _body),
    _recipe("upper_shadow", 1, _upper_shadow),
    _recipe("volume_score_48", 48, _volume_score, bars=48),
    _recipe("volume_trend", 96, _volume_trend, short=12, long=96),
    _recipe("signed_volume_24", 25, _signed_volume, bars=24),
    _recipe("hour_sin", 1, lambda w: np.sin(_clock(w, DAY_S))),
    _recipe("hour_cos", 1, lambda w: np.cos(_clock(w, DAY_S))),
    _recipe("weekday_sin", 1, lambda w: np.sin(_clock(w, 7 * DAY_S))),
    _recipe("weekday_cos", 1, lambda w: np.cos(_clock(w, 7 * DAY_S))),
    *(_market_return(h) for h in (1, 12, 48)),
    _recipe("beta_96", 97, _beta, optional=True, bars=96),
    _recipe("market_correlation_96", 97, _correlation, optional=True, bars=96),
    _recipe("residual_return_12", 97, _residual, optional=True, bars=12),
    _recipe("funding_rate", 1, lambda w: w.funding(1)[..., -1], optional=True),
)


def feature_schema(interval_s: int) -> FeatureSchema:
    """The schema of all features on bars of `interval_s` seconds."""
    return FeatureSchema(VERSION, interval_s, tuple(recipe.feature for recipe in RECIPES))
