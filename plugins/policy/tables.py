"""What follows from regime and volatility: the original's tables (least confidence, risk, exits)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from plugins.domain import Regime, Volatility
from plugins.policy.settings import ConfidenceSettings

ONE, ZERO = Decimal(1), Decimal(0)


@dataclass(frozen=True, slots=True)
class Exits:
    """Stop and take-profit distance in hourly ATR, and how long a position may live in market time."""

    stop_atr: Decimal
    take_profit_atr: Decimal
    maximum_age_s: float


def _exits(stop: str, take_profit: str, hours: float) -> Exits:
    return Exits(Decimal(stop), Decimal(take_profit), hours * 3600)


CALM = _exits("1.2", "3.5", 48)
USUAL = _exits("1.5", "3", 36)
WILD = _exits("2", "4", 24)
EXTREME = _exits("2.5", "5", 12)
TREND = _exits("1.8", "4.5", 72)
RANGE = _exits("1", "2", 18)


def exits_of(regime: Regime, volatility: Volatility) -> Exits:
    """High volatility decides alone, because its wider stops must hold; else the regime, else calm or usual."""
    match volatility, regime:
        case Volatility.EXTREME, _:
            return EXTREME
        case Volatility.HIGH, _:
            return WILD
        case _, Regime.TRENDING:
            return TREND
        case _, Regime.RANGING:
            return RANGE
        case Volatility.LOW, _:
            return CALM
        case _:
            return USUAL


def minimum_confidence(regime: Regime, volatility: Volatility, settings: ConfidenceSettings) -> Decimal:
    """Least confidence of a signal to be acted on: the regime's, moved by volatility, within floor and ceiling."""
    wanted = _base(regime, settings) + _surcharge(volatility)
    return min(max(wanted, settings.floor), settings.ceiling)


def risk_multiplier(regime: Regime, volatility: Volatility) -> Decimal:
    """By how much the usual risk is multiplied: halved in high volatility, 0.7 in a range, none in extremes."""
    match volatility:
        case Volatility.EXTREME | Volatility.UNKNOWN:
            return ZERO
        case Volatility.HIGH:
            by_volatility = Decimal("0.5")
        case Volatility.LOW | Volatility.NORMAL:
            by_volatility = ONE
        case _:
            assert_never(volatility)
    return by_volatility * (Decimal("0.7") if regime is Regime.RANGING else ONE)


def allows_entries(regime: Regime, volatility: Volatility) -> bool:
    """Nothing is entered in extreme volatility, nor where anything is unknown."""
    return regime is not Regime.UNKNOWN and volatility not in {Volatility.EXTREME, Volatility.UNKNOWN}


def _base(regime: Regime, settings: ConfidenceSettings) -> Decimal:
    match regime:
        case Regime.TRENDING:
            return settings.trending
        case Regime.RANGING:
            return settings.ranging
        case Regime.NORMAL:
            return settings.normal
        case Regime.UNKNOWN:
            return settings.ceiling
        case _:
            assert_never(regime)


def _surcharge(volatility: Volatility) -> Decimal:
    match volatility:
        case Volatility.LOW:
            return Decimal("-0.02")
        case Volatility.NORMAL | Volatility.UNKNOWN:
            return ZERO
        case Volatility.HIGH:
            return Decimal("0.02")
        case Volatility.EXTREME:
            return Decimal("0.07")
        case _:
            assert_never(volatility)
