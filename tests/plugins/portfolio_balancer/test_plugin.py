"""The balancer at work: it advises from history, follows the book, and binds only when it may."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from plugins.domain import (
    Account,
    Candle,
    Outcome,
    OutcomeCode,
    PortfolioAdvice,
    Position,
    Side,
    at_market_ms,
    candle_of,
    history_of,
)
from plugins.portfolio_balancer import PortfolioBalancer
from qtcore.testing import Harness, Plug, harness

pytestmark = pytest.mark.anyio
START_MS = 1_735_689_600_000
START = at_market_ms(START_MS)
MONEY = Decimal(10_000)
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")


def candles(bars: int = 500) -> dict[str, list[Candle]]:
    """A and B walk together, C on its own."""
    random, prices, found = Random(3), dict.fromkeys(SYMBOLS, 100.0), {name: [] for name in SYMBOLS}  # type: ignore[var-annotated]
    for bar in range(bars):
        common = random.gauss(0, 0.001)
        for name in SYMBOLS:
            own = random.gauss(0, 0.001)
            prices[name] *= 1 + (own if name == "CUSDT" else common + own / 10)
            figures = [f"{prices[name]:.6f}"] * 4
            found[name].append(candle_of(name, 60, START_MS + bar * 60_000, [*figures, "1"]))
    return found


def account() -> Account:
    return Account(MONEY, MONEY, MONEY, Decimal(0), 0, 0, START, START)


def position(symbol: str, notional: int, side: Side = Side.LONG) -> Position:
    return Position(
        symbol, symbol, side, Decimal(notional) / 100, Decimal(100), Decimal(100), Decimal(0), 5, START, START
    )


async def begin(h: Harness, *, bars: int = 500, autonomy: Any = "enforced") -> None:
    history = candles(bars)
    h.on_call("feed.coverage", lambda _: {symbol: {} for symbol in SYMBOLS})
    h.on_call("feed.history", lambda a: history_of(a["symbol"], 60, history[a["symbol"]]))
    h.set_market(START + timedelta(minutes=bars))
    h.start(Plug(PortfolioBalancer, autonomy=autonomy))
    await h.ready()
    await h.publish(account())


async def latest(h: Harness, *, after: int) -> PortfolioAdvice:
    """The newest advice once there are more than `after`."""
    await h.until(lambda: len(h.published(PortfolioAdvice)) > after)
    return h.published(PortfolioAdvice)[-1]


async def test_it_advises_from_history_at_once_and_renews_it() -> None:
    """With account and candles there is advice about every symbol, said again before it expires."""
    async with harness() as h:
        await begin(h)
        said = await latest(h, after=0)
        assert (said.known, said.enforced) == (True, True)
        assert set(said.long) == set(said.short) == set(SYMBOLS)
        assert said.long["AUSDT"].haircut == 1
        assert (await h.health()).status == "healthy"
        count = len(h.published(PortfolioAdvice))
        await h.advance(31)
        assert len(h.published(PortfolioAdvice)) >= count + 3


async def test_a_new_position_changes_the_advice() -> None:
    """Once A is held, its twin is cut to half and C hardly, within a moment."""
    async with harness() as h:
        await begin(h)
        await latest(h, after=0)
        count = len(h.published(PortfolioAdvice))
        await h.publish(position("AUSDT", 1000))
        said = await latest(h, after=count)
        assert said.long["BUSDT"].haircut < Decimal("0.6")
        assert said.long["CUSDT"].haircut > Decimal("0.75")
        shown = await h.call("portfolio_balancer.portfolio")
        assert shown["symbols"]["AUSDT"]["moves_with"] == ["BUSDT"]


async def test_too_little_history_is_unknown_and_strict() -> None:
    """With an hour of candles nothing is known: health says so, and everything counts as one bet."""
    async with harness() as h:
        await begin(h, bars=60)
        await h.publish(position("AUSDT", 1000))
        said = await latest(h, after=1)
        assert not said.known
        assert said.long["CUSDT"].haircut == Decimal("0.5")
        health = await h.health()
        assert health.status == "unknown"
        assert "too little history" in health.summary


async def test_a_book_over_its_caps_is_to_be_reduced() -> None:
    """Nine tenths of equity in one symbol: advised to be cut to six, with the number, and found."""
    async with harness() as h:
        await begin(h)
        await h.publish(position("CUSDT", 9000))
        said = await latest(h, after=1)
        (cut,) = said.reductions
        assert (cut.symbol, cut.share.quantize(Decimal("0.01"))) == ("CUSDT", Decimal("0.33"))
        assert [finding.code for finding in (await h.health()).findings] == ["QT-PORTFOLIO-OVER"]


async def test_what_it_may_not_bind_it_says_it_would_have() -> None:
    """Observing: advice is marked as not binding, and withheld reductions and vetoes are journalled."""
    async with harness() as h:
        await begin(h, autonomy="observe")
        await h.publish(position("CUSDT", 9000))
        said = await latest(h, after=1)
        assert not said.enforced
        outcome = Outcome("s1", "CUSDT", OutcomeCode.FILLED, "filled", START)
        await h.publish(replace(position("CUSDT", 25_000), side=Side.SHORT))
        await h.publish(outcome)
        assert any("reduced CUSDT" in what for what in h.withheld)
        assert any("refused the entry in CUSDT" in what for what in h.withheld)


async def test_without_an_account_nothing_is_advised() -> None:
    """What was said expires by itself; equity that is gone is not guessed."""
    async with harness() as h:
        await begin(h)
        await latest(h, after=0)
        await h.publish(replace(account(), equity=Decimal(0)))
        count = len(h.published(PortfolioAdvice))
        await h.advance(31)
        assert len(h.published(PortfolioAdvice)) == count
        assert (await h.health()).status == "degraded"
