"""Each gate refuses for its own reason, and what passes them all is within every cap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from plugins.domain import (
    EntryAdvice,
    OutcomeCode,
    PortfolioAdvice,
    Position,
    Side,
    Source,
    SourceVerdict,
    View,
)
from plugins.executor.gates import Order, Refusal, judge
from plugins.executor.world import Entry

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


def _entered(scene: Any, side: Side, *seconds_ago: int) -> Any:
    entries = tuple(Entry(side, scene.now - timedelta(seconds=ago)) for ago in seconds_ago)
    return replace(scene.world, entries=entries)


def _verdict(scene: Any, *, allowed: bool = True) -> SourceVerdict:
    return SourceVerdict(Source.RSI_RULE, allowed, "no edge", 600.0, scene.now)


def _advised(scene: Any, entry: EntryAdvice) -> Any:
    advice = PortfolioAdvice(True, True, "", {"BTCUSDT": entry}, {}, (), scene.now)
    return replace(scene.world, advice=advice)


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
    (OutcomeCode.COOLDOWN, lambda s: (s.signal, _entered(s, Side.SHORT, 299))),
    (OutcomeCode.COOLDOWN, lambda s: (s.signal, _entered(s, Side.LONG, 899))),
    (OutcomeCode.CHURN, lambda s: (s.signal, _entered(s, Side.SHORT, *range(80_000, 900, -15_000)))),
    (OutcomeCode.MODEL, lambda s: (s.signal, replace(s.world, verdict=_verdict(s, allowed=False)))),
    (OutcomeCode.MODEL, lambda s: (s.signal, replace(s.world, verdict=_verdict(s), verdict_age_s=601.0))),
    (OutcomeCode.PORTFOLIO, _world(advised_before=True)),
    (OutcomeCode.PORTFOLIO, lambda s: (s.signal, _advised(s, EntryAdvice(veto="0.81 with ETHUSDT, above 0.7")))),
    (OutcomeCode.PORTFOLIO, lambda s: (s.signal, _advised(s, EntryAdvice(room=Decimal(0))))),
    (
        OutcomeCode.FUNDING,
        lambda s: (s.signal, replace(s.world, mark=replace(s.mark, funding_rate=Decimal("0.0011")))),
    ),
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


def test_e3_a_long_in_a_down_trend_must_be_surer(scene: Any) -> None:
    """Against a clear trend an ordinary confidence is refused, with what it had and what it would have needed."""
    _, falling = _policy(trend=Decimal("-0.05"))(scene)
    needed = falling.policy.counter_trend_confidence
    signal = replace(scene.signal, confidence=needed - Decimal("0.01"))
    refusal = judge(signal, falling, scene.rules)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.had, refusal.needed) == (OutcomeCode.TREND, signal.confidence, needed)
    assert isinstance(judge(replace(signal, confidence=needed), falling, scene.rules), Order)
    assert isinstance(judge(signal, _policy(trend=Decimal("0.05"))(scene)[1], scene.rules), Order)


def test_sources_may_be_excluded(scene: Any) -> None:
    """A source that is not traded ends its signals at the source gate."""
    policy = replace(scene.trading_policy, sources=())
    refusal = judge(scene.signal, replace(scene.world, policy=policy), scene.rules)
    assert isinstance(refusal, Refusal)
    assert refusal.code is OutcomeCode.SOURCE


def test_cooldowns_are_by_symbol_and_side(scene: Any) -> None:
    """After an entry on the other side the shorter one counts; the longer one holds for the same side only."""
    assert isinstance(judge(scene.signal, _entered(scene, Side.SHORT, 301), scene.rules), Order)
    assert isinstance(judge(scene.signal, _entered(scene, Side.LONG, 901), scene.rules), Order)


def test_h6_an_optional_word_blocks_nothing_until_it_was_heard(scene: Any) -> None:
    """A supervisor or balancer that is not there stops no trade, unless it is required."""
    assert isinstance(judge(scene.signal, scene.world, scene.rules), Order)
    for name, code in (("verdicts_required", OutcomeCode.MODEL), ("portfolio_required", OutcomeCode.PORTFOLIO)):
        refusal = judge(scene.signal, scene.world, replace(scene.rules, **{name: True}))
        assert isinstance(refusal, Refusal)
        assert refusal.code is code
    assert isinstance(judge(scene.signal, replace(scene.world, verdict=_verdict(scene)), scene.rules), Order)


def test_funding_is_paid_by_the_side_that_the_rate_is_against(scene: Any) -> None:
    """A rate that a long would pay is one that a short receives."""
    costly = replace(scene.world, mark=replace(scene.mark, funding_rate=Decimal("0.002")))
    assert isinstance(judge(replace(scene.signal, view=View.SHORT), costly, scene.rules), Order)
    assert isinstance(judge(scene.signal, costly, scene.rules), Refusal)


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
