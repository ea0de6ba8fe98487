"""What the venue does to a position by itself: liquidation by brackets, deleveraging, the end of a contract."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from plugins.paper_exchange.core import margin
from plugins.paper_exchange.core.events import Deleverage, Delist, Liquidate, ReleaseTriggers
from plugins.paper_exchange.core.kinds import AlgoType, Side
from plugins.paper_exchange.core.messages import AccountUpdate, OrderUpdate
from plugins.paper_exchange.core.quirks import SymbolStatus, Thin
from plugins.paper_exchange.core.refusals import Refusal
from plugins.paper_exchange.market.brackets import bracket_ladder, made_ladder, most_notional

SMALL, LARGE = (50, Decimal(20_000), Decimal("0.01")), (20, Decimal(1_000_000), Decimal("0.03"))


@pytest.fixture
def stepped(new_desk):
    """A desk whose BTCUSDT has two brackets: up to 20,000 USDT and up to a million."""

    def make(balance: str = "10000", leverage: int = 20):
        desk = new_desk(balance, leverage)
        desk.account.brackets["BTCUSDT"] = bracket_ladder([SMALL, LARGE])
        return desk

    return make


def code_of(caught) -> int:
    return caught.value.code


def test_a_liquidation_goes_down_bracket_by_bracket(stepped):
    """A large position is reduced to the bracket below; what then suffices is left alone, and a fee is paid."""
    desk = stepped()
    for _ in range(4):
        desk.buy("400")
    price = margin.liquidation_price(desk.account, "BTCUSDT")
    desk.move(price - 1)
    desk.move(price - 1)
    kept = desk.held() * desk.account.prices["BTCUSDT"].mark
    assert 0 < kept <= 20_000
    fills = [fill for changes in desk.heard[-2:] for fill in changes.fills]
    assert desk.incomes("INSURANCE_CLEAR") < 0
    assert -desk.incomes("INSURANCE_CLEAR") <= sum(fill.quote for fill in fills) * Decimal("0.0125") + 1
    assert desk.account.wallet == desk.incomes()
    told = [m for m in desk.heard[-1].messages + desk.heard[-2].messages if isinstance(m, OrderUpdate)]
    assert {m.execution for m in told if m.fill} == {"CALCULATED"}


def test_open_orders_are_cancelled_before_anything_is_sold(stepped):
    """Margin that orders hold is freed first."""
    desk = stepped("500")
    desk.buy("80")
    resting = desk.buy("5", "93")
    price = margin.liquidation_price(desk.account, "BTCUSDT")
    desk.move(price - Decimal("0.5"), jump=True)
    desk.move(price - Decimal("0.5"))
    assert desk.last_order(resting.order_id).status == "CANCELED"
    assert desk.held() == 0


def test_a_position_may_not_outgrow_its_leverage(stepped):
    """-2027 for a position or orders above the cap of the brackets that allow the leverage; reducing always passes."""
    desk = stepped("100000", leverage=50)
    desk.buy("150")
    for refused in (lambda: desk.buy("100"), lambda: desk.buy("100", "99")):
        with pytest.raises(Refusal) as caught:
            refused()
        assert code_of(caught) == -2027
    desk.sell("50")
    desk.set_leverage(20)
    desk.buy("300")
    with pytest.raises(Refusal) as caught:
        desk.set_leverage(50)
    assert code_of(caught) == -2027


def test_a_made_ladder_runs_on_without_jumps():
    """From bracket to bracket margin neither jumps nor falls, and leverage only falls."""
    for leverage, rate in ((150, "0.004"), (100, "0.005"), (75, "0.01"), (50, "0.015"), (20, "0.025"), (8, "0.05")):
        ladder = made_ladder(leverage, Decimal(rate))
        assert (ladder[0].leverage, ladder[0].rate, ladder[0].floor) == (leverage, Decimal(rate), 0)
        for lower, upper in pairwise(ladder):
            assert upper.floor == lower.cap < upper.cap
            assert upper.leverage < lower.leverage
            assert upper.rate >= lower.rate
            assert lower.cap * lower.rate - lower.amount == lower.cap * upper.rate - upper.amount
        assert most_notional(ladder, 1) == ladder[-1].cap
        assert most_notional(ladder, leverage + 1) == 0


def test_deleveraging_takes_a_part_at_the_mark_price(desk):
    """The venue's order says so by its client id and costs no fee; stops of a closed position go."""
    desk.buy("10")
    stop = desk.algo(Side.SELL, AlgoType.STOP_MARKET, "90", close_position=True)
    fees = desk.incomes("COMMISSION")
    desk._apply(Deleverage(desk.now_ms, "BTCUSDT", Decimal("0.25")))
    assert desk.held() == Decimal("7.5")
    desk._apply(Deleverage(desk.now_ms, "BTCUSDT", Decimal(1)))
    assert desk.held() == 0
    assert desk.incomes("COMMISSION") == fees
    assert {order.client_id for order in desk.heard[-1].orders.values()} == {"adl_autoclose"}
    assert desk.last_algo(stop).status == "EXPIRED"
    assert not desk._apply(Deleverage(desk.now_ms, "BTCUSDT", Decimal(1))).orders


