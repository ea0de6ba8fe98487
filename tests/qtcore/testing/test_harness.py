"""The harness runs plugins as a host would, on the test's own clock."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import PositiveFloat

from qtcore import (
    CallFailed,
    Context,
    Fenced,
    Finding,
    Gap,
    Health,
    NotReady,
    Plugin,
    Settings,
    Severity,
    action,
    every,
    hookimpl,
    topic,
)
from qtcore.errors import Undeclared
from qtcore.kernel.words import Cause
from qtcore.testing import Plug, SensorFailed, harness

pytestmark = pytest.mark.anyio


@topic(retained=True, key="symbol")
@dataclass(frozen=True, slots=True)
class Price:
    symbol: str
    price: Decimal


@topic()
@dataclass(frozen=True, slots=True)
class Alarm:
    text: str


class WatchSettings(Settings):
    limit: PositiveFloat = 10.0


class Watch(Plugin[WatchSettings]):
    """Raises an alarm above a price."""

    reads = [Price]
    writes = [Alarm]
    calls = ["exchange.place"]

    def __init__(self) -> None:
        self.cured = False

    @hookimpl
    async def start(self, ctx: Context[WatchSettings]) -> None:
        async with ctx.subscribe(Price) as prices:
            ctx.ready()
            async for price in prices:
                ctx.progress("prices", data_as_of=ctx.wall())
                with ctx.span("judge"):
                    if price.price > Decimal(str(ctx.settings.limit)):
                        await ctx.publish(Alarm(f"{price.symbol} at {price.price}"))

    @hookimpl
    async def health(self, ctx: Context[WatchSettings]) -> Health:
        ctx.fact(limit=ctx.settings.limit)
        if self.cured:
            return Health.healthy("cured")
        sick = Finding(code="QT-TEST-SICK", severity=Severity.LOW, summary="sick", healable=True)
        return Health.degraded("sick", sick)

    @hookimpl
    async def heal(self, finding: Finding) -> str:
        self.cured = True
        return f"cured {finding.code}"

    @every(60)
    async def beat(self, ctx: Context[WatchSettings]) -> None:
        await ctx.publish(Alarm(f"beat at {ctx.market_now().isoformat()}"))

    @action(effect=True)
    async def order(self, ctx: Context[WatchSettings], quantity: Decimal, note: str = "") -> dict[str, Any]:
        ctx.progress("orders")
        answer = await ctx.call("exchange.place", {"quantity": quantity})
        return {"quantity": quantity, "answer": answer, "note": note}

    @action()
    def slow_sum(self, ctx: Context[WatchSettings], n: int) -> int:
        return sum(range(n))


async def test_delivers_messages_and_sees_what_is_published() -> None:
    """A published message reaches the plugin, and what it publishes reaches the test."""
    async with harness(Watch, settings={"limit": 100}) as h:
        await h.ready()
        await h.publish(Price("BTC", Decimal(99)))
        await h.publish(Price("BTC", Decimal(101)))
        assert (await h.next(Alarm)).text == "BTC at 101"
        assert h.progress() == {"prices": 2}


async def test_gives_retained_values_first() -> None:
    """A plugin that starts late gets the last value of each key."""
    async with harness() as h:
        await h.publish(Price("BTC", Decimal(1)))
        await h.publish(Price("BTC", Decimal(50)))
        await h.publish(Price("ETH", Decimal(60)))
        h.start(Plug(Watch))
        await h.ready()
        assert [(await h.next(Alarm)).text for _ in range(2)] == ["BTC at 50", "ETH at 60"]


async def test_asks_health_and_heals() -> None:
    """Health carries facts and counters; heal says what it did; both run the plugin's own hooks."""
    async with harness(Watch) as h:
        await h.ready()
        sick = await h.health()
        assert sick.status == "degraded"
        assert sick.facts == {"limit": 10.0, "progress": {}}
        assert await h.heal(sick.findings[0]) == "cured QT-TEST-SICK"
        assert (await h.health()).status == "healthy"


async def test_timers_follow_the_virtual_clock() -> None:
    """Moving the clock runs timers at their own moments, and market time follows."""
    async with harness(Watch) as h:
        await h.ready()
        h.set_market(h.clock.wall(), speed=10.0)
        began = h.clock.wall()
        await h.advance(125)
        beats = [alarm.text for alarm in h.published(Alarm)]
        assert beats == [f"beat at {(began + timedelta(seconds=s * 10)).isoformat()}" for s in (60, 120)]
        await h.run_timer("beat")
        assert len(h.published(Alarm)) == 3


async def test_answers_actions_of_absent_plugins() -> None:
    """An action's argument is validated, its result JSON, and `on_call` answers for an absent plugin."""
    async with harness(Watch) as h:
        h.on_call("exchange.place", lambda argument: {"id": 7, "got": argument["quantity"]})
        await h.ready()
        result = await h.call("watch.order", {"quantity": Decimal("0.10")}, key="k1")
        again = await h.call("watch.order", {"quantity": Decimal("0.10")}, key="k1")
        assert result == {"quantity": "0.10", "answer": {"id": 7, "got": "0.10"}, "note": ""}
        assert again == result
        assert h.progress() == {"orders": 1}
        assert h.calls("exchange.place") == [{"quantity": "0.10"}]
        assert await h.call("watch.slow_sum", {"n": 10}) == 45
        with pytest.raises(CallFailed, match="quantity"):
            await h.call("watch.order", {"quantity": "much"})
        with pytest.raises(CallFailed, match="did you mean 'order'"):
            await h.call("watch.ordr", {})
        with pytest.raises(CallFailed, match="not ready"):
            await h.call("nobody.there")


