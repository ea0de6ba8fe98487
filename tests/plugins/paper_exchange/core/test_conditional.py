from __future__ import annotations

from decimal import Decimal

import pytest

from plugins.paper_exchange.core.events import CancelAllAlgos, CancelAllOrders
from plugins.paper_exchange.core.kinds import AlgoStatus, AlgoType, OrderStatus, Side, WorkingType
from plugins.paper_exchange.core.refusals import Refusal

STOP, STOP_LIMIT = AlgoType.STOP_MARKET, AlgoType.STOP
PROFIT = AlgoType.TAKE_PROFIT_MARKET


def refused(action, *args, **more) -> int:
    with pytest.raises(Refusal) as caught:
        action(*args, **more)
    return caught.value.code


def test_a_stop_walks_its_whole_life(desk):
    """A stop market order is triggered at its trigger, becomes a market order, and finishes when that is filled."""
    desk.buy("1")
    stop = desk.algo(Side.SELL, STOP, "95", "1", reduce_only=True)
    changes = desk.move("90")
    assert desk.life_of(stop) == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
    assert changes.fills[0].price == Decimal("94.9")
    assert desk.last_algo(stop).executed == 1
    assert desk.held() == 0


def test_a_jump_fills_where_the_market_landed(desk):
    """When the price jumps over the trigger the fill is at the new price: a gap costs what a gap costs."""
    desk.buy("1")
    desk.algo(Side.SELL, STOP, "95", "1", reduce_only=True)
    assert desk.move("90", jump=True).fills[0].price == Decimal("89.9")


def test_trigger_price_alone_is_enough(desk):
    """A conditional order fires when the price comes to its trigger; it need not go beyond."""
    desk.buy("1")
    stop = desk.algo(Side.SELL, STOP, "95", "1", reduce_only=True)
    desk.move("95")
    assert desk.last_algo(stop).status is AlgoStatus.FINISHED


@pytest.mark.parametrize(
    ("side", "type_", "trigger"),
    [(Side.SELL, STOP, "100"), (Side.BUY, STOP, "99"), (Side.SELL, PROFIT, "99"), (Side.BUY, PROFIT, "101")],
)
def test_what_would_fire_at_once_is_refused(desk, side, type_, trigger):
    """-2021 when the condition is already true."""
    assert refused(desk.algo, side, type_, trigger, "1") == -2021


def test_close_position_takes_its_size_when_it_fires(desk):
    """closePosition closes whatever is held at the trigger."""
    desk.buy("1")
    stop = desk.algo(Side.SELL, STOP, "95", close_position=True)
    desk.buy("2")
    desk.move("94")
    assert desk.held() == 0
    assert desk.last_algo(stop).executed == 3


def test_close_position_orders_expire_with_the_position(desk):
    """The venue takes both ends away when the position closes otherwise."""
    desk.buy("1")
    stop = desk.algo(Side.SELL, STOP, "95", close_position=True)
    profit = desk.algo(Side.SELL, PROFIT, "110", close_position=True)
    desk.move("111")
    assert desk.last_algo(profit).status is AlgoStatus.FINISHED
    assert desk.last_algo(stop).status is AlgoStatus.EXPIRED
    assert not desk.account.algos


def test_close_position_rules(desk):
    """No quantity, no reduceOnly, market types only, one of a kind a side."""
    desk.buy("1")
    assert refused(desk.algo, Side.SELL, STOP, "95", "1", close_position=True) == -4137
    assert refused(desk.algo, Side.SELL, STOP, "95", close_position=True, reduce_only=True) == -1106
    assert refused(desk.algo, Side.SELL, STOP_LIMIT, "95", close_position=True, price=Decimal(94)) == -4136
    desk.algo(Side.SELL, STOP, "95", close_position=True)
    assert refused(desk.algo, Side.SELL, STOP, "96", close_position=True) == -4130
    desk.algo(Side.SELL, PROFIT, "110", close_position=True)


def test_a_stop_limit_rests_after_its_trigger(desk):
    """STOP puts a limit order into the book: TRIGGERED until that is filled or cancelled, then FINISHED."""
    desk.buy("1")
    stop = desk.algo(Side.SELL, STOP_LIMIT, "95", "1", price=Decimal("95.5"), reduce_only=True)
    desk.move("94")
    waiting = desk.last_algo(stop)
    assert waiting.status is AlgoStatus.TRIGGERED
    assert refused(desk.cancel_algo, stop) == -2011
    desk.cancel(desk.account.orders[waiting.order_id])
    finished = desk.last_algo(stop)
    assert (finished.status, finished.executed) == (AlgoStatus.FINISHED, 0)
    assert desk.held() == 1


def test_mark_price_stops_ignore_a_single_print(desk):
    """The mark price counts a print for half until the next one confirms it."""
    desk.buy("1")
    stop = desk.algo(Side.SELL, STOP, "95", "1", reduce_only=True, working_type=WorkingType.MARK_PRICE)
    desk.move("94")
    assert desk.last_algo(stop).status is AlgoStatus.NEW
    desk.move("94")
    assert desk.last_algo(stop).status is AlgoStatus.FINISHED


