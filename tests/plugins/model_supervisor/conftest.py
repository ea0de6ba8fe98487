"""A market that walks at random, and sources that say things of it, with and without knowing better."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from plugins.domain import Candle, MemberName, Signal, Source, Standing, View, Vote, at_market_ms, candle_of

START_MS = 1_735_689_600_000
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT", "DUSDT")
BARS = 1200
Opinion = Callable[[str, int], View]


def walk(*, seed: int = 3, drift: float = 0.0, bars: int = BARS) -> dict[str, list[Candle]]:
    """One-minute candles of all symbols; `drift` is the mean return of a bar."""
    random, found = Random(seed), {}
    for name in SYMBOLS:
        price, candles = 100.0, []
        for bar in range(bars):
            opened, price = price, price * (1 + random.gauss(drift, 0.002))
            high, low = max(opened, price) * 1.0005, min(opened, price) * 0.9995
            figures = [f"{value:.6f}" for value in (opened, high, low, price)]
            candles.append(candle_of(name, 60, START_MS + bar * 60_000, [*figures, "5"]))
        found[name] = candles
    return found


def signal(
    candle: Candle,
    view: View,
    *,
    source: Source = Source.RSI_RULE,
    confidence: float = 0.6,
    votes: tuple[Vote, ...] = (),
    feature: float = 25.0,
) -> Signal:
    """A signal made at a candle's close."""
    return Signal(
        id=f"{source}-{candle.symbol}-{int(candle.closed_at.timestamp())}",
        symbol=candle.symbol,
        view=view,
        confidence=Decimal(str(round(confidence, 4))),
        source=source,
        price=candle.close,
        made_at=candle.closed_at,
        market_at=candle.closed_at,
        expires_at=candle.closed_at + timedelta(minutes=1),
        features={"rsi": feature},
        votes=votes,
        agreement=0.75 if votes else None,
    )


def vote(member: MemberName, up: float, standing: Standing = Standing.VOTED) -> Vote:
    """A vote for up with this probability, the rest for down."""
    if standing is not Standing.VOTED:
        return Vote(member, standing, reason="the test says so")
    return Vote(member, standing, 0.25, (1.0 - up, 0.0, up))


@pytest.fixture
def at() -> Callable[[int], object]:
    """Market time of a bar's open."""
    return lambda bar: at_market_ms(START_MS + bar * 60_000)
