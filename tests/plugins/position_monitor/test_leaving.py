"""When a position is left or made smaller although it is protected."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.domain import ExitReason, ExitStyle, Posture, Reduction, Side, Signal, Source, StopStatus, View
from plugins.position_monitor.condition import Figures, health_of
from plugins.position_monitor.decisions import decide
from plugins.position_monitor.funding import dues, edge_left
from plugins.position_monitor.ladder import next_rung
from plugins.position_monitor.settings import PositionMonitorSettings
from plugins.position_monitor.sight import Close, Protect, Reduce, Rules, Rung, Shape, Sight, StopType
from qtcore import Status

RULES = PositionMonitorSettings().rules


def said(sight: Sight, view: View, confidence: str, source: Source = Source.ENSEMBLE, **more: Any) -> Sight:
    """The same with a fresh prediction."""
    assert sight.market_now is not None
    now = sight.market_now
    signal = Signal(
        "x", "BTCUSDT", view, Decimal(confidence), source, Decimal(1), now, now, now + timedelta(minutes=2), {}
    )
    return replace(sight, signal=signal, view=signal, **more)


def at_price(sight: Sight, price: object) -> Sight:
    assert sight.mark is not None
    return replace(sight, mark=replace(sight.mark, price=Decimal(str(price))))


def short(sight: Sight) -> Sight:
    assert sight.stop is not None
    return replace(
        sight,
        position=replace(sight.position, side=Side.SHORT),
        stop=replace(sight.stop, trigger=Decimal(51_000)),
    )


# --- re-evaluation --------------------------------------------------------------------------------


def test_e2_an_opposite_prediction_as_sure_as_an_entry_closes(calm: Sight) -> None:
    """The original only warned; here the position is left."""
    act = decide(said(calm, View.SHORT, "0.45"), RULES, Posture.NORMAL)
    assert isinstance(act, Close)
    assert act.reason is ExitReason.OPPOSITE_SIGNAL


def test_a_weaker_opposite_prediction_brings_the_stop_nearer(calm: Sight) -> None:
    """Half of the policy's distance behind the mark, and only if that is nearer than what is there."""
    act = decide(said(calm, View.SHORT, "0.35"), RULES, Posture.NORMAL)
    assert act == Protect("BTCUSDT", Decimal("49500.0"), "tightened: ensemble now says short (0.35)")
    assert calm.stop is not None
    near = replace(calm, stop=replace(calm.stop, trigger=Decimal(49_490)))
    assert decide(said(near, View.SHORT, "0.35"), RULES, Posture.NORMAL) is None


def test_predictions_that_see_nothing_in_it_halve_and_then_close(calm: Sight) -> None:
    """Three in a row halve it once, ten close it; a rule that takes its view back closes at once."""
    assert decide(said(calm, View.NEUTRAL, "0.4", neutrals=2), RULES, Posture.NORMAL) is None
    act = decide(said(calm, View.NEUTRAL, "0.4", neutrals=3), RULES, Posture.NORMAL)
    assert isinstance(act, Reduce)
    assert (act.to, act.reason) == (Decimal("0.05"), ExitReason.RE_EVALUATION)
    halved = replace(calm, position=replace(calm.position, quantity=Decimal("0.05")))
    assert decide(said(halved, View.NEUTRAL, "0.4", neutrals=5), RULES, Posture.NORMAL) is None
    assert isinstance(decide(said(halved, View.NEUTRAL, "0.4", neutrals=10), RULES, Posture.NORMAL), Close)
    assert isinstance(decide(said(calm, View.NEUTRAL, "0", Source.RSI_RULE, neutrals=1), RULES, Posture.NORMAL), Close)


def test_h14_a_young_position_is_not_left_for_a_lost_reason(calm: Sight) -> None:
    """Before a quarter of an hour of market time predictions of nothing do not churn it."""
    young = replace(calm, market_now=calm.opened_market_at + timedelta(seconds=899))
    assert decide(said(young, View.NEUTRAL, "0.4", neutrals=20), RULES, Posture.NORMAL) is None


def test_the_books_reduction_is_carried_out(calm: Sight) -> None:
    """A share that the balancer wants closed is closed, for its reason."""
    act = decide(replace(calm, reduction=Reduction("BTCUSDT", Decimal("0.25"), "0.9 with ETHUSDT")), RULES, "normal")
    assert act == Reduce("BTCUSDT", Decimal("0.075"), ExitReason.PORTFOLIO, "0.9 with ETHUSDT")


