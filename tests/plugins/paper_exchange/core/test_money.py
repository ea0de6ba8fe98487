from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.paper_exchange.core import margin
from plugins.paper_exchange.core.kinds import AlgoType, Side
from plugins.paper_exchange.core.refusals import Refusal


def test_funding_is_paid_by_longs_on_the_mark_notional(desk):
    """A positive rate costs the long side rate times quantity times mark price, and nobody without a position."""
    desk.settle("0.0001")
    assert desk.incomes("FUNDING_FEE") == 0
    desk.buy("10")
    desk.move("110")
    desk.settle("0.0001")
    assert desk.incomes("FUNDING_FEE") == -(10 * Decimal(105) * Decimal("0.0001"))
    desk.sell("20")
    before = desk.account.wallet
    desk.settle("0.0001")
    assert desk.account.wallet > before


def test_an_account_below_maintenance_is_closed(desk):
    """Below the maintenance margin all orders go and all positions are closed at market, by an autoclose order."""
    desk.set_leverage(50)
    for _ in range(4):
        desk.buy("490")
    resting = desk.buy("1", "99.5")
    desk.move("95")
    changes = desk.move("95")
    assert desk.held() == 0
    assert not desk.account.orders
    closing = [o for o in (desk.heard[-2].orders | changes.orders).values() if o.client_id.startswith("autoclose-")]
    assert sum(o.executed for o in closing) == 1960 + desk.last_order(resting.order_id).executed


def test_the_insurance_fund_covers_a_wallet_below_zero(desk):
    """A gap that costs more than the account holds leaves the wallet at zero, with the fund's payment on record."""
    desk.set_leverage(50)
    for _ in range(4):
        desk.buy("490")
    desk.move("80", jump=True)
    desk.move("80")
    assert desk.account.wallet == 0
    assert desk.incomes("INSURANCE_CLEAR") > 0
    assert desk.incomes() == 0


def test_liquidation_price_is_where_the_rule_strikes(desk):
    """At the published liquidation price margin balance and maintenance margin meet."""
    desk.set_leverage(50)
    for _ in range(4):
        desk.buy("450")
    price = margin.liquidation_price(desk.account, "BTCUSDT")
    held = desk.account.position("BTCUSDT")
    balance = desk.account.wallet + held.unrealized(price)
    assert balance == pytest.approx(held.quantity * price * Decimal("0.01"), abs=Decimal("0.0001"))


def test_leverage_is_bounded_and_may_not_be_lowered_under_a_position(desk):
    """-4028 outside the symbol's range, -2028 when the position would need more margin than there is."""
    for leverage, code in ((0, -4028), (51, -4028)):
        with pytest.raises(Refusal) as caught:
            desk.set_leverage(leverage)
        assert caught.value.code == code
    for _ in range(3):
        desk.buy("490")
    with pytest.raises(Refusal) as caught:
        desk.set_leverage(10)
    assert caught.value.code == -2028
    desk.set_leverage(50)


SIDES = st.sampled_from([Side.BUY, Side.SELL])
QUANTITIES = st.integers(60, 5_000).map(lambda n: Decimal(n) / 1000)
OFFSETS = st.integers(-40, 40)
ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("market"), SIDES, QUANTITIES, st.booleans()),
        st.tuples(st.just("limit"), SIDES, QUANTITIES, OFFSETS),
        st.tuples(st.just("stop"), SIDES, QUANTITIES, OFFSETS),
        st.tuples(st.just("close"), SIDES, OFFSETS),
        st.tuples(st.just("move"), OFFSETS, st.booleans(), st.integers(0, 3000)),
        st.tuples(st.just("fund"), st.integers(-75, 75)),
    ),
    min_size=1,
    max_size=40,
)


def perform(desk, action) -> None:
    last = desk.account.prices["BTCUSDT"].last
    match action:
        case ("market", side, quantity, reduce_only):
            desk.order(side, quantity, reduce_only=reduce_only)
        case ("limit", side, quantity, offset):
            desk.order(side, quantity, last + Decimal(offset) / 10)
        case ("stop", side, quantity, offset):
            desk.algo(side, AlgoType.STOP_MARKET, str(last + Decimal(offset) / 10), str(quantity), reduce_only=True)
        case ("close", side, offset):
            desk.algo(side, AlgoType.TAKE_PROFIT_MARKET, str(last + Decimal(offset) / 10), close_position=True)
        case ("move", offset, jump, volume):
            price = max(Decimal(1), last + Decimal(offset) / 10)
            desk.move(price, jump=jump, quantity=str(Decimal(volume) / 1000))
        case ("fund", points):
            desk.settle(str(Decimal(points) / 10_000))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS)
def test_money_and_positions_are_conserved(new_desk, actions):
    """Wallet = every income; position = every fill; realized = what went in and out; reduce-only never turns."""
    desk = new_desk()
    for action in actions:
        before = desk.held()
        try:
            perform(desk, action)
        except Refusal:
            assert desk.held() == before
        else:
            if action[0] == "market" and action[3]:
                assert desk.held() * before >= 0
                assert abs(desk.held()) <= abs(before)
    fills = [fill for changes in desk.heard for fill in changes.fills]
    assert desk.account.wallet == desk.incomes()
    assert desk.held() == sum((fill.side.sign * fill.quantity for fill in fills), Decimal(0))
    paid = sum((fill.side.sign * fill.quantity * fill.price for fill in fills), Decimal(0))
    assert desk.account.position("BTCUSDT").cost == paid + desk.incomes("REALIZED_PNL")
    assert desk.incomes("COMMISSION") == -sum((fill.commission for fill in fills), Decimal(0))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS)
def test_the_same_events_give_the_same_changes(new_desk, actions):
    """Two engines fed alike say alike, to the last id and cent."""
    first, second = new_desk(), new_desk()
    for action in actions:
        for desk in (first, second):
            try:
                perform(desk, action)
            except Refusal:
                continue
    assert first.heard == second.heard


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS)
def test_open_notional_is_the_sum_of_open_orders(new_desk, actions):
    """The running sums behind the margin check never drift from the orders they stand for."""
    desk = new_desk()
    for action in actions:
        try:
            perform(desk, action)
        except Refusal:
            continue
    counted = desk.account.open_notional.get("BTCUSDT")
    for side, total in ((Side.BUY, counted and counted.bids), (Side.SELL, counted and counted.asks)):
        waiting = [o for o in desk.account.orders.values() if o.side is side and not o.reduce_only]
        assert (total or 0) == sum((o.price * o.remaining for o in waiting), Decimal(0))
