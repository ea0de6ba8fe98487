"""Signals: stored, then published, once per source and candle, whatever happens in between."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.domain import Candle, Signal, Source, Universe, View, history_of
from plugins.models import Models
from plugins.models.signals import lifetime, signal_id
from plugins.store import database_url, open_store
from qtcore.health.verdict import SILENT_CADENCES
from qtcore.kernel.words import Cause
from qtcore.testing import Plug, harness

pytestmark = pytest.mark.anyio

Make = Callable[..., Candle]
WARM = 60


class Market:
    """What `feed.history` answers: a quiet start, then a fall from bar 60 on."""

    def __init__(self, make: Make) -> None:
        self.make = make
        self.bars = WARM

    def candle(self, number: int, symbol: str = "BTCUSDT") -> Candle:
        quiet = 100 + math.sin(number) / 10
        return self.make(number, quiet if number < WARM else 100 - (number - WARM) - 1, symbol)

    def history(self, argument: dict[str, Any]) -> Any:
        symbol, limit = argument["symbol"], argument["limit"]
        return history_of(symbol, 60, [self.candle(n, symbol) for n in range(max(0, self.bars - limit), self.bars)])

    def close(self, symbol: str = "BTCUSDT") -> Candle:
        """The next bar has closed."""
        self.bars += 1
        return self.candle(self.bars - 1, symbol)


async def begin(h: Any, market: Market, *symbols: str) -> None:
    h.on_call("feed.history", market.history)
    h.set_market(market.candle(market.bars - 1).closed_at, speed=0)
    await h.publish(Universe(symbols or ("BTCUSDT",), {}, h.clock.wall()))
    if "models" not in h._tested:
        h.start(Plug(Models))
    await h.ready()


async def fall(h: Any, market: Market, bars: int) -> None:
    for _ in range(bars):
        candle = market.close()
        h.set_market(candle.closed_at, speed=0)
        await h.publish(candle, writer="feed")


async def told(h: Any, market: Market) -> None:
    """Wait until the newest candle's signal, and so all of them, are out."""
    last = market.candle(market.bars - 1).closed_at
    await h.until(lambda: bool(h.published(Signal)) and h.published(Signal)[-1].market_at == last)


async def stored(home: Path) -> set[str]:
    async with open_store(database_url(home)) as store:
        return {row.signal.id for row in await store.signals.latest(limit=1000)}


async def test_a_fall_makes_long_signals_that_are_stored_first(candle: Make, migrated: Path) -> None:
    """Every published signal is in the store by the time it is seen, named by source and candle."""
    market = Market(candle)
    async with harness(home=migrated) as h:
        await begin(h, market)
        await fall(h, market, 12)
        await told(h, market)
        signals = h.published(Signal)
        assert {signal.view for signal in signals} == {View.LONG}
        assert {signal.source for signal in signals} == {Source.RSI_RULE}
        assert {signal.id for signal in signals} <= await stored(migrated)
        last = market.candle(market.bars - 1)
        assert signals[-1].id == signal_id(Source.RSI_RULE, last)
        assert signals[-1].expires_at == last.closed_at + timedelta(seconds=60)
        assert (await h.call("models.latest"))["BTCUSDT"]["view"] == "long"
        assert (await h.health()).facts["views"] == {"BTCUSDT": "long"}


async def test_a_restart_makes_no_signal_twice(candle: Make, migrated: Path) -> None:
    """The next generation folds history, knows what was signalled, and goes on with the next candle."""
    market = Market(candle)
    async with harness(home=migrated) as h:
        await begin(h, market)
        await fall(h, market, 12)
        await told(h, market)
        before = [signal.id for signal in h.published(Signal)]
        await h.restart("models")
        await h.ready()
        assert [signal.id for signal in h.published(Signal)] == before
        await fall(h, market, 1)
        await h.until(lambda: len(h.published(Signal)) == len(before) + 1)
        assert len({signal.id for signal in h.published(Signal)}) == len(before) + 1


