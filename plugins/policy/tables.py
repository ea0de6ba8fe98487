"""What follows from regime and volatility: the original's tables (least confidence, risk, entries, exits)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from plugins.domain import EntryStyle, ExitStyle, Regime, Volatility
from plugins.policy.confidence import ConfidenceSettings

ONE, ZERO = Decimal(1), Decimal(0)


@dataclass(frozen=True, slots=True)
class Exits:
    """Distances of stop, take-profit and trailing stop in hourly ATR; the profit, in units of the first risk, from
    which the stop stands at the entry price; and how long a position may live in market time."""

    stop_atr: Decimal
    take_profit_atr: Decimal
    break_even_r: Decimal
    trail_atr: Decimal
    maximum_age_s: float


def _exits(stop: str, take_profit: str, break_even: str, trail: str, hours: float) -> Exits:
    return Exits(Decimal(stop), Decimal(take_profit), Decimal(break_even), Decimal(trail), hours * 3600)


CALM = _exits("1.2", "3.5", "0.3", "1.8", 48)
USUAL = _exits("1.5", "3", "0.5", "2", 36)
WILD = _exits("2", "4", "0.8", "2.5", 24)
EXTREME = _exits("2.5", "5", "1", "3", 12)
TREND = _exits("1.8", "4.5", "0.4", "2.5", 72)
RANGE = _exits("1", "2", "0.3", "1.5", 18)


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


def entry_style(regime: Regime, volatility: Volatility) -> EntryStyle:
    """At market where a move is followed; for a better price in a range; not at any price in a wild market."""
    if volatility in {Volatility.HIGH, Volatility.EXTREME}:
        return EntryStyle.LIMIT_THEN_SKIP
    return EntryStyle.LIMIT_THEN_MARKET if regime is Regime.RANGING else EntryStyle.MARKET


def exit_style(regime: Regime, volatility: Volatility) -> ExitStyle:
    """Closely guarded in a wild market, a quick profit in a range, otherwise as long as it runs."""
    if volatility in {Volatility.HIGH, Volatility.EXTREME}:
        return ExitStyle.DEFENSIVE_TRAIL
    return ExitStyle.FAST_TAKE_PROFIT if regime is Regime.RANGING else ExitStyle.TREND_FOLLOW


def minimum_confidence(regime: Regime, volatility: Volatility, settings: ConfidenceSettings) -> Decimal:
    """Least confidence of a signal to be acted on: the regime's, moved by volatility, within floor and ceiling.

    The threshold `least` comes on top of it; see `threshold`."""
    wanted = _base(regime, settings) + _surcharge(volatility)
    return min(max(wanted, settings.floor), settings.ceiling)


def threshold(regime: Regime, volatility: Volatility, settings: ConfidenceSettings) -> Decimal:
    """What a signal needs in the end: the table's confidence, and never less than the operator's own threshold."""
    return max(minimum_confidence(regime, volatility, settings), settings.least)


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
