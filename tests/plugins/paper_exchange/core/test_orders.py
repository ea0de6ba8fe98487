from __future__ import annotations

from decimal import Decimal

import pytest

from plugins.paper_exchange.core.events import AmendOrder, CancelAllOrders
from plugins.paper_exchange.core.kinds import OrderStatus, OrderType, TimeInForce
from plugins.paper_exchange.core.refusals import Refusal


def refused(action, *args, **more) -> int:
    with pytest.raises(Refusal) as caught:
        action(*args, **more)
    return caught.value.code


def test_market_order_pays_half_the_spread_and_the_taker_fee(desk):
    """A small market order fills whole at the best price, and the fee is 0.05 % of what it cost."""
    order = desk.buy("1")
    assert (order.status, order.average_price) == (OrderStatus.FILLED, Decimal("100.1"))
    fill = desk.heard[-1].fills[0]
    assert fill.commission == Decimal("100.1") * Decimal("0.0005")
    assert not fill.maker
    assert desk.account.wallet == 10_000 - fill.commission


def test_large_market_order_walks_the_ladder(new_desk):
    """What one level cannot give is taken from the next, each level a fill of its own."""
    desk = new_desk(price="1000", leverage=50)
    order = desk.buy("120")
    fills = desk.heard[-1].fills
    assert [fill.price for fill in fills] == [Decimal("1000.1"), Decimal("1000.3"), Decimal("1000.5")]
    assert sum(fill.quantity for fill in fills) == order.executed == 120


def test_market_order_stops_at_the_bound(new_desk):
    """What lies further than 5 % from the mark price is not taken: the rest of the order expires."""
    desk = new_desk(balance="100000000", price="100000")
    order = desk.buy("500")
    assert order.status is OrderStatus.EXPIRED
    assert max(fill.price for fill in desk.heard[-1].fills) <= 105_000


def test_limit_order_rests_until_the_market_trades_through_it(desk):
    """A bid is not filled by a trade at its price, only by one below it, then at its own price as maker."""
    order = desk.buy("1", "99")
    desk.move("99")
    assert desk.account.orders[order.order_id].status is OrderStatus.NEW
    changes = desk.move("98.9")
    fill = changes.fills[0]
    assert (fill.price, fill.maker, fill.commission) == (99, True, 99 * Decimal("0.0002"))
    assert desk.held() == 1


def test_resting_order_takes_no_more_than_was_traded(desk):
    """A trade smaller than the resting order fills it in part; the next fills the rest."""
    order = desk.buy("1", "99")
    desk.move("98", quantity="0.4")
    assert desk.account.orders[order.order_id].status is OrderStatus.PARTIALLY_FILLED
    desk.move("97", quantity="0.7")
    assert desk.last_order(order.order_id).status is OrderStatus.FILLED
    assert desk.held() == 1


def test_crossing_limit_order_is_taken_at_the_book_price(desk):
    """A limit order beyond the best price takes the book's price, not its own."""
    order = desk.buy("1", "103")
    assert (order.status, order.average_price) == (OrderStatus.FILLED, Decimal("100.1"))


@pytest.mark.parametrize(
    ("time_in_force", "price", "status"),
    [(TimeInForce.IOC, "99", OrderStatus.EXPIRED), (TimeInForce.IOC, "101", OrderStatus.FILLED)],
)
def test_ioc_leaves_nothing_in_the_book(desk, time_in_force, price, status):
    """Immediate-or-cancel fills what it can and expires the rest."""
    assert desk.buy("1", price, time_in_force=time_in_force).status is status
    assert not desk.account.orders


def test_fok_and_post_only_are_refused_when_they_cannot_be(desk):
    """-5021 for a fill-or-kill that cannot fill, -5022 for a post-only that would take."""
    assert refused(desk.buy, "1", "99", time_in_force=TimeInForce.FOK) == -5021
    assert refused(desk.buy, "1", "101", time_in_force=TimeInForce.GTX) == -5022
    assert desk.buy("1", "99", time_in_force=TimeInForce.GTX).status is OrderStatus.NEW


