"""Signals are stored once and end once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from plugins.domain import MemberName, Outcome, OutcomeCode, Signal, Source, Standing, View, Vote
from plugins.store import Store

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
MARKET = datetime(2025, 5, 4, 8, 20, tzinfo=UTC)


def signal(name: str, *, made: datetime = NOW, expires: datetime = MARKET + timedelta(minutes=5)) -> Signal:
    return Signal(
        id=name,
        symbol="BTCUSDT",
        view=View.LONG,
        confidence=Decimal("0.61"),
        source=Source.RSI_RULE,
        price=Decimal("95123.10"),
        made_at=made,
        market_at=MARKET,
        expires_at=expires,
        features={"rsi": 27.5},
        trace_id="ab" * 16,
    )


def outcome(name: str, code: OutcomeCode = OutcomeCode.CONFIDENCE) -> Outcome:
    return Outcome(name, "BTCUSDT", code, "0.61 is below 0.62", NOW, intent_id=None, trace_id=None)


async def test_a_signal_comes_back_as_it_was(store: Store) -> None:
    """Money, times and features survive storage digit for digit."""
    await store.signals.insert_many([signal("a")])
    row = await store.signals.get("a")
    assert row is not None
    assert row.signal == signal("a")
    assert str(row.signal.price) == "95123.10"
    assert row.outcome is None


async def test_votes_come_back_as_they_were(store: Store) -> None:
    """What each member said, with what weight or why not, is kept with the signal."""
    votes = (
        Vote(MemberName.XGBOOST, Standing.VOTED, 1.0, (0.2, 0.3, 0.5), "ab" * 32),
        Vote(MemberName.PATCHTST, Standing.LATE, reason="no answer within 150 ms"),
    )
    voted = replace(signal("v"), source=Source.ENSEMBLE, votes=votes, agreement=1.0, feature_hash="cd" * 8)
    await store.signals.insert_many([voted, signal("a")])
    row = await store.signals.get("v")
    assert row is not None
    assert row.signal == voted


async def test_inserting_again_changes_nothing(store: Store) -> None:
    """A signal made twice, as after a restart, is stored once and keeps its outcome."""
    assert await store.signals.insert_many([signal("a"), signal("b")]) == 2
    await store.signals.set_outcome(outcome("a"))
    assert await store.signals.insert_many([signal("a"), signal("c")]) == 1
    row = await store.signals.get("a")
    assert row is not None
    assert row.outcome is OutcomeCode.CONFIDENCE


async def test_an_outcome_is_set_once(store: Store) -> None:
    """The first outcome stays; a second one is refused and leaves no mark."""
    await store.signals.insert_many([signal("a")])
    assert await store.signals.set_outcome(outcome("a"), had=Decimal("0.61"), needed=Decimal("0.62"))
    assert not await store.signals.set_outcome(outcome("a", OutcomeCode.FILLED))
    row = await store.signals.get("a")
    assert row is not None
    assert (row.outcome, row.had, row.needed) == (OutcomeCode.CONFIDENCE, Decimal("0.61"), Decimal("0.62"))


async def test_an_outcome_of_nothing_is_refused(store: Store) -> None:
    """Ending a signal that was never stored says so."""
    assert not await store.signals.set_outcome(outcome("never"))


async def test_the_sweep_ends_what_a_crash_left(store: Store) -> None:
    """Expired ones end as abandoned or unseen by when they were made; what is fresh can still be judged."""
    started = NOW + timedelta(minutes=1)
    await store.signals.insert_many(
        [
            signal("before", made=NOW, expires=MARKET),
            signal("young", made=NOW, expires=MARKET + timedelta(hours=9)),
            signal("seen", made=NOW),
            signal("late", made=started, expires=MARKET),
            signal("fresh", made=started, expires=MARKET + timedelta(hours=9)),
        ]
    )
    await store.signals.set_outcome(outcome("seen"))
    swept = await store.signals.sweep_unfinished(
        started + timedelta(minutes=1), started_at=started, market_now=MARKET + timedelta(hours=1), at=NOW
    )
    assert (swept.abandoned, swept.expired) == (1, 1)
    left = await store.signals.unfinished(made_before=started + timedelta(days=1))
    assert [row.signal.id for row in left] == ["young", "fresh"]


async def test_the_funnel_adds_up(store: Store) -> None:
    """Made = unfinished + all outcomes; the nearest miss comes first."""
    await store.signals.insert_many([signal(name) for name in "abcde"])
    await store.signals.set_outcome(outcome("a", OutcomeCode.FILLED))
    await store.signals.set_outcome(outcome("b"), had=Decimal("0.5"), needed=Decimal("0.62"))
    await store.signals.set_outcome(outcome("c"), had=Decimal("0.61"), needed=Decimal("0.62"))
    await store.signals.set_outcome(outcome("d", OutcomeCode.COOLDOWN))
    funnel = await store.signals.funnel(NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert funnel.made == 5 == funnel.unfinished + sum(funnel.ended.values())
    assert funnel.ended[OutcomeCode.CONFIDENCE] == 2
    assert [miss.signal_id for miss in funnel.nearest] == ["c", "b"]


async def test_known_signals_are_told_apart(store: Store) -> None:
    """A source can ask which of its ids it has already stored."""
    await store.signals.insert_many([signal("a")])
    assert await store.signals.known(["a", "b"]) == {"a"}


async def test_a_burst_is_stored_whole(store: Store) -> None:
    """More rows than one statement may hold values for, once each."""
    many = [signal(str(number)) for number in range(1_700)]
    assert await store.signals.insert_many(many) == 1_700
    assert await store.signals.insert_many(many) == 0
    assert await store.signals.count() == 1_700


async def test_j6_more_readers_than_connections_wait_their_turn(store: Store) -> None:
    """Nobody is refused because the pool is small."""
    await store.signals.insert_many([signal("a")])
    found = await asyncio.gather(*(store.signals.get("a") for _ in range(30)))
    assert all(row is not None for row in found)


async def test_the_nearest_misses_are_the_nearest(store: Store) -> None:
    """Ranked by the part that was missing, exactly, also beside a bound of nothing."""
    had = {"a": ("1", "100"), "b": ("99.99", "100"), "c": ("-0.001", "0"), "d": ("100.02", "100"), "e": ("5", "4")}
    await store.signals.insert_many([signal(name) for name in had])
    for name, (value, bound) in had.items():
        await store.signals.set_outcome(outcome(name), had=Decimal(value), needed=Decimal(bound))
    funnel = await store.signals.funnel(NOW - timedelta(hours=1), NOW + timedelta(hours=1), nearest=3)
    assert [miss.signal_id for miss in funnel.nearest] == ["b", "d", "c"]
