"""Limits of age against the periods of what they judge, on one clock (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qtcore.config.effective import EffectiveValue
from qtcore.config.meaning import MARKET_SPEED
from qtcore.config.problem import Problem, Weight

CODE = "QT-CONFIG-FRESHNESS"

LEAST_PERIODS = 1.5
"""An age limit below this many periods calls data stale between two arrivals that are both in time."""

LEAST_REAL_S = 2.0
"""A limit stated in market time is never shorter than this in real time."""

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)")


def freshness_problems(values: Iterable[EffectiveValue]) -> Iterator[Problem]:
    """Each limit of age that is shorter than what it judges takes to come."""
    by_name = {value.name: value for value in values}
    speed = market_speed(by_name)
    for value in by_name.values():
        judged = value.meaning.judges
        limit_s = seconds(value.value)
        period = _period(judged, by_name, value)
        if judged is None or limit_s is None or period is None:
            continue
        period_s, of_market = period
        problem = _judged(value, limit_s, judged, period_s, speed, of_market=of_market)
        if problem:
            yield problem


def market_speed(values: Mapping[str, EffectiveValue]) -> float | None:
    """Market seconds in a real one: 1 where nobody says, None where it is not a number (`max`)."""
    said = next((value for value in values.values() if value.meaning.group == MARKET_SPEED), None)
    if said is None:
        return 1.0
    speed = seconds(said.value)
    return speed if speed and speed > 0 else None


def seconds(value: Any) -> float | None:
    """A number of seconds, or a duration such as `1m`; None for anything else."""
    match value:
        case bool() | None:
            return None
        case int() | float():
            return float(value)
        case str() if found := _DURATION.fullmatch(value.strip()):
            return float(found[1]) * _UNITS[found[2] or "s"]
        case _:
            return None


def _period(
    judged: str | float | None, values: Mapping[str, EffectiveValue], limit: EffectiveValue
) -> tuple[float, bool] | None:
    """The seconds, and whether they are market time; None where the judged plugin is off."""
    if isinstance(judged, str):
        setting = values.get(judged)
        period_s = seconds(setting.value) if setting else None
        return (period_s, setting.meaning.market) if setting and period_s is not None else None
    return (float(judged), limit.meaning.judges_market) if judged is not None else None


def _judged(
    value: EffectiveValue, limit_s: float, judged: str | float, period_s: float, speed: float | None, *, of_market: bool
) -> Problem | None:
    if speed is None and of_market != value.meaning.market:
        return None  # the market runs as fast as it can: the two clocks cannot be compared
    limit_real, period_real = limit_s, period_s
    if of_market or value.meaning.market:
        pace = speed or 1.0
        limit_real = max(limit_s / pace, LEAST_REAL_S) if value.meaning.market else limit_s
        period_real = period_s / pace if of_market else period_s
    if limit_real >= LEAST_PERIODS * period_real:
        return None
    what = f"{judged}, whose period is" if isinstance(judged, str) else "what comes every"
    names = (value.name, judged) if isinstance(judged, str) else (value.name,)
    sentence = (
        f"{value.name} is {limit_real:g} real seconds ({value.source.where}) and judges {what} {period_real:g} s: "
        f"it will be called old although it comes in time; set at least {LEAST_PERIODS * period_real:g} s"
    )
    return Problem(sentence, Weight.FINDING, value.source.where, code=CODE, names=names)
