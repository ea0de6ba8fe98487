"""Signals as they leave here: named by what they are about, and void after a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from plugins.domain import Candle, Signal, Source, View, market_ms, market_speed
from plugins.learning.classes import Direction
from plugins.learning.ensemble import Verdict
from plugins.learning.features import FeatureRows
from plugins.models.rsi_rule import Opinion


def signal_id(source: Source, candle: Candle) -> str:
    """The same for the same source and candle, whoever asks and however often: a repeat cannot be a second signal."""
    return f"{source}-{candle.symbol}-{candle.interval_s}-{market_ms(candle.closed_at)}"


def lifetime(limit_s: float, real_limit_s: Callable[[float], float]) -> timedelta:
    """How long a signal holds in market time: `limit_s`, or two real seconds where the market runs fast.

    `real_limit_s` is the context's.
    """
    speed = market_speed(real_limit_s)
    return timedelta(seconds=max(limit_s, real_limit_s(limit_s) * speed) if speed else limit_s)


def rsi_signal(
    candle: Candle, said: Opinion, period: int, *, made_at: datetime, holds: timedelta, trace_id: str | None
) -> Signal:
    """The signal of the RSI rule on a closed candle."""
    return Signal(
        id=signal_id(Source.RSI_RULE, candle),
        symbol=candle.symbol,
        view=said.view,
        confidence=said.confidence,
        source=Source.RSI_RULE,
        price=candle.close,
        made_at=made_at,
        market_at=candle.closed_at,
        expires_at=candle.closed_at + holds,
        features={"rsi": round(said.rsi, 4), "rsi_period": float(period)},
        trace_id=trace_id,
        candle_received_ns=candle.received_ns,
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """The features that a verdict was made from, what is missing left out, and the hash of their schema."""

    features: dict[str, float]
    feature_hash: str


def figures_of(rows: FeatureRows, row: int) -> Figures:
    """Those of one symbol."""
    pairs = zip(rows.schema.names, rows.values[row], strict=True)
    return Figures({name: round(float(value), 6) for name, value in pairs if np.isfinite(value)}, rows.schema.hash)


def ensemble_signal(
    candle: Candle,
    verdict: Verdict,
    said: tuple[View, Decimal],
    figures: Figures,
    *,
    made_at: datetime,
    holds: timedelta,
    trace_id: str | None,
) -> Signal:
    """The signal of the ensemble on a closed candle: `said` is its view and confidence."""
    shares = {f"p_{each.name.lower()}": round((verdict.probabilities or (0, 0, 0))[each], 6) for each in Direction}
    return Signal(
        id=signal_id(Source.ENSEMBLE, candle),
        symbol=candle.symbol,
        view=said[0],
        confidence=said[1],
        source=Source.ENSEMBLE,
        price=candle.close,
        made_at=made_at,
        market_at=candle.closed_at,
        expires_at=candle.closed_at + holds,
        features={**shares, **figures.features},
        trace_id=trace_id,
        candle_received_ns=candle.received_ns,
        votes=verdict.votes,
        agreement=round(verdict.agreement, 6),
        feature_hash=figures.feature_hash,
    )
