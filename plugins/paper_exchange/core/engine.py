"""The one way into the core: `Engine.apply(event)`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import assert_never

from plugins.paper_exchange.core import conditional, margin, matching, refusals, settlement, travel
from plugins.paper_exchange.core.account import Account, Price
from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.core.events import (
    AmendOrder,
    CancelAlgo,
    CancelAllAlgos,
    CancelAllOrders,
    CancelOrder,
    Deleverage,
    Delist,
    Event,
    Liquidate,
    PlaceAlgo,
    PlaceOrder,
    ReleaseTriggers,
    SetLeverage,
    SettleFunding,
    Trade,
)
from plugins.paper_exchange.core.kinds import AlgoStatus, IncomeType
from plugins.paper_exchange.core.orders import Algo, Order
from plugins.paper_exchange.core.turn import Changes, Turn
from plugins.paper_exchange.market.brackets import most_notional


class Engine:
    """Applies events to the account. The same account and events give the same changes, on any machine."""

    def __init__(self, account: Account, economics: Economics) -> None:
        self.account = account
        self.economics = economics

    def open_account(self, now_ms: int, prices: Mapping[str, Decimal]) -> Changes:
        """Pay in the start balance and take the first prices; done once in a ledger's life."""
        turn = Turn(self.account, self.economics, now_ms)
        for symbol, price in prices.items():
            turn.set_price(symbol, Price(price, price, now_ms))
        turn.pay(IncomeType.TRANSFER, "", self.economics.start_balance)
        return turn.changes

    def apply(self, event: Event) -> Changes:
        """Apply one event and say what changed. Raises Refusal, and then nothing has changed."""
        turn = Turn(self.account, self.economics, event.now_ms)
        self._dispatch(turn, event)
        if isinstance(event, Trade | SettleFunding) and self.account.position(event.symbol).quantity:
            settlement.liquidate_if_due(turn)
        return turn.changes

    def _dispatch(self, turn: Turn, event: Event) -> None:  # noqa: C901, PLR0912 - one flat line for each kind of event
        match event:
            case PlaceOrder():
                matching.place(turn, event.request)
            case AmendOrder():
                matching.amend(turn, self._order(event.order_id), event.quantity, event.price)
            case CancelOrder():
                turn.changes.subject = event.order_id
                matching.cancel(turn, self._order(event.order_id))
            case CancelAllOrders():
                for order in self.account.orders_of(event.symbol):
                    matching.cancel(turn, order)
            case PlaceAlgo():
                conditional.place(turn, event.request)
            case CancelAlgo():
                turn.changes.subject = event.algo_id
                turn.end_algo(self._waiting_algo(event.algo_id), AlgoStatus.CANCELED)
            case CancelAllAlgos():
                for algo in self.account.algos_of(event.symbol):
                    if algo.status.is_waiting:
                        turn.end_algo(algo, AlgoStatus.CANCELED)
            case SetLeverage():
                self._set_leverage(turn, event)
            case Trade():
                travel.travel(turn, event)
            case SettleFunding():
                settlement.settle_funding(turn, event.symbol, event.rate)
            case Liquidate():
                settlement.liquidate(turn, event.symbol)
            case Deleverage():
                settlement.deleverage(turn, event.symbol, event.fraction)
            case Delist():
                settlement.delist(turn, event.symbol)
            case ReleaseTriggers():
                conditional.release(turn)
            case _:
                assert_never(event)

    def _order(self, order_id: int) -> Order:
        order = self.account.orders.get(order_id)
        if order is None:
            raise refusals.unknown_order_to_cancel()
        return order

    def _waiting_algo(self, algo_id: int) -> Algo:
        algo = self.account.algos.get(algo_id)
        if algo is None or not algo.status.is_waiting:
            raise refusals.unknown_order_to_cancel()
        return algo

    def _set_leverage(self, turn: Turn, event: SetLeverage) -> None:
        symbol, leverage = event.symbol, event.leverage
        brackets = self.account.brackets[symbol]
        if not 1 <= leverage <= brackets[0].leverage:
            raise refusals.leverage_out_of_range(leverage)
        before = self.account.leverage[symbol]
        needed = margin.initial_margin(self.account, symbol)
        if needed * before > most_notional(brackets, leverage):
            raise refusals.position_too_large()
        more = needed * before / leverage - needed
        if more > 0 and more > margin.available(self.account):
            raise refusals.leverage_margin_too_small()
        turn.set_leverage(symbol, leverage)