def test_a_delisted_contract_is_settled(desk):
    """Orders and conditional orders expire, the position is settled at the mark price."""
    desk.sell("10")
    resting = desk.buy("1", "95")
    stop = desk.algo(Side.BUY, AlgoType.STOP_MARKET, "110", close_position=True)
    desk._apply(Delist(desk.now_ms, "BTCUSDT"))
    assert desk.held() == 0
    assert desk.last_order(resting.order_id).status == "EXPIRED"
    assert desk.last_algo(stop).status == "EXPIRED"
    assert any(o.client_id.startswith("settlement_autoclose-") for o in desk.heard[-1].orders.values())
    assert desk.account.wallet == desk.incomes()


def test_a_settling_contract_only_lets_out(desk):
    """-4140 for what opens, no objection to what closes; -4141 for everything once it has ended."""
    desk.buy("10")
    desk.account.quirks.status["BTCUSDT"] = SymbolStatus.SETTLING
    with pytest.raises(Refusal) as caught:
        desk.buy("1")
    assert code_of(caught) == -4140
    desk.algo(Side.SELL, AlgoType.STOP_MARKET, "90", close_position=True)
    desk.sell("5", reduce_only=True)
    desk.account.quirks.status["BTCUSDT"] = SymbolStatus.CLOSE
    with pytest.raises(Refusal) as caught:
        desk.sell("5", reduce_only=True)
    assert code_of(caught) == -4141


def test_a_liquidation_by_order(desk):
    """A drill closes the position whatever the margin; while it lasts every order is refused with -2023."""
    desk.buy("10")
    desk._apply(Liquidate(desk.now_ms, "BTCUSDT"))
    assert desk.held() == 0
    assert desk.incomes("INSURANCE_CLEAR") < 0
    desk.account.quirks.liquidating = True
    for refused in (lambda: desk.buy("1"), lambda: desk.algo(Side.SELL, AlgoType.STOP_MARKET, "90", "1")):
        with pytest.raises(Refusal) as caught:
            refused()
        assert code_of(caught) == -2023


def test_a_trigger_that_is_held_back_fires_when_it_is_released(desk):
    """It stays in TRIGGERING and cannot be cancelled; once released it is sold at the price of that time."""
    desk.buy("10")
    stop = desk.algo(Side.SELL, AlgoType.STOP_MARKET, "95", close_position=True)
    desk.account.quirks.held.add("BTCUSDT")
    desk.move("94")
    assert (desk.last_algo(stop).status, desk.held()) == ("TRIGGERING", 10)
    with pytest.raises(Refusal) as caught:
        desk.cancel_algo(stop)
    assert code_of(caught) == -2011
    desk.move("90")
    desk._apply(ReleaseTriggers(desk.now_ms))
    assert desk.held() == 10
    desk.account.quirks.held.clear()
    desk._apply(ReleaseTriggers(desk.now_ms))
    assert (desk.last_algo(stop).status, desk.held()) == ("FINISHED", 0)
    assert desk.last_algo(stop).average_price < 90
    assert desk.life_of(stop) == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]


def test_a_held_trigger_without_a_position_is_rejected(desk):
    """What was closed in the meantime cannot be closed again."""
    desk.buy("10")
    stop = desk.algo(Side.SELL, AlgoType.STOP_MARKET, "95", close_position=True)
    desk.account.quirks.held.add("")
    desk.move("94")
    desk.sell("10", reduce_only=True)
    desk.account.quirks.held.clear()
    desk._apply(ReleaseTriggers(desk.now_ms))
    assert desk.last_algo(stop).status == "REJECTED"
    assert desk.held() == 0


def test_a_child_that_is_partly_filled_expires(desk):
    """A triggered stop may end with most of the position still open: FINISHED is not filled."""
    desk.buy("10")
    stop = desk.algo(Side.SELL, AlgoType.STOP_MARKET, "95", close_position=True)
    desk.account.quirks.thin["BTCUSDT"] = Thin(Decimal("0.4"), 1)
    desk.move("94")
    ended = desk.last_algo(stop)
    assert (ended.status, ended.executed, desk.held()) == ("FINISHED", 4, 6)
    child = desk.last_order(ended.order_id)
    assert (child.status, child.executed, child.quantity) == ("EXPIRED", 4, 10)
    again = desk.algo(Side.SELL, AlgoType.STOP_MARKET, "93", close_position=True)
    desk.move("92")
    assert (desk.last_algo(again).status, desk.held()) == ("FINISHED", 0)


def test_a_market_order_that_jumps_too_far_is_refused(desk):
    """-4131 when the best price is beyond PERCENT_PRICE of the mark price; what reduces is let out."""
    desk.buy("10")
    desk.move("115", jump=True)
    with pytest.raises(Refusal) as caught:
        desk.buy("1")
    assert code_of(caught) == -4131
    desk.sell("10", reduce_only=True)


def test_a_margin_call_is_sent_once(stepped):
    """It comes when four fifths of the margin balance must be kept, and again only after a recovery."""
    desk = stepped("500")
    desk.buy("80")
    price = margin.liquidation_price(desk.account, "BTCUSDT")

    def calls() -> int:
        return sum(m.__class__.__name__ == "MarginCall" for c in desk.heard for m in c.messages)

    near = price * Decimal("1.002")
    desk.move(near)
    desk.move(near)
    assert (calls(), desk.held()) == (1, 80)
    desk.move(near)
    assert calls() == 1
    desk.move("100")
    desk.move("100")
    desk.move(near)
    desk.move(near)
    assert calls() == 2


def test_funding_tells_the_account(desk):
    """A settlement is heard as an account update for that reason."""
    desk.buy("10")
    heard = [m for m in desk.settle("0.0001").messages if isinstance(m, AccountUpdate)]
    assert [m.reason for m in heard] == ["FUNDING_FEE"]
