"""The policy at work: claims each second, says what changed, and refuses when it cannot see."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from plugins.domain import Account, Candle, TradingPolicy, history_of
from plugins.policy import Policy
from qtcore.errors import CallFailed
from qtcore.kernel.words import Cause
from qtcore.testing import Plug, harness

pytestmark = pytest.mark.anyio
Walk = Callable[..., list[Candle]]


async def begin(h: Any, candles: list[Candle], *, known: int = 300, speed: float = 0, account: bool = True) -> None:
    """Start it with the first `known` candles as history."""
    h.on_call("feed.coverage", lambda _: {"BTCUSDT": {}})
    h.on_call("feed.history", lambda a: history_of("BTCUSDT", 60, candles[:known][-a["limit"] :]))
    h.set_market(candles[known - 1].closed_at, speed=speed)
    if account:
        await say_account(h)
    h.start(Plug(Policy))
    await h.ready()


async def say_account(h: Any) -> None:
    at, money = h.clock.wall(), Decimal(10_000)
    await h.publish(Account(money, money, money, Decimal(0), 0, 0, at, at), writer="exchange")


def claims(h: Any) -> list[tuple[str, str]]:
    return [(claim.level, claim.reason) for claim in h.reports.claims]


async def test_allows_entries_and_says_so_each_second(walk: Walk) -> None:
    """With candles and account it claims `normal` from the first moment, each second, under its own name."""
    async with harness() as h:
        await begin(h, walk(301, 0.0005))
        await h.advance(5)
        assert [level for level, _ in claims(h)] == ["normal"] * 6
        assert {claim.source for claim in h.reports.claims} == {"policy"}
        policy = h.published(TradingPolicy)[-1]
        assert policy.allow_entries
        assert policy.by_symbol["BTCUSDT"].atr > 0
        assert (await h.health()).status == "healthy"


async def test_says_an_unchanged_policy_again_after_two_seconds(walk: Walk) -> None:
    """A reader that starts late, or doubts, never has one older than that."""
    async with harness() as h:
        await begin(h, walk(301, 0.0005))
        before = len(h.published(TradingPolicy))
        await h.advance(6)
        assert len(h.published(TradingPolicy)) - before == 3


async def test_a_candle_changes_the_policy(walk: Walk) -> None:
    """The next closed candle moves the figures without asking for history again."""
    candles = walk(302, 0.0005)
    async with harness() as h:
        await begin(h, candles)
        asked, before = len(h.calls("feed.history")), h.published(TradingPolicy)[-1].by_symbol["BTCUSDT"].atr
        await h.publish(candles[300], writer="feed")
        await h.until(lambda: h.published(TradingPolicy)[-1].by_symbol["BTCUSDT"].atr != before)
        assert len(h.calls("feed.history")) == asked


async def test_a_hole_is_closed_from_history(walk: Walk) -> None:
    """A candle that does not follow the last one makes it ask for what it missed."""
    candles = walk(303, 0.0005)
    async with harness() as h:
        await begin(h, candles)
        h.on_call("feed.history", lambda a: history_of("BTCUSDT", 60, candles[-a["limit"] :]))
        await h.publish(candles[302], writer="feed")
        await h.until(lambda: h.progress().get("warm_ups") == 2)
        seen = (await h.call("policy.explain", {"symbol": "BTCUSDT"}))["symbols"]["BTCUSDT"]["seen"]
        assert seen["bars"] == 303


async def test_stale_candles_stop_entries(walk: Walk) -> None:
    """Candles that stop coming: no entries, posture `no_entries`, and a finding."""
    async with harness() as h:
        await begin(h, walk(300, 0.0005), speed=60)
        assert claims(h)[-1][0] == "normal"
        await h.advance(4)
        assert claims(h)[-1] == ("no_entries", "no symbol may be entered; 1 of 1 because of: data stale")
        assert not h.published(TradingPolicy)[-1].by_symbol["BTCUSDT"].allow_entries
        assert (await h.health()).findings[0].code == "QT-POLICY-BLIND"


async def test_history_that_is_old_is_not_fresh(walk: Walk) -> None:
    """What the feed has from an hour ago is no ground to enter on, however recently it was asked for."""
    async with harness() as h:
        candles = walk(360, 0.0005)
        h.on_call("feed.coverage", lambda _: {"BTCUSDT": {}})
        h.on_call("feed.history", lambda a: history_of("BTCUSDT", 60, candles[:300]))
        h.set_market(candles[-1].closed_at, speed=20)
        await say_account(h)
        h.start(Plug(Policy))
        await h.ready()
        assert claims(h)[-1][0] == "no_entries"


async def test_an_unknown_account_stops_entries(walk: Walk) -> None:
    """Before the account is known, and once what was known has expired."""
    async with harness() as h:
        await begin(h, walk(301, 0.0005), account=False)
        assert claims(h)[-1] == ("no_entries", "the account is unknown or its figures are too old")
        await say_account(h)
        await h.advance(1)
        assert claims(h)[-1][0] == "normal"
        await h.advance(16)
        assert claims(h)[-1][0] == "no_entries"


async def test_thresholds_that_nothing_passes_are_no_configuration() -> None:
    """It does not start to refuse everything in silence: it says which figures cannot meet."""
    settings = {"confidence": {"floor": "0.66", "ceiling": "0.7"}}
    async with harness(Policy, settings=settings) as h:
        end = await h.end()
        assert end.cause is Cause.CONFIGURATION
        assert "rsi_rule reaches at most 0.65" in end.sentence


async def test_waits_for_the_feed() -> None:
    """A feed that is not ready yet: not ready, try again."""
    async with harness(Policy) as h:
        assert (await h.end()).cause is Cause.NOT_READY


async def test_explains_every_number(walk: Walk) -> None:
    """`explain` shows what was seen and what follows; an unknown symbol is said to be one."""
    async with harness() as h:
        await begin(h, walk(301, 0.0005))
        said = await h.call("policy.explain")
        assert said["posture"] == "normal"
        assert {"adx", "hourly_atr", "range_width", "trend"} <= said["symbols"]["BTCUSDT"]["seen"]["reading"].keys()
        with pytest.raises(CallFailed, match="no candle of NOPE"):
            await h.call("policy.explain", {"symbol": "NOPE"})
