"""Messages and calls between two real processes."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import zmq

from qtcore import CallFailed, CallUnanswered, Gap, topic
from qtcore.errors import MessageTooLarge
from qtcore.messaging.calls import Caller
from qtcore.topics import options_of

pytestmark = pytest.mark.anyio

ME = Caller("near", 1)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the condition signals nothing
            await asyncio.sleep(0.001)


async def take(mailbox: Any, n: int) -> list[Any]:
    async with asyncio.timeout(10):
        return [await anext(mailbox) for _ in range(n)]


async def test_messages_cross_in_order_with_their_types(near: Any, far: Callable[..., Any], peer: Any) -> None:
    """Messages arrive in order, as frozen objects of their class, Decimals intact."""
    async with far() as other:
        near.meet()
        ticks = await near.read(peer.Tick)
        await other.tell("ticks", first=1, last=100)
        assert await take(ticks, 100) == [peer.Tick("BTC", Decimal(n)) for n in range(1, 101)]
        assert (ticks.envelope.writer, ticks.envelope.sequence, ticks.missed) == ("far", 100, 0)


@pytest.mark.parametrize("near", [0.2], indirect=True)
async def test_a_host_that_stands_back_hears_everything_later(near: Any, far: Callable[..., Any], peer: Any) -> None:
    """All of a burst, in order, so much later unless something else came just before, without asking all the while."""
    held = []
    async with far() as other:
        near.meet()
        ticks = await near.read(peer.Tick)
        for first in (1, 101, 201):
            began, used = time.monotonic(), time.process_time()
            await other.tell("ticks", first=first, last=first + 99)
            assert await take(ticks, 100) == [peer.Tick("BTC", Decimal(n)) for n in range(first, first + 100)]
            held.append(time.monotonic() - began)
            assert time.process_time() - used < 0.1
        assert (ticks.missed, max(held) >= 0.15) == (0, True)


async def test_a_lost_message_is_told_as_a_gap(near: Any, far: Callable[..., Any], peer: Any) -> None:
    """A message that never arrives stands in the stream as a Gap, before the next one."""
    async with far() as other:
        near.meet()
        ticks = await near.read(peer.Tick)
        await other.tell("ticks", first=1, last=1)
        await other.tell("lose")
        await other.tell("lose")
        await other.tell("ticks", first=4, last=4)
        first, gap, fourth = await take(ticks, 3)
        assert gap == Gap("Tick", "far", 1, 2, 3)
        assert (first.price, fourth.price, ticks.missed) == (1, 4, 2)


async def test_a_lost_last_message_is_noticed_without_another(near: Any, far: Callable[..., Any], peer: Any) -> None:
    """A quiet topic's head, announced each second, shows that its last message was lost."""
    async with far() as other:
        near.meet()
        ticks = await near.read(peer.Tick)
        await other.tell("ticks", first=1, last=1)
        await take(ticks, 1)
        await other.tell("lose")
        began = time.monotonic()
        assert await take(ticks, 1) == [Gap("Tick", "far", 1, 2, 2)]
        assert time.monotonic() - began < 2.5


async def test_what_was_sent_before_a_subscription_is_no_gap(near: Any, far: Callable[..., Any], peer: Any) -> None:
    """A late reader hears what comes, and is not told of what it never asked for."""
    async with far() as other:
        await other.tell("ticks", first=1, last=5)
        near.meet()
        ticks = await near.read(peer.Tick)
        await other.tell("ticks", first=6, last=7)
        assert [tick.price for tick in await take(ticks, 2)] == [6, 7]
        assert ticks.missed == 0


async def test_a_late_reader_gets_retained_values(near: Any, far: Callable[..., Any], peer: Any) -> None:
    """The last value of each key is given to a reader that subscribes late, and can be looked up."""
    async with far() as other:
        for symbol, level in (("BTC", 1), ("ETH", 2), ("BTC", 3)):
            await other.tell("level", symbol=symbol, level=level)
        near.meet()
        levels = await near.read(peer.Level)
        assert {(item.symbol, item.level) for item in await take(levels, 2)} == {("ETH", 2), ("BTC", 3)}
        await other.tell("level", symbol="ETH", level=4)
        assert [item.level for item in await take(levels, 1)] == [4]
        assert near.bus.latest("Level", "ETH").message == peer.Level("ETH", 4)
        assert levels.missed == 0