class Slip(Plugin):
    @hookimpl
    async def start(self, ctx: Context[Any]) -> None:
        ctx.ready()
        undefined_name  # noqa: B018, F821


class SlipEarly(Plugin):
    @hookimpl
    async def start(self, ctx: Context[Any]) -> None:
        undefined_name  # noqa: B018, F821


class Waits(Plugin):
    @hookimpl
    async def start(self, ctx: Context[Any]) -> None:
        raise NotReady("no venue yet", retry_after_s=3)


@pytest.mark.parametrize(
    ("plugin", "cause"), [(Slip, Cause.RAISED), (SlipEarly, Cause.DEFECT), (Waits, Cause.NOT_READY)]
)
async def test_ends_carry_their_cause(plugin: type[Plugin[Any]], cause: Cause) -> None:
    """A slip before ready is a defect, after ready a raise; NotReady says when to try again."""
    async with harness(plugin) as h:
        end = await h.end()
        assert end.cause is cause
        assert end.retry_after_s == (3 if cause is Cause.NOT_READY else None)
        assert "qtcore/hosts/runtime" not in end.traceback


async def run_unseen() -> None:
    async with harness(Slip) as h:
        await h.ready()
        await h.until(lambda: h.reports.ended("slip", 1) is not None)


async def test_an_unseen_end_fails_the_test() -> None:
    """A plugin that ends by itself fails the test unless the test asked for the end."""
    with pytest.raises(AssertionError, match="undefined_name"):
        await run_unseen()


class Fences(Plugin):
    writes = [Alarm]

    @hookimpl
    async def start(self, ctx: Context[Any]) -> None:
        self.ctx = ctx
        ctx.ready()
        await ctx.serve()


async def test_a_lost_lease_fences_the_old_context() -> None:
    """After its lease is gone a generation may do nothing any more."""
    async with harness(Fences) as h:
        await h.ready()
        ctx = h._one(None).live.ctx
        ctx.check_lease()
        h.fence()
        for use in (ctx.check_lease, lambda: ctx.progress("x"), ctx.ready):
            with pytest.raises(Fenced):
                use()
        with pytest.raises(Fenced):
            await ctx.publish(Alarm("late"))
        with pytest.raises(Fenced):
            await ctx.call("a.b")


async def test_undeclared_use_is_refused_with_the_cure() -> None:
    """Using a topic or action that the class does not name raises Undeclared."""
    async with harness(Fences) as h:
        await h.ready()
        ctx = h._one(None).live.ctx
        with pytest.raises(Undeclared, match="`reads`"):
            ctx.subscribe(Price)
        with pytest.raises(Undeclared, match="`writes`"):
            await ctx.publish(Price("BTC", Decimal(1)))
        with pytest.raises(Undeclared, match="`calls`"):
            await ctx.call("exchange.place")


async def test_posture_is_set_by_the_test() -> None:
    """The test sets the posture; an unknown level is refused with a suggestion."""
    async with harness(Fences) as h:
        await h.ready()
        ctx = h._one(None).live.ctx
        assert ctx.posture == "normal"
        h.posture = "no_entries"
        assert not ctx.posture_allows("normal")
        assert ctx.posture_allows("reduce_only")
        with pytest.raises(ValueError, match="did you mean 'no_entries'"):
            h.posture = "no_entry"


class Gaps(Plugin):
    reads = [Alarm]

    @hookimpl
    async def start(self, ctx: Context[Any]) -> None:
        async with ctx.subscribe(Alarm, gaps=True, limit=2) as alarms:
            ctx.ready()
            await self.go.wait()
            async for alarm in alarms:
                ctx.progress(
                    "gap" if isinstance(alarm, Gap) else "alarm", alarm.missing if isinstance(alarm, Gap) else 1
                )
                ctx.fact(missed=alarms.missed)

    def __init__(self) -> None:
        self.go = asyncio.Event()


async def test_an_overflowing_reader_is_told_what_it_missed() -> None:
    """The oldest messages make room; a Gap says which."""
    async with harness(Gaps) as h:
        await h.ready()
        for n in range(5):
            await h.publish(Alarm(str(n)))
        h._one(None).live.plugin.go.set()
        await h.until(lambda: h.progress().get("alarm") == 2)
        assert h.progress() == {"gap": 3, "alarm": 2}
        assert h.facts() == {"missed": 3}


class Blocks(Plugin):
    @hookimpl
    def start(self, ctx: Context[Any]) -> None:
        ctx.ready()
        while True:
            ctx.check_lease()
            time.sleep(0.001)

    @hookimpl
    def health(self) -> str:
        return "fine"


async def test_a_def_start_runs_in_a_thread_and_ends_by_its_fence() -> None:
    """A blocking `def start` leaves the loop free; when stopped, its next use of the context ends it."""
    async with harness(Blocks) as h:
        await h.ready()
        with pytest.raises(SensorFailed, match="returned str"):
            await h.health()


async def test_spans_and_logs_are_at_hand() -> None:
    """A plugin's spans and log lines can be looked at, with plugin and generation on them."""
    async with harness(Watch) as h:
        await h.ready()
        await h.publish(Price("BTC", Decimal(1)))
        judged = next(span for span in h.spans if span.name == "judge")
        assert judged.attributes is not None
        assert judged.attributes["qt.plugin"] == "watch"