async def test_a_candle_that_closed_while_it_was_away_is_judged(candle: Make, migrated: Path) -> None:
    """A view on a candle that is still good, and that nobody signalled, is not lost to a restart."""
    market = Market(candle)
    for _ in range(12):
        market.close()
    async with harness(home=migrated) as h:
        await begin(h, market)
        (signal,) = [await h.next(Signal)]
        assert signal.id == signal_id(Source.RSI_RULE, market.candle(market.bars - 1))
        assert len(await stored(migrated)) == 1


async def test_a_hole_is_closed_from_history(candle: Make, migrated: Path) -> None:
    """After candles that never came, the index is what it would have been, and old news makes no signals."""
    market = Market(candle)
    async with harness(home=migrated) as h:
        await begin(h, market)
        for _ in range(11):
            market.close()
        await fall(h, market, 1)
        await h.until(lambda: len(h.published(Signal)) >= 1)
        whole = market.history({"symbol": "BTCUSDT", "limit": 300})
        assert (await h.call("models.latest"))["BTCUSDT"]["closed_at"] == market.candle(
            market.bars - 1
        ).closed_at.isoformat().replace("+00:00", "Z")
        assert len(whole["candles"]) == market.bars
        assert [signal.market_at for signal in h.published(Signal)] == [market.candle(market.bars - 1).closed_at]


async def test_outside_the_universe_nothing_begins(candle: Make, migrated: Path) -> None:
    """Symbols that may not trade are not judged; one that leaves is judged until its view is taken back."""
    market = Market(candle)
    async with harness(home=migrated) as h:
        await begin(h, market)
        await h.publish(market.candle(WARM, "OTHER"), writer="feed")
        assert "OTHER" not in await h.call("models.latest")
        await fall(h, market, 12)
        await told(h, market)
        await h.publish(Universe((), {"BTCUSDT": "not_trading"}, h.clock.wall()))
        count = len(h.published(Signal))
        await fall(h, market, 3)
        for number in range(8):
            await h.publish(candle(market.bars + number, 88 + 5 * number), writer="feed")
        await h.until(lambda: len(h.published(Signal)) > count)
        assert h.published(Signal)[count].view is View.NEUTRAL


async def test_what_cannot_be_stored_is_not_published(candle: Make, tmp_path: Path) -> None:
    """Without its table the store refuses, the plugin ends, and no signal has gone out."""
    market = Market(candle)
    async with harness(home=tmp_path) as h:
        await begin(h, market)
        await fall(h, market, 12)
        end = await h.end()
        assert end.cause in {Cause.RAISED, Cause.DEFECT}
        assert h.published(Signal) == []


async def test_waits_for_a_universe(migrated: Path) -> None:
    """Nobody says what may trade: not ready."""
    async with harness(Models, settings={"universe_timeout_s": 0.05}, home=migrated) as h:
        assert (await h.end()).cause is Cause.NOT_READY


async def test_says_when_no_candle_comes(candle: Make, migrated: Path) -> None:
    """Alive but starved: degraded, with the figures."""
    market = Market(candle)
    async with harness(home=migrated) as h:
        await begin(h, market)
        h.set_market(market.candle(market.bars - 1).closed_at, speed=60)
        await h.until(lambda: any(line["event"] == "champion" for line in h.logs))
        assert [finding.code for finding in (await h.health()).findings] == ["QT-MODELS-UNTRAINED"]
        await h.advance(10)
        assert (await h.health()).findings[0].code == "QT-MODELS-STARVED"


@pytest.mark.parametrize(("speed", "seconds"), [(1, 60), (10, 60), (60, 120), (600, 1200), (0, 60)])
def test_a_signal_lives_two_real_seconds_at_least(speed: float, seconds: float) -> None:
    """A fast market does not make signals void before anybody can look at them."""

    def real_limit_s(market_s: float) -> float:
        return max(market_s / speed, 2.0) if speed else math.inf

    assert lifetime(60, real_limit_s) == timedelta(seconds=seconds)


async def test_a_slow_market_is_no_idleness(candle: Make, migrated: Path) -> None:
    """Where a candle takes a minute of real time, work is counted between two of them as well."""
    async with harness(home=migrated) as h:
        await begin(h, Market(candle))
        before = sum(h.progress().values())
        await h.advance(SILENT_CADENCES * Models.cadence_s - 1.0)
        assert sum(h.progress().values()) > before
