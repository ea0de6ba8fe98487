"""No size exceeds any cap, a wider stop never means more, and the stop is hit well before liquidation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.domain import Bracket, Instrument, RiskBudget, Side
from plugins.domain.brackets import ASSUMED, largest_quantity, liquidation_price, maintenance_margin
from plugins.domain.sizing import Funds, Wanted, size, why_too_small

NOW = datetime(2026, 1, 5, tzinfo=UTC)
BUDGET = RiskBudget(Decimal("0.01"), Decimal(5000), Decimal("0.10"), Decimal(2), 5, Decimal("0.5"), NOW)
# The venue's published table of a large symbol, its first four steps.
BRACKETS = (
    Bracket(Decimal(0), Decimal(300_000), 150, Decimal("0.004"), Decimal(0)),
    Bracket(Decimal(300_000), Decimal(800_000), 100, Decimal("0.005"), Decimal(300)),
    Bracket(Decimal(800_000), Decimal(3_000_000), 75, Decimal("0.0065"), Decimal(1500)),
    Bracket(Decimal(3_000_000), Decimal(12_000_000), 50, Decimal("0.01"), Decimal(12_000)),
)
RULES = Instrument(
    "XUSDT", Decimal("0.01"), Decimal("0.001"), Decimal("0.001"), Decimal(10**6), Decimal(5), "TRADING", BRACKETS
)

prices = st.decimals("0.5", 100_000, places=2)
money = st.decimals(0, 1_000_000, places=2)
shares = st.decimals("0.0005", "0.2", places=4)
parts = st.decimals(0, 1, places=2)


@given(
    side=st.sampled_from(Side),
    price=prices,
    share=shares,
    equity=money,
    available=money,
    open_notional=money,
    multiplier=parts,
    haircut=parts,
    room=st.none() | money,
    table=st.sampled_from([BRACKETS, ()]),
)
def test_a_size_is_within_every_cap(
    side: Side,
    price: Decimal,
    share: Decimal,
    equity: Decimal,
    available: Decimal,
    open_notional: Decimal,
    multiplier: Decimal,
    haircut: Decimal,
    room: Decimal | None,
    table: tuple[Bracket, ...],
) -> None:
    """Risk, notional, margin, exposure, room and the distance to liquidation hold; the stop is on a tick."""
    rules = replace(RULES, brackets=table)
    wanted = Wanted(side, price, price * share, multiplier, haircut, room)
    sizing = size(wanted, Funds(equity, available, open_notional), BUDGET, rules)
    if why_too_small(sizing, rules) is not None:
        return
    assert sizing.quantity % rules.step == 0
    assert sizing.stop_trigger % rules.tick == 0
    assert (price - sizing.stop_trigger) * side.sign > 0
    assert sizing.loss_at_stop <= equity * BUDGET.risk_share * multiplier * haircut
    assert sizing.notional <= BUDGET.notional
    assert sizing.notional / BUDGET.leverage <= equity * BUDGET.margin_share
    assert sizing.notional / BUDGET.leverage <= available
    assert sizing.notional + open_notional <= equity * BUDGET.gross_exposure
    assert room is None or sizing.notional <= room
    assert sizing.stop_share is None or sizing.stop_share <= BUDGET.liquidation_share * Decimal("1.000001")


@given(side=st.sampled_from(Side), price=prices, near=shares, further=shares, equity=money, available=money)
def test_a_wider_stop_never_means_more(
    side: Side, price: Decimal, near: Decimal, further: Decimal, equity: Decimal, available: Decimal
) -> None:
    """The quantity only falls as the stop moves away."""
    funds = Funds(equity, available)
    close = size(Wanted(side, price, price * near), funds, BUDGET, RULES)
    wide = size(Wanted(side, price, price * (near + further)), funds, BUDGET, RULES)
    assert wide.quantity <= close.quantity


@given(side=st.sampled_from(Side), price=prices, share=shares, equity=st.decimals(100, 10**7, places=2))
def test_liquidation_by_bracket_stays_away(side: Side, price: Decimal, share: Decimal, equity: Decimal) -> None:
    """At the largest quantity the venue's margin is just covered at the distance asked for, in whichever bracket."""
    distance = price * share
    quantity = largest_quantity(side, price, distance, collateral=equity, brackets=BRACKETS)
    there = price - side.sign * distance
    left = equity - quantity * distance
    assert left == pytest.approx(maintenance_margin(quantity * there, BRACKETS), rel=Decimal("1e-9"))
    assert liquidation_price(side, quantity, price, collateral=equity, brackets=BRACKETS) == pytest.approx(
        there, rel=Decimal("1e-9")
    )


def test_f3_an_unknown_margin_table_is_taken_to_be_strict() -> None:
    """Without the venue's brackets a strict rate is assumed, and the record says so."""
    wanted, funds = Wanted(Side.LONG, Decimal(100), Decimal(1)), Funds(Decimal(10_000), Decimal(10_000))
    known, assumed = size(wanted, funds, BUDGET, RULES), size(wanted, funds, BUDGET, replace(RULES, brackets=()))
    assert assumed.caps["liquidation"] < known.caps["liquidation"]
    assert assumed.record()["margin_table"] == "assumed: 5% is kept"
    assert ASSUMED[0].maintenance_rate > max(bracket.maintenance_rate for bracket in BRACKETS)


def test_every_number_is_in_the_record() -> None:
    """Equity, price, stop, multipliers, each cap, the one that decided, and what a stop costs."""
    sizing = size(Wanted(Side.SHORT, Decimal(100), Decimal(2)), Funds(Decimal(10_000), Decimal(9000)), BUDGET, RULES)
    record = sizing.record()
    assert set(record) >= {"equity", "available", "price", "stop_trigger", "multiplier", "haircut", "by_risk"}
    assert set(record) >= {"by_liquidation", "by_bracket", "by_exposure", "by_available", "loss_at_stop"}
    assert (record["bound_by"], record["quantity"]) == ("risk", "50.00")
    assert Decimal(record["loss_at_stop"]) == 100


def test_f4_a_stop_without_distance_is_no_size() -> None:
    """Flat candles (ATR 0) give nothing to divide by: no order, and the reason."""
    sizing = size(Wanted(Side.LONG, Decimal(100), Decimal(0)), Funds(Decimal(1000), Decimal(1000)), BUDGET, RULES)
    assert sizing.quantity == 0
    assert why_too_small(sizing, RULES) is not None
