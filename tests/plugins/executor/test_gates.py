"""Each gate refuses for its own reason, and what passes them all is within every cap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from plugins.domain import EntryAdvice, OutcomeCode, PortfolioAdvice, Position, Side, View
from plugins.executor.gates import Order, Refusal, judge

Change = Callable[[Any], tuple[Any, Any]]


def _position(side: Side) -> Position:
    then = datetime(2026, 1, 5, tzinfo=UTC)
    return Position("p", "BTCUSDT", side, Decimal(1), Decimal(1), Decimal(1), Decimal(0), 10, then, then)


def _world(**changes: Any) -> Change:
    return lambda scene: (scene.signal, replace(scene.world, **changes))


def _signal(**changes: Any) -> Change:
    return lambda scene: (replace(scene.signal, **changes), scene.world)


def _policy(**changes: Any) -> Change:
    def change(scene: Any) -> tuple[Any, Any]:
        policy = replace(scene.trading_policy, by_symbol={"BTCUSDT": replace(scene.policy, **changes)})
        return scene.signal, replace(scene.world, policy=policy)

    return change


CASES: list[tuple[OutcomeCode, Change]] = [
    (OutcomeCode.EXPIRED, lambda s: (s.signal, replace(s.world, market_now=s.now + timedelta(minutes=3)))),
    (OutcomeCode.NEUTRAL, _signal(view=View.NEUTRAL)),
    (OutcomeCode.KILL_SWITCH, _world(kill_reason="by hand")),
    (OutcomeCode.POSTURE, _world(posture="no_entries")),
    (OutcomeCode.DATA_MISSING, _world(universe=None)),
    (OutcomeCode.UNIVERSE, _signal(symbol="XUSDT")),
    (OutcomeCode.DATA_MISSING, _world(policy=None)),
    (OutcomeCode.POLICY, lambda s: (s.signal, replace(s.world, policy=replace(s.trading_policy, allow_entries=False)))),
    (OutcomeCode.DATA_MISSING, _signal(symbol="ETHUSDT")),
    (OutcomeCode.POLICY, _policy(allow_entries=False)),
    (OutcomeCode.CONFIDENCE, _policy(minimum_confidence=Decimal("0.63"))),
    (
        OutcomeCode.TREND,
        lambda s: (replace(s.signal, confidence=Decimal("0.59")), _policy(trend=Decimal("-0.03"))(s)[1]),
    ),
    (OutcomeCode.POSITION_HELD, _world(positions={"BTCUSDT": _position(Side.LONG)})),
    (OutcomeCode.OPPOSITE_HELD, _world(positions={"BTCUSDT": _position(Side.SHORT)})),
    (OutcomeCode.COOLDOWN, lambda s: (s.signal, replace(s.world, last_entry_at=s.now - timedelta(seconds=299)))),
    (OutcomeCode.DATA_MISSING, _world(instrument=None)),
    (OutcomeCode.DATA_MISSING, _world(mark=None)),
    (OutcomeCode.DATA_MISSING, _world(account=None)),
    (OutcomeCode.DATA_MISSING, _world(budget=None)),
    (OutcomeCode.STALE_DATA, _world(mark_age_s=11.0)),
    (OutcomeCode.STALE_DATA, _world(account_age_s=11.0)),
    (OutcomeCode.SLOTS_FULL, _world(positions={name: _position(Side.LONG) for name in "ABCD"})),
    (OutcomeCode.SIZE, _policy(atr=Decimal(100_000))),
]


def test_a_sound_signal_becomes_an_order(scene: Any) -> None:
    """With everything known, fresh and willing, an order with its stop and every number of its size comes out."""
    order = judge(scene.signal, scene.world, scene.rules)
    assert isinstance(order, Order)
    assert order.sizing.stop_trigger == Decimal("49925.0")
    assert order.sizing.quantity == Decimal("0.100")
    assert set(order.sizing.record()) >= {"equity", "risk", "by_risk", "by_notional", "by_margin", "quantity"}


@pytest.mark.parametrize(("code", "change"), CASES, ids=[f"{n}-{code.value}" for n, (code, _) in enumerate(CASES)])
def test_each_gate_refuses_with_its_own_code(scene: Any, code: OutcomeCode, change: Change) -> None:
    """One thing wrong ends the signal at exactly that gate, with a sentence that says what."""
    signal, world = change(scene)
    refusal = judge(signal, world, scene.rules)
    assert isinstance(refusal, Refusal)
    assert refusal.code is code
    assert refusal.sentence


def test_sources_may_be_excluded(scene: Any) -> None:
    """A source that is not traded ends its signals at the source gate."""
    policy = replace(scene.trading_policy, sources=())
    refusal = judge(scene.signal, replace(scene.world, policy=policy), scene.rules)
    assert isinstance(refusal, Refusal)
    assert refusal.code is OutcomeCode.SOURCE


def test_measuring_gates_tell_how_far_off(scene: Any) -> None:
    """The confidence gate says what was had and what was needed, for the nearest misses."""
    signal, world = _policy(minimum_confidence=Decimal("0.63"))(scene)
    refusal = judge(signal, world, scene.rules)
    assert isinstance(refusal, Refusal)
    assert (refusal.had, refusal.needed) == (Decimal("0.62"), Decimal("0.63"))


def test_what_moves_with_the_book_is_cut(scene: Any) -> None:
    """The balancer's haircut and room size an order, as long as its word is enforced."""
    advice = PortfolioAdvice(True, True, "", {"BTCUSDT": EntryAdvice(Decimal("0.1"), Decimal(1000))}, {}, (), scene.now)
    order = judge(scene.signal, replace(scene.world, advice=advice), scene.rules)
    assert isinstance(order, Order)
    assert (order.sizing.haircut, order.sizing.bound_by) == (Decimal("0.1"), "portfolio")
    free = judge(scene.signal, replace(scene.world, advice=replace(advice, enforced=False)), scene.rules)
    assert isinstance(free, Order)
    assert free.sizing.haircut == 1