# --- the ladder -----------------------------------------------------------------------------------


def test_a_part_is_taken_at_its_rung_and_once(calm: Sight) -> None:
    """Half at one and a half times the risk; what is left then stays."""
    assert decide(at_price(calm, 51_499), RULES, Posture.NORMAL) is None
    act = decide(at_price(calm, 51_500), RULES, Posture.NORMAL)
    assert isinstance(act, Reduce)
    assert (act.to, act.reason) == (Decimal("0.05"), ExitReason.TAKE_PROFIT)
    halved = replace(calm, position=replace(calm.position, quantity=Decimal("0.05")))
    assert decide(at_price(halved, 51_900), RULES, Posture.NORMAL) is None


def test_a_quick_style_takes_its_part_sooner(calm: Sight) -> None:
    """The policy's exit style chooses the ladder."""
    assert calm.policy is not None
    quick = replace(calm, policy=replace(calm.policy, exit_style=ExitStyle.FAST_TAKE_PROFIT))
    assert isinstance(decide(at_price(quick, 51_000), RULES, Posture.NORMAL), Reduce)
    assert decide(at_price(calm, 51_000), RULES, Posture.NORMAL) is None


@given(
    shares=st.lists(st.decimals("0.05", "0.4", places=2), min_size=1, max_size=4).filter(lambda each: sum(each) <= 1),
    gains=st.lists(st.decimals("-2", "6", places=2), min_size=1, max_size=10),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_never_exceed_the_whole(calm: Sight, shares: list[Decimal], gains: list[Decimal]) -> None:
    """However the price moves, each rung is taken at most once and what is left is what the rungs leave."""
    rungs = tuple(Rung(share, Decimal(n + 1)) for n, share in enumerate(shares))
    rules = replace(RULES, ladder=rungs)
    quantity, taken = calm.position.quantity, Decimal(0)
    for gain in gains:
        seen = at_price(replace(calm, position=replace(calm.position, quantity=quantity)), 50_000 + gain * 1000)
        act = next_rung(seen, rules)
        if act is None:
            continue
        assert 0 < act.to < quantity
        taken, quantity = taken + quantity - act.to, act.to
        assert next_rung(replace(seen, position=replace(calm.position, quantity=quantity)), rules) is None
    reached = sum((rung.share for rung in rungs if max(gains) >= rung.gain), Decimal(0))
    assert taken <= calm.position.quantity * reached
    assert taken + quantity == calm.position.quantity


# --- funding --------------------------------------------------------------------------------------


def before_funding(sight: Sight, rate: str, minutes: float = 0.5) -> Sight:
    assert sight.mark is not None
    assert sight.market_now is not None
    due = sight.market_now + timedelta(minutes=minutes)
    return replace(sight, mark=replace(sight.mark, funding_rate=Decimal(rate), next_funding_at=due))


@pytest.mark.parametrize(
    ("rate", "side", "leaves"),
    [
        ("0.001", Side.LONG, True),
        ("0.001", Side.SHORT, False),
        ("-0.001", Side.SHORT, True),
        ("0.0004", Side.LONG, False),
    ],
)
def test_a_settlement_that_costs_is_not_waited_for(calm: Sight, rate: str, side: Side, leaves: bool) -> None:
    """A long pays a rate above zero, a short one below; small change is paid."""
    held = calm if side is Side.LONG else short(calm)
    act = decide(before_funding(held, rate), RULES, Posture.NORMAL)
    assert isinstance(act, Close) is leaves
    if isinstance(act, Close):
        assert act.reason is ExitReason.FUNDING


def test_it_is_left_right_before_the_settlement_only(calm: Sight) -> None:
    """Until the last minute everything can still change, and after it the price is paid."""
    assert decide(before_funding(calm, "0.002", minutes=1.1), RULES, Posture.NORMAL) is None
    assert decide(before_funding(calm, "0.002", minutes=-0.1), RULES, Posture.NORMAL) is None


def test_an_edge_above_the_cost_is_kept(calm: Sight) -> None:
    """p · (way to the take-profit) - (1 - p) · (way to the stop), by hand: 0.5 · 2,000 - 0.5 · 1,000 = 500 = 1 %."""
    sure = said(before_funding(calm, "0.002"), View.LONG, "0.5")
    assert edge_left(sure, RULES) == Decimal("0.01")
    assert decide(sure, RULES, Posture.NORMAL) is None
    unsure = said(before_funding(calm, "0.002"), View.LONG, "0.35")
    assert edge_left(unsure, RULES) == Decimal("0.001")
    assert isinstance(decide(unsure, RULES, Posture.NORMAL), Close)


# --- stops with a limit ---------------------------------------------------------------------------


def typed(stop_type: StopType) -> Rules:
    return replace(RULES, stop_type=stop_type)


def test_a_limit_takes_the_place_of_the_stop_at_market(calm: Sight) -> None:
    """At the same trigger, two thousandths worse at most; asked once for each stop."""
    act = decide(calm, typed(StopType.LIMIT), Posture.NORMAL)
    assert act == Shape("BTCUSDT", Decimal(49_000), Decimal("49000.00"), Decimal("48902.00"), beside=False)
    assert decide(replace(calm, shaped_for=Decimal(49_000)), typed(StopType.LIMIT), Posture.NORMAL) is None


def test_a_hybrid_keeps_the_stop_at_market_behind_the_limit(calm: Sight) -> None:
    """The limit stands nearer, so the stop that was there first is never loosened."""
    act = decide(short(calm), typed(StopType.HYBRID), Posture.NORMAL)
    assert isinstance(act, Shape)
    assert act.beside
    assert act.trigger == Decimal("50898.00")
    assert act.limit > act.trigger


def test_a_limit_that_would_fire_at_once_is_not_asked_for(calm: Sight) -> None:
    """Near the stop the one at market stays alone."""
    assert decide(at_price(calm, 49_050), typed(StopType.LIMIT), Posture.NORMAL) is None


@pytest.mark.parametrize("stop_type", StopType)
def test_f1_whatever_its_type_a_fired_stop_has_a_deadline(calm: Sight, stop_type: StopType) -> None:
    """The cure for a stop-limit that triggered and did not fill is a market order, reduce-only."""
    assert calm.stop is not None
    fired = replace(calm, stop=replace(calm.stop, status=StopStatus.TRIGGERED), fired_s=3.0)
    act = decide(fired, typed(stop_type), Posture.NORMAL)
    assert isinstance(act, Close)
    assert act.reason is ExitReason.STOP_OVERDUE


# --- what never stands in the way of an exit ------------------------------------------------------


def test_c7_exits_do_not_wait_for_fresh_data(calm: Sight) -> None:
    """Without price, policy, rules, signals or market time a position is still closed when it must be."""
    blind = replace(calm, mark=None, policy=None, instrument=None, market_now=None)
    assert isinstance(decide(blind, RULES, Posture.FLATTEN), Close)
    assert isinstance(decide(replace(blind, stop=None, naked_s=2.0), RULES, Posture.REDUCE_ONLY), Close)


def test_h2_targets_that_are_too_far_do_not_keep_a_slot_for_ever(calm: Sight) -> None:
    """A position that neither wins nor loses is left when it is old."""
    assert calm.policy is not None
    old = replace(calm, market_now=calm.opened_market_at + timedelta(seconds=calm.policy.maximum_age_s))
    act = decide(old, RULES, Posture.NORMAL)
    assert isinstance(act, Close)
    assert act.reason is ExitReason.MAXIMUM_AGE


def test_r4_funding_against_a_position_is_told_before_it_is_paid(calm: Sight) -> None:
    """A long pays a rate above zero, on its notional and on what it binds; a short earns it."""
    assert calm.mark is not None
    marks = {"BTCUSDT": replace(calm.mark, funding_rate=Decimal("0.001"))}
    (due,) = dues([calm.position], marks, RULES.funding_least)
    assert (due.share, due.of_margin, due.amount) == (Decimal("0.001"), Decimal("0.010"), Decimal("5.00"))
    assert not list(dues([replace(calm.position, side=Side.SHORT)], marks, RULES.funding_least))
    assert not list(dues([calm.position], {}, RULES.funding_least))
    figures = Figures(True, 1, 1, {}, 2.0, 0.0, 10.0, None, adrift=False, closed={}, last_failure=None, due=(due,))
    health = health_of(figures)
    (finding,) = health.findings
    assert (finding.code, finding.subject) == ("QT-POSITION-FUNDING", "BTCUSDT")
    assert finding.summary == "BTCUSDT pays 0.100% of its notional at the settlement at 16:00, 1.00% of its margin"
    assert health.status is Status.HEALTHY