@pytest.mark.parametrize(
    ("quantity", "price", "code"),
    [
        ("0", "99", -4003),
        ("0.0001", "99", -4004),
        ("1001", "99", -4005),
        ("600", None, -4005),
        ("1.0005", "99", -1111),
        ("1", "0", -4001),
        ("1", "99.05", -4014),
        ("1", "99.001", -1111),
        ("1", "1e12", -4002),
        ("0.01", "99", -4164),
        ("1", "106", -4016),
    ],
)
def test_filters_refuse_with_the_venues_code(desk, quantity, price, code):
    """Each filter answers with its own code and nothing changes."""
    before = len(desk.heard)
    assert refused(desk.buy, quantity, price) == code
    assert len(desk.heard) == before
    assert desk.account.wallet == 10_000


def test_a_seller_may_not_ask_far_below_the_mark(desk):
    """PERCENT_PRICE bounds sells from below."""
    assert refused(desk.sell, "1", "94") == -4024


def test_client_id_is_unique_among_open_orders_only(desk):
    """-4116 while the first is open; once it is closed the id may be used again."""
    first = desk.buy("1", "99", client_id="mine")
    assert refused(desk.buy, "1", "98", client_id="mine") == -4116
    desk.cancel(first)
    assert desk.buy("1", "98", client_id="mine").status is OrderStatus.NEW
    assert refused(desk.buy, "1", "98", client_id="no spaces") == -4015


def test_margin_refuses_what_the_account_cannot_carry(desk):
    """-2019 for a position or an order beyond balance times leverage; lowering a position is never refused."""
    for _ in range(4):
        desk.buy("480")
    assert refused(desk.buy, "480") == -2019
    assert refused(desk.buy, "480", "99") == -2019
    assert desk.sell("480").status is OrderStatus.FILLED


def test_reduce_only_never_turns_the_position(desk):
    """A reduce-only order closes at most what is held, and -2022 when nothing is."""
    assert refused(desk.sell, "1", reduce_only=True) == -2022
    desk.buy("1")
    assert refused(desk.buy, "1", reduce_only=True) == -2022
    order = desk.sell("5", reduce_only=True)
    assert (order.executed, order.status) == (1, OrderStatus.EXPIRED)
    assert desk.held() == 0


def test_reduce_only_orders_expire_with_their_position(desk):
    """A resting reduce-only order goes when the position it would close is gone."""
    desk.buy("1")
    resting = desk.sell("1", "103", reduce_only=True)
    desk.sell("1")
    assert desk.last_order(resting.order_id).status is OrderStatus.EXPIRED


def test_an_amended_order_keeps_its_id_and_may_cross(desk):
    """PUT changes price and quantity in place, and takes from the book when it now crosses."""
    order = desk.buy("1", "99")
    desk.engine.apply(AmendOrder(desk.now_ms, order.order_id, Decimal(2), Decimal("98.5")))
    assert desk.account.orders[order.order_id].price == Decimal("98.5")
    changes = desk.engine.apply(AmendOrder(desk.now_ms, order.order_id, Decimal(2), Decimal(101)))
    assert changes.orders[order.order_id].status is OrderStatus.FILLED
    assert desk.held() == 2


def test_amending_to_the_same_is_refused(desk):
    """-5027 when price and quantity stay as they are."""
    order = desk.buy("1", "99")
    event = AmendOrder(desk.now_ms, order.order_id, order.quantity, order.price)
    assert refused(desk.engine.apply, event) == -5027


def test_cancel_all_leaves_other_symbols_alone(desk):
    """Only the symbol's orders are cancelled; a second cancel of the same order is -2011."""
    mine = desk.buy("1", "99")
    other = desk.buy("1", "99", symbol="ETHUSDT")
    desk.engine.apply(CancelAllOrders(desk.now_ms, "BTCUSDT"))
    assert set(desk.account.orders) == {other.order_id}
    assert refused(desk.cancel, mine) == -2011


def test_price_match_takes_the_books_price(desk):
    """OPPONENT is the other side's best price, QUEUE the own side's."""
    assert desk.buy("1", price_match="OPPONENT", type=OrderType.LIMIT).status is OrderStatus.FILLED
    queued = desk.buy("1", price_match="QUEUE", type=OrderType.LIMIT)
    assert (queued.status, queued.price) == (OrderStatus.NEW, Decimal("99.9"))


def test_a_flip_realizes_the_old_and_opens_the_new(desk):
    """A trade through zero realizes the whole old position and opens the rest at the trade's price."""
    desk.buy("1")
    desk.move("110")
    desk.sell("3")
    position = desk.account.position("BTCUSDT")
    assert (position.quantity, position.entry_price) == (-2, Decimal("109.9"))
    assert desk.incomes("REALIZED_PNL") == Decimal("9.8")