async def test_a_recreated_host_is_heard_again(near: Any, far: Callable[..., Any], peer: Any) -> None:
    """After kill -9 the next generation's messages arrive at the same reader, without being told of it."""
    near.meet()
    async with far() as other:
        ticks = await near.read(peer.Tick, peer.Level)
        await other.tell("ticks", first=1, last=2)
        await take(ticks, 2)
        await other.kill()
    async with far(generation=2) as other:
        await other.tell("level", symbol="BTC", level=9)
        assert await take(ticks, 1) == [peer.Level("BTC", 9)]
        # Its Tick subscription may still be on its way; what it misses of these two it is told.
        await other.tell("ticks", first=10, last=11)
        accounted = 0
        while accounted < 2:
            (item,) = await take(ticks, 1)
            accounted += item.missing if isinstance(item, Gap) else 1
        await other.tell("ticks", first=12, last=12)
        assert [tick.price for tick in await take(ticks, 1)] == [12]
        assert (ticks.envelope.generation, ticks.envelope.sequence) == (2, 3)


async def test_what_is_lost_while_reconnecting_is_told(near: Any, far: Callable[..., Any], peer: Any) -> None:
    """Messages of a new generation that were sent before this host had reconnected are a Gap."""
    near.meet()
    async with far() as other:
        ticks = await near.read(peer.Tick)
        await other.tell("ticks", first=1, last=1)
        await take(ticks, 1)
    async with far(generation=2) as other:
        await other.tell("lose")
        await other.tell("lose")
        (gap,) = await take(ticks, 1)
        rest = [] if gap.last_missing == 2 else await take(ticks, 1)
        assert gap.first_missing == 1
        assert sum(told.missing for told in [gap, *rest]) == 2


async def test_an_expired_message_is_not_delivered(near: Any, far: Callable[..., Any], peer: Any) -> None:
    """A message whose time passes before it is read is skipped, and is no gap."""
    async with far() as other:
        near.meet()
        briefs = await near.read(peer.Brief, peer.Tick)
        await other.tell("brief", n=1)
        await other.tell("ticks", first=1, last=1)
        await until(lambda: len(briefs._waiting) == 2)
        near.clock.ahead_s += 6.0
        assert await take(briefs, 1) == [peer.Tick("BTC", Decimal(1))]
        assert (briefs.expired, briefs.missed) == (1, 0)


async def test_the_clock_map_reaches_every_host_by_itself(near: Any, far: Callable[..., Any]) -> None:
    """A host knows market time without any of its plugins reading the topic, also when it comes late."""
    async with far() as other:
        await other.tell("clock", m0_ms=1_000_000, real0_ns=0, speed=0.0)
        near.meet()
        await until(lambda: near.bus.market.map is not None)
        assert near.bus.market.market_now(5.0).timestamp() == 1_000
        await other.tell("clock", m0_ms=2_000_000, real0_ns=0, speed=0.0)
        await until(lambda: near.bus.market.market_now(5.0).timestamp() == 2_000)


async def test_calls_give_results_and_typed_errors(near: Any, far: Callable[..., Any]) -> None:
    """A result comes back as JSON data; what the action raises comes back with its type."""
    async with far():
        near.meet()
        body = {"quantity": Decimal("0.10"), "nested": [1, 2]}
        assert await near.desk.call(ME, "far.echo", body, timeout_s=5, key=None) == {
            "quantity": "0.10",
            "nested": [1, 2],
        }
        with pytest.raises(CallFailed, match="missing thing") as raised:
            await near.desk.call(ME, "far.raise", None, timeout_s=5, key=None)
        assert raised.value.error_type == "KeyError"
        with pytest.raises(CallFailed) as refused:
            await near.desk.call(ME, "far.refuse", None, timeout_s=5, key=None)
        assert refused.value.error_type == "Busy"


async def test_a_keyed_call_runs_once(near: Any, far: Callable[..., Any]) -> None:
    """The same key gives the same result; another key runs again."""
    async with far():
        near.meet()
        runs = [await near.desk.call(ME, "far.count", None, timeout_s=5, key=key) for key in ("a", "a", "b", None, "a")]
        assert [run["runs"] for run in runs] == [1, 1, 2, 3, 1]


async def test_silence_is_a_call_unanswered(near: Any, far: Callable[..., Any]) -> None:
    """An action that does not answer within the deadline leaves the outcome unknown."""
    async with far():
        near.meet()
        with pytest.raises(CallUnanswered):
            await near.desk.call(ME, "far.hang", None, timeout_s=0.2, key=None)


async def test_a_host_that_dies_during_a_call_is_noticed_at_once(near: Any, far: Callable[..., Any]) -> None:
    """A killed host's calls end as unanswered long before their deadline."""
    async with far() as other:
        near.meet()
        await near.desk.call(ME, "far.echo", None, timeout_s=5, key=None)
        hanging = asyncio.create_task(near.desk.call(ME, "far.hang", None, timeout_s=60, key=None))
        await near.desk.call(ME, "far.echo", None, timeout_s=5, key=None)
        began = time.monotonic()
        await other.kill()
        with pytest.raises(CallUnanswered, match="went away"):
            await hanging
        assert time.monotonic() - began < 2


