"""A reader's queue is bounded, and nothing leaves it unnoticed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtcore import ClockMap, Gap, topic
from qtcore.errors import ConfigurationError, Fenced
from qtcore.messaging.bus import Bus
from qtcore.messaging.mailbox import Mailbox
from qtcore.testing import VirtualClock


@topic()
@dataclass(frozen=True, slots=True)
class Note:
    n: int


@topic(retained=True, expires_s=10.0)
@dataclass(frozen=True, slots=True)
class State:
    n: int


@given(limit=st.integers(1, 5), bursts=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=6))
@settings(max_examples=100, deadline=None)
def test_read_and_missed_make_up_what_was_sent(limit: int, bursts: list[tuple[int, int]]) -> None:
    """Whatever the pace of writer and reader, items come in order and gaps name exactly what was dropped."""
    asyncio.run(check_overflow(limit, bursts))


async def check_overflow(limit: int, bursts: list[tuple[int, int]]) -> None:
    clock = VirtualClock()
    bus = Bus(clock)
    mailbox = Mailbox(["Note"], gaps=True, limit=limit, now=clock.now)
    bus.attach(mailbox)
    seen: list[int] = []
    missing: list[int] = []
    sent = 0

    async def read_one() -> None:
        item = await anext(mailbox)
        if isinstance(item, Gap):
            assert item.first_missing == len(seen) + len(missing) + 1
            missing.extend(range(item.first_missing, item.last_missing + 1))
        else:
            assert item.n == len(seen) + len(missing) + 1
            seen.append(item.n)

    for writes, reads in [*bursts, (0, 100)]:
        for _ in range(writes):
            sent += 1
            bus.publish("w", 1, Note(sent))
        for _ in range(reads):
            if mailbox._waiting or mailbox._lost:
                await read_one()
    assert sorted(seen + missing) == list(range(1, sent + 1))
    assert mailbox.missed == len(missing)


@pytest.mark.anyio
async def test_without_gaps_losses_are_only_counted() -> None:
    """A reader that does not ask for gaps sees messages alone, and a count."""
    clock = VirtualClock()
    bus = Bus(clock)
    mailbox = Mailbox(["Note"], gaps=False, limit=1, now=clock.now)
    bus.attach(mailbox)
    for n in range(3):
        bus.publish("w", 1, Note(n))
    assert await anext(mailbox) == Note(2)
    assert mailbox.missed == 2


@pytest.mark.anyio
async def test_every_reader_in_a_host_gets_the_same_object() -> None:
    """Inside a host nothing is copied."""
    clock = VirtualClock()
    bus = Bus(clock)
    readers = [Mailbox(["Note"], gaps=False, limit=9, now=clock.now) for _ in range(2)]
    for reader in readers:
        bus.attach(reader)
    note = Note(1)
    bus.publish("w", 1, note)
    assert [await anext(reader) is note for reader in readers] == [True, True]


@pytest.mark.anyio
async def test_a_closed_mailbox_wakes_its_reader() -> None:
    """A fenced reader that waits is woken with the reason."""
    mailbox = Mailbox(["Note"], gaps=False, limit=9, now=VirtualClock().now)
    waiting: asyncio.Task[Any] = asyncio.ensure_future(anext(mailbox))
    await asyncio.sleep(0)
    mailbox.close(Fenced("replaced"))
    with pytest.raises(Fenced, match="replaced"):
        await waiting


@pytest.mark.anyio
async def test_a_retained_value_expires() -> None:
    """An expired retained value is given to nobody."""
    clock = VirtualClock()
    bus = Bus(clock)
    bus.publish("w", 1, State(1))
    latest = bus.latest("State", None)
    assert latest is not None
    assert latest.message == State(1)
    await clock.advance(10.5)
    assert bus.latest("State", None) is None


def test_two_classes_with_one_topic_name_are_refused() -> None:
    """A name stands for one class in a host."""
    bus = Bus(VirtualClock())
    bus.declare(Note)

    @topic(name="Note")
    @dataclass(frozen=True, slots=True)
    class Other:
        n: int

    with pytest.raises(ConfigurationError, match="two classes call themselves topic 'Note'"):
        bus.declare(Other)


@pytest.mark.anyio
async def test_whoever_writes_the_clock_map_sets_market_time() -> None:
    """Market time follows the newest map; limits in market time shrink with speed, but never below 2 s."""
    clock = VirtualClock()
    bus = Bus(clock)
    assert bus.market.at(clock.now()) is None
    began = datetime.fromisoformat("2025-05-04T08:20:00+00:00")
    bus.publish("venue", 1, ClockMap(int(began.timestamp() * 1000), int(clock.now() * 1e9), 60.0))
    await clock.advance(10)
    assert (bus.market.market_now(clock.now()) - began).total_seconds() == 600
    assert (bus.market.real_limit_s(600), bus.market.real_limit_s(30)) == (10, 2)
    assert bus.publish("w", 1, Note(1)).envelope.market_at == bus.market.at(clock.now())
    bus.publish("venue", 1, ClockMap(0, 0, 0.0))
    assert bus.market.real_limit_s(30) == float("inf")
