"""Regime and volatility of a symbol from one reading, with hysteresis: a class is kept until it is clearly over."""

from __future__ import annotations

from dataclasses import dataclass

from plugins.domain import Regime, Volatility
from plugins.policy.gauge import Reading
from plugins.policy.settings import RegimeSettings, VolatilitySettings

_LEVELS = (Volatility.LOW, Volatility.NORMAL, Volatility.HIGH, Volatility.EXTREME)


@dataclass(frozen=True, slots=True)
class Classes:
    """How a market moves, and how much."""

    regime: Regime
    volatility: Volatility


UNKNOWN = Classes(Regime.UNKNOWN, Volatility.UNKNOWN)


def classes_of(
    reading: Reading | None, before: Classes, regime: RegimeSettings, volatility: VolatilitySettings
) -> Classes:
    """The classes after a reading; UNKNOWN while there is none."""
    if reading is None:
        return UNKNOWN
    return Classes(
        regime_of(reading.adx, reading.range_width, before.regime, regime),
        volatility_of(reading.volatility, before.volatility, volatility),
    )


def regime_of(adx: float, range_width: float, before: Regime, settings: RegimeSettings) -> Regime:
    """TRENDING by directional strength; otherwise RANGING in a narrow hour, NORMAL in a wide one."""
    limit = settings.trend_over_adx if before is Regime.TRENDING else settings.trending_adx
    if adx >= limit:
        return Regime.TRENDING
    width = settings.range_over_width if before is Regime.RANGING else settings.ranging_width
    return Regime.RANGING if range_width <= width else Regime.NORMAL


def volatility_of(ratio: float, before: Volatility, settings: VolatilitySettings) -> Volatility:
    """The level of an hourly ATR/price ratio. Up at once, down only when clearly below where the level begins."""
    begins = (settings.normal_from, settings.high_from, settings.extreme_from)
    held = _LEVELS.index(before) if before in _LEVELS else 0
    reached = sum(ratio >= begin for begin in begins)
    kept = sum(ratio >= begin * (1 - settings.hysteresis) for begin in begins[:held])
    return _LEVELS[max(reached, kept)]