def test_price_protect_holds_fire_while_prices_disagree(desk):
    """With priceProtect the order waits until last and mark price are within 5 % of each other."""
    desk.buy("1")
    stop = desk.algo(Side.SELL, STOP, "95", "1", reduce_only=True, price_protect=True)
    desk.move("80", jump=True)
    assert desk.last_algo(stop).status is AlgoStatus.NEW
    desk.move("80")
    desk.move("80")
    assert desk.last_algo(stop).status is AlgoStatus.FINISHED


def test_a_reduce_only_stop_without_a_position_is_rejected(desk):
    """-2022 at placement; REJECTED with the reason when the position has gone before the trigger."""
    assert refused(desk.algo, Side.SELL, STOP, "95", "1", reduce_only=True) == -2022
    desk.buy("1")
    stop = desk.algo(Side.SELL, STOP, "95", "1", reduce_only=True)
    desk.sell("1")
    desk.move("94")
    ended = desk.last_algo(stop)
    assert (ended.status, ended.reason) == (AlgoStatus.REJECTED, "Reduce Only reject")


def test_a_stop_entry_without_margin_is_rejected_at_its_trigger(desk):
    """The engine's refusal becomes the order's reason."""
    entry = desk.algo(Side.BUY, PROFIT, "99.5", "200")
    for _ in range(4):
        desk.buy("480")
    desk.move("99.4")
    ended = desk.last_algo(entry)
    assert (ended.status, ended.reason) == (AlgoStatus.REJECTED, "Margin is insufficient.")


def test_cancelling_one_book_leaves_the_other(desk):
    """allOpenOrders does not touch stops, algoOpenOrders does not touch orders."""
    desk.buy("1")
    order = desk.buy("1", "96")
    stop = desk.algo(Side.SELL, STOP, "95", "1", reduce_only=True)
    desk.engine.apply(CancelAllOrders(desk.now_ms, "BTCUSDT"))
    assert stop.algo_id in desk.account.algos
    assert order.order_id not in desk.account.orders
    again = desk.buy("1", "96")
    desk.engine.apply(CancelAllAlgos(desk.now_ms, "BTCUSDT"))
    assert not desk.account.algos
    assert again.order_id in desk.account.orders


def test_conditional_orders_are_limited(desk):
    """At most 200 conditional orders over all symbols (-4045), each with an id of its own (-4116)."""
    for number in range(200):
        desk.algo(Side.SELL, STOP, "50", "1", client_id=f"s{number}")
    assert refused(desk.algo, Side.SELL, STOP, "50", "1") == -4045
    desk.cancel_algo(desk.account.algos[desk.account.algos_by_client["s0"]])
    assert refused(desk.algo, Side.SELL, STOP, "50", "1", client_id="s1") == -4116


def test_what_closes_on_the_way_does_not_fire_again(desk):
    """Two stops of full size on the way of one move: the second finds nothing left and is rejected."""
    desk.buy("1")
    first = desk.algo(Side.SELL, STOP, "98", "1", reduce_only=True)
    second = desk.algo(Side.SELL, STOP, "96", "1", reduce_only=True)
    desk.move("90")
    assert desk.last_algo(first).status is AlgoStatus.FINISHED
    assert desk.last_algo(second).status is AlgoStatus.REJECTED
    assert desk.held() == 0


def test_things_on_the_way_happen_in_the_order_of_their_prices(desk):
    """A falling price fills the bid above the stop first, so the stop closes both."""
    desk.buy("1")
    desk.algo(Side.SELL, STOP, "95", close_position=True)
    bid = desk.buy("1", "97")
    desk.move("90")
    assert desk.last_order(bid.order_id).status is OrderStatus.FILLED
    assert desk.held() == 0


@pytest.mark.parametrize(
    ("type_", "trigger", "limit", "way"),
    [(AlgoType.STOP, "95", "96", ("94.5", "96.5")), (AlgoType.TAKE_PROFIT, "105", "106", ("105", "106.5"))],
)
def test_a_limit_child_that_is_partly_filled_and_cancelled_ends_finished(desk, type_, trigger, limit, way):
    """TRIGGERED while the child waits, FINISHED with what it got once it is cancelled: filled it is not."""
    desk.buy("10")
    algo = desk.algo(Side.SELL, type_, trigger, "10", price=Decimal(limit), reduce_only=True)
    desk.move(way[0])
    triggered = desk.last_algo(algo)
    child = desk.last_order(triggered.order_id)
    assert (triggered.status, child.status.is_open, child.type) == ("TRIGGERED", True, "LIMIT")
    for price in way[1:]:
        desk.move(price, quantity="4")
    desk.cancel(desk.account.orders[child.order_id])
    ended = desk.last_algo(algo)
    assert (ended.status, desk.last_order(child.order_id).status) == ("FINISHED", "CANCELED")
    assert 0 < ended.executed < ended.quantity
    assert desk.life_of(algo) == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
