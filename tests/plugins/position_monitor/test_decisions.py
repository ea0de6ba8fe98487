"""What is done about a position, and what never is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import (
    ExitReason,
    Instrument,
    Position,
    Posture,
    Side,
    Signal,
    Source,
    StopState,
    StopStatus,
    View,
)
from plugins.position_monitor.decisions import decide
from plugins.position_monitor.settings import PositionMonitorSettings
from plugins.position_monitor.sight import Close, Protect, Sight, TakeProfit

RULES = PositionMonitorSettings().rules
THEN = datetime(2025, 5, 4, tzinfo=UTC)
INSTRUMENT = Instrument(
    "BTCUSDT", Decimal("0.10"), Decimal("0.001"), Decimal("0.001"), Decimal(100), Decimal(5), "TRADING"
)


def position(side: Side = Side.LONG) -> Position:
    return Position("p1", "BTCUSDT", side, Decimal("0.1"), Decimal(50_000), Decimal(50_000), Decimal(0), 10, THEN, THEN)


def stop(status: StopStatus = StopStatus.LIVE) -> StopState:
    return StopState("BTCUSDT", "s1", "1", status, Decimal(49_000), None, THEN)


def signal(view: View) -> Signal:
    later = THEN + timedelta(hours=1)
    return Signal("x", "BTCUSDT", view, Decimal("0.6"), Source.RSI_RULE, Decimal(50_000), THEN, THEN, later, {})


def sight(**changes: object) -> Sight:
    calm = Sight(
        position=position(),
        opened_market_at=THEN,
        stop=stop(),
        naked_s=None,
        fired_s=None,
        refused=None,
        take_profit_asked=True,
        signal=None,
        policy=None,
        mark=None,
        instrument=INSTRUMENT,
        market_now=THEN + timedelta(minutes=5),
    )
    return replace(calm, **changes)  # type: ignore[arg-type]


def test_a_protected_position_is_left_alone() -> None:
    """With a live stop and no reason to leave, nothing is done."""
    assert decide(sight(), RULES, Posture.NORMAL) is None


@pytest.mark.parametrize("status", [StopStatus.CANCELLED, StopStatus.REJECTED, StopStatus.EXPIRED, StopStatus.MISSING])
def test_a_lost_stop_is_placed_anew(status: StopStatus) -> None:
    """A stop that is gone is replaced on the losing side of the entry."""
    act = decide(sight(stop=stop(status), naked_s=0.1), RULES, Posture.NORMAL)
    assert isinstance(act, Protect)
    assert act.trigger == Decimal(49_000)


def test_a_position_that_stays_naked_is_closed() -> None:
    """What cannot be protected within the limit is closed, whatever the posture but hands_off."""
    naked = sight(stop=stop(StopStatus.MISSING), naked_s=2.0)
    for posture in (Posture.NORMAL, Posture.REDUCE_ONLY, Posture.NO_ENTRIES):
        act = decide(naked, RULES, posture)
        assert isinstance(act, Close)
        assert act.reason is ExitReason.UNPROTECTED
    assert decide(naked, RULES, Posture.HANDS_OFF) is None


def test_triggered_is_not_filled() -> None:
    """A stop that fired gets its time to fill; then the position is closed at market."""
    assert decide(sight(stop=stop(StopStatus.TRIGGERED), fired_s=1.0), RULES, Posture.NORMAL) is None
    act = decide(sight(stop=stop(StopStatus.TRIGGERED), fired_s=3.0), RULES, Posture.NORMAL)
    assert isinstance(act, Close)


def test_a_stop_that_would_trigger_at_once_means_leave() -> None:
    """-2021: the price is beyond the stop already, so the position is closed instead."""
    act = decide(sight(stop=None, naked_s=0.2, refused="would trigger"), RULES, Posture.NORMAL)
    assert isinstance(act, Close)


@pytest.mark.parametrize(
    ("view", "side", "reason"),
    [
        (View.SHORT, Side.LONG, ExitReason.OPPOSITE_SIGNAL),
        (View.LONG, Side.SHORT, ExitReason.OPPOSITE_SIGNAL),
        (View.NEUTRAL, Side.LONG, ExitReason.NEUTRAL_SIGNAL),
        (View.LONG, Side.LONG, None),
    ],
)
def test_signals_close_what_they_contradict(view: View, side: Side, reason: ExitReason | None) -> None:
    """An opposite or neutral signal ends a position, one of its own direction does not."""
    act = decide(sight(position=position(side), signal=signal(view)), RULES, Posture.NORMAL)
    assert (act.reason if isinstance(act, Close) else None) is reason


def test_an_expired_signal_closes_nothing() -> None:
    """What a signal said holds until it expires."""
    late = sight(signal=signal(View.SHORT), market_now=THEN + timedelta(hours=2))
    assert decide(late, RULES, Posture.NORMAL) is None


def test_old_positions_are_closed() -> None:
    """No position outlives its maximum age of market time."""
    act = decide(sight(market_now=THEN + timedelta(hours=72)), RULES, Posture.NORMAL)
    assert isinstance(act, Close)
    assert act.reason is ExitReason.MAXIMUM_AGE


def test_flatten_comes_first() -> None:
    """A posture of flatten closes everything."""
    act = decide(sight(), RULES, Posture.FLATTEN)
    assert isinstance(act, Close)
    assert act.reason is ExitReason.FLATTEN


@given(
    side=st.sampled_from(Side),
    entry=st.decimals(1, 100_000, places=2),
    tick=st.sampled_from([Decimal("0.0001"), Decimal("0.01"), Decimal("0.1")]),
)
def test_triggers_stand_on_a_tick_on_the_right_side(side: Side, entry: Decimal, tick: Decimal) -> None:
    """A stop is on the losing side of the entry, a take-profit on the winning side, both on a tick."""
    held = replace(position(side), entry_price=entry)
    rules = replace(INSTRUMENT, tick=tick)
    protect = decide(sight(position=held, instrument=rules, stop=None, naked_s=0.0), RULES, Posture.NORMAL)
    profit = decide(sight(position=held, instrument=rules, take_profit_asked=False), RULES, Posture.NORMAL)
    if isinstance(protect, Protect):
        assert (entry - protect.trigger) * side.sign > 0
        assert protect.trigger % tick == 0
    assert isinstance(profit, TakeProfit)
    assert (profit.trigger - entry) * side.sign > 0
    assert profit.trigger % tick == 0
