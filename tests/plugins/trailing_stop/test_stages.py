"""Where a stop goes, and where it never goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Instrument, Mark, Position, Side, StopState, StopStatus
from plugins.trailing_stop.settings import TrailingStopSettings
from plugins.trailing_stop.stages import Sight, best_of, decide, wanted

STAGES = TrailingStopSettings().stages
THEN = datetime(2025, 5, 4, tzinfo=UTC)
INSTRUMENT = Instrument("X", Decimal("0.01"), Decimal("0.001"), Decimal("0.001"), Decimal(100), Decimal(5), "TRADING")


def sight(side: Side, best: str, *, stop: str = "", mark: str = "", entry: str = "100", tick: str = "0.01") -> Sight:
    position = Position("p1", "X", side, Decimal(1), Decimal(entry), Decimal(entry), Decimal(0), 10, THEN, THEN)
    first = Decimal(stop) if stop else Decimal(entry) - side.sign * Decimal(2)
    return Sight(
        position=position,
        best=Decimal(best),
        stop=StopState("X", "s1", "1", StopStatus.LIVE, first, None, THEN),
        mark=Mark("X", Decimal(mark or best), Decimal(0), None, THEN),
        instrument=replace(INSTRUMENT, tick=Decimal(tick)),
        stop_distance=None,
    )


@pytest.mark.parametrize(
    ("best", "stage", "trigger"),
    [
        ("100.40", None, None),
        ("100.60", "trail", "99.10"),
        ("101.50", "break-even", "100.10"),
        ("103.00", "trail", "101.50"),
        ("104.00", "trail", "102.50"),
        ("105.00", "near trail", "104.00"),
    ],
)
def test_each_stage_holds_what_the_original_meant_it_to_hold(best: str, stage: str | None, trigger: str | None) -> None:
    """Nothing below half a per cent; then behind, even, half of the best, and near behind."""
    act = wanted(sight(Side.LONG, best), STAGES)
    assert (act.stage if act else None) == stage
    assert (str(act.trigger) if act else None) == trigger


def test_a_short_is_the_mirror_of_a_long() -> None:
    """The same gain moves the stop of a short as far down as that of a long up."""
    act = wanted(sight(Side.SHORT, "98.50"), STAGES)
    assert act is not None
    assert act.trigger == Decimal("99.90")


def test_the_policy_may_ask_for_a_nearer_trail() -> None:
    """In a calm market the policy's own stop distance is less than the usual trail."""
    near = replace(sight(Side.LONG, "100.60"), stop_distance=Decimal("0.40"))
    act = wanted(near, STAGES)
    assert act is not None
    assert act.trigger == Decimal("100.20")


def test_a_stop_that_is_not_live_is_left_to_the_position_monitor() -> None:
    """One writer at a time: without a live stop there is nothing to tighten."""
    calm = sight(Side.LONG, "103")
    assert calm.stop is not None
    for status in StopStatus:
        act = decide(replace(calm, stop=replace(calm.stop, status=status)), STAGES)
        assert (act is not None) is (status is StopStatus.LIVE)
    assert decide(replace(calm, stop=None), STAGES) is None


def test_a_small_step_is_not_worth_an_order() -> None:
    """Below a tenth of a per cent nothing moves."""
    assert decide(sight(Side.LONG, "103", stop="101.45"), STAGES) is None
    assert decide(sight(Side.LONG, "103", stop="101.40"), STAGES) is not None


def test_a_price_that_fell_back_still_gets_the_nearest_stop() -> None:
    """What cannot be placed behind the best price is placed right behind the mark, not given up."""
    act = decide(sight(Side.LONG, "104", mark="102.00"), STAGES)
    assert act is not None
    assert act.trigger == Decimal("101.94")


def test_f_ticks_written_with_an_exponent_count() -> None:
    """The original split the tick's text at the point, which went wrong at 1e-05."""
    act = wanted(sight(Side.LONG, "0.0103", entry="0.01", tick="1E-5"), STAGES)
    assert act is not None
    assert act.trigger == Decimal("0.01015")


@given(
    side=st.sampled_from(Side),
    entry=st.decimals("0.01", 90_000, places=4),
    moves=st.lists(st.decimals("-0.08", "0.08", places=4), min_size=1, max_size=12),
    tick=st.sampled_from(["0.0001", "0.01", "0.1"]),
    distance=st.none() | st.decimals("0.002", "0.03", places=4),
)
def test_it_only_tightens(
    side: Side, entry: Decimal, moves: list[Decimal], tick: str, distance: Decimal | None
) -> None:
    """Whatever the price does, each stop is nearer than the last, on a tick, and on the losing side of the mark."""
    best: Decimal | None = None
    trigger = entry * (1 - side.sign * Decimal("0.05"))
    for move in moves:
        mark = entry * (1 + move)
        best = best_of(sight(side, str(entry), entry=str(entry)).position, best, mark)
        seen = sight(side, str(best), stop=str(trigger), mark=str(mark), entry=str(entry), tick=tick)
        act = decide(replace(seen, stop_distance=entry * distance if distance else None), STAGES)
        if act is None:
            continue
        assert (act.trigger - trigger) * side.sign > 0
        assert (mark - act.trigger) * side.sign > 0
        assert act.trigger % Decimal(tick) == 0
        trigger = act.trigger