async def test_a_host_that_is_away_is_said_to_be_so(near: Any) -> None:
    """Calling into a host that is not there fails quickly, and certainly was not run."""
    near.meet()
    began = time.monotonic()
    with pytest.raises(CallFailed, match="away") as failed:
        await near.desk.call(ME, "far.echo", None, timeout_s=30, key=None)
    assert failed.value.error_type == "NotReady"
    assert time.monotonic() - began < 2
    with pytest.raises(CallFailed, match="not ready"):
        await near.desk.call(ME, "elsewhere.echo", None, timeout_s=30, key=None)


async def test_what_is_too_large_is_refused_and_harms_nobody(near: Any, far: Callable[..., Any], peer: Any) -> None:
    """Oversized arguments and results are typed errors; the connection goes on."""
    async with far():
        near.meet()
        with pytest.raises(MessageTooLarge, match="file or table"):
            await near.desk.call(ME, "far.echo", {"text": "x" * 5_000_000}, timeout_s=5, key=None)
        with pytest.raises(CallFailed) as failed:
            await near.desk.call(ME, "far.big", None, timeout_s=5, key=None)
        assert failed.value.error_type == "MessageTooLarge"
        assert await near.desk.call(ME, "far.echo", {"n": 1}, timeout_s=5, key=None) == {"n": 1}
    with pytest.raises(MessageTooLarge):
        near.bus.publish("near", 1, peer.Level("x" * 5_000_000, 1))
    assert near.bus.heads("Level") == ()


async def test_a_stopped_reader_holds_nobody_up_and_learns_what_it_missed(
    near: Any, far: Callable[..., Any], peer: Any
) -> None:
    """A host that is stopped costs its writers nothing; when it goes on, read and missing make up the whole."""
    sent = 30_000
    async with far() as other:
        near.meet()
        await until(lambda: near.network._outlet._readers["Drip"] > 0)
        near.bus.publish("near", 1, peer.Drip(0, ""))
        other.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        slowest_s = 0.0
        for n in range(1, sent):
            before = time.monotonic()
            near.bus.publish("near", 1, peer.Drip(n, "x" * 200))
            slowest_s = max(slowest_s, time.monotonic() - before)
            if n % 1000 == 0:
                await asyncio.sleep(0)
        assert slowest_s < 1.0
        assert time.monotonic() - began < 30
        other.process.send_signal(signal.SIGCONT)
        async with asyncio.timeout(20):
            counts = {"seen": 0, "missing": 0}
            while sum(counts.values()) < sent:
                await asyncio.sleep(0.05)
                counts = await near.desk.call(ME, "far.counts", None, timeout_s=5, key=None)
        assert sum(counts.values()) == sent
        assert counts["missing"] > 0


@topic(name="Tick")
@dataclass(frozen=True, slots=True)
class OtherTick:
    symbol: str
    cost: float


async def test_a_different_schema_is_refused_loudly_and_once(near: Any, far: Callable[..., Any]) -> None:
    """Two versions of a topic do not mix: nothing is delivered, and one sentence says why."""
    async with far() as other:
        near.meet()
        near.bus.declare(OtherTick)
        near.network.follow(OtherTick)
        await near.network.settled([options_of(OtherTick).name])
        await other.tell("ticks", first=1, last=3)
        await until(lambda: bool(near.complaints))
        await near.desk.call(ME, "far.echo", None, timeout_s=5, key=None)
        assert len(near.complaints) == 1
        assert "restart the older host" in near.complaints[0]


async def test_rubbish_and_strangers_are_dropped(near: Any, peer: Any) -> None:
    """What is no envelope, or comes from a plugin that does not write the topic, is dropped with one complaint."""
    context = zmq.Context()
    rogue = context.socket(zmq.XPUB)
    rogue.bind(f"ipc://{near.run_dir}/far_host.pub")
    try:
        near.meet()
        ticks = await near.read(peer.Tick)
        await until(lambda: bool(rogue.poll(0)))
        stranger = near.bus.publish("stranger", 1, peer.Brief(1)).envelope
        forged = stranger.model_copy(update={"topic": "Tick"}).model_dump_json().encode()
        for frame in (b"Tick\0M{nonsense", b"Tick\0", b"Tick\0M" + forged):
            rogue.send(frame)
        await until(lambda: near.network._inlet.refused.total() == 3)
        assert len(near.complaints) == 2
        assert not ticks._waiting
        assert near.network._inlet.refused == {"malformed": 2, "stranger": 1}
    finally:
        context.destroy(linger=0)
