from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import pytest

from plugins.paper_exchange.core.account import Account
from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.core.engine import Engine
from plugins.paper_exchange.core.events import (
    CancelAlgo,
    CancelOrder,
    PlaceAlgo,
    PlaceOrder,
    SetLeverage,
    SettleFunding,
    Trade,
)
from plugins.paper_exchange.core.kinds import AlgoType, OrderType, Side
from plugins.paper_exchange.core.messages import AlgoUpdate, OrderUpdate
from plugins.paper_exchange.core.orders import Algo, AlgoRequest, Order, OrderRequest
from plugins.paper_exchange.core.turn import Changes
from plugins.paper_exchange.market.source import Bracket, SymbolRules


def rules_for(symbol: str) -> SymbolRules:
    return SymbolRules(
        symbol=symbol,
        base=symbol.removesuffix("USDT"),
        tick_size=Decimal("0.1"),
        step_size=Decimal("0.001"),
        min_quantity=Decimal("0.001"),
        max_quantity=Decimal(1000),
        market_max_quantity=Decimal(500),
        min_notional=Decimal(5),
        price_precision=2,
        quantity_precision=3,
        max_leverage=50,
        maintenance_margin_rate=Decimal("0.01"),
        brackets=(Bracket(Decimal(0), Decimal(100_000_000), 50, Decimal("0.01"), Decimal(0)),),
    )


@dataclass
class Desk:
    """Drives an engine in the words of a trader; keeps all that it was told."""

    engine: Engine
    now_ms: int = 1_000
    heard: list[Changes] = field(default_factory=list)
    clients: int = 0

    @property
    def account(self) -> Account:
        return self.engine.account

    def move(
        self, price: str | Decimal, *, symbol: str = "BTCUSDT", quantity: str = "1000000", jump: bool = False
    ) -> Changes:
        self.now_ms += 1_000
        return self._apply(Trade(self.now_ms, symbol, Decimal(price), Decimal(quantity), jump))

    def order(self, side: Side, quantity: str | Decimal, price: str | Decimal | None = None, **more: object) -> Order:
        self.clients += 1
        request = OrderRequest(
            **{
                "symbol": "BTCUSDT",
                "side": side,
                "type": OrderType.MARKET if price is None else OrderType.LIMIT,
                "quantity": Decimal(quantity),
                "price": None if price is None else Decimal(price),
                "client_id": f"c{self.clients}",
                **more,
            }
        )
        changes = self._apply(PlaceOrder(self.now_ms, request))
        return changes.orders[changes.subject]

    def buy(self, quantity: str | Decimal, price: str | Decimal | None = None, **more: object) -> Order:
        return self.order(Side.BUY, quantity, price, **more)

    def sell(self, quantity: str | Decimal, price: str | Decimal | None = None, **more: object) -> Order:
        return self.order(Side.SELL, quantity, price, **more)

    def algo(self, side: Side, type_: AlgoType, trigger: str, quantity: str | None = None, **more: object) -> Algo:
        self.clients += 1
        request = AlgoRequest(
            **{
                "symbol": "BTCUSDT",
                "side": side,
                "type": type_,
                "trigger_price": Decimal(trigger),
                "quantity": None if quantity is None else Decimal(quantity),
                "client_id": f"c{self.clients}",
                **more,
            }
        )
        changes = self._apply(PlaceAlgo(self.now_ms, request))
        return changes.algos[changes.subject]

    def cancel(self, order: Order) -> Changes:
        return self._apply(CancelOrder(self.now_ms, order.order_id))

    def cancel_algo(self, algo: Algo) -> Changes:
        return self._apply(CancelAlgo(self.now_ms, algo.algo_id))

    def set_leverage(self, leverage: int) -> Changes:
        return self._apply(SetLeverage(self.now_ms, "BTCUSDT", leverage))

    def settle(self, rate: str) -> Changes:
        return self._apply(SettleFunding(self.now_ms, "BTCUSDT", Decimal(rate)))

    def held(self, symbol: str = "BTCUSDT") -> Decimal:
        return self.account.position(symbol).quantity

    def incomes(self, type_: str | None = None) -> Decimal:
        rows = [row for changes in self.heard for row in changes.incomes]
        return sum((row.amount for row in rows if type_ is None or row.type == type_), Decimal(0))

    def life_of(self, algo: Algo) -> list[str]:
        told = [m for changes in self.heard for m in changes.messages if isinstance(m, AlgoUpdate)]
        return [str(m.algo.status) for m in told if m.algo.algo_id == algo.algo_id]

    def last_order(self, order_id: int) -> Order:
        told = [m for changes in self.heard for m in changes.messages if isinstance(m, OrderUpdate)]
        return [m.order for m in told if m.order.order_id == order_id][-1]

    def last_algo(self, algo: Algo) -> Algo:
        return [c.algos[algo.algo_id] for c in self.heard if algo.algo_id in c.algos][-1]

    def _apply(self, event: object) -> Changes:
        changes = self.engine.apply(event)  # type: ignore[arg-type]
        self.heard.append(changes)
        return changes


@pytest.fixture
def new_desk() -> Callable[..., Desk]:
    def make(balance: str = "10000", leverage: int = 20, price: str = "100") -> Desk:
        symbols = ("BTCUSDT", "ETHUSDT")
        account = Account.under({symbol: rules_for(symbol) for symbol in symbols})
        account.leverage = dict.fromkeys(symbols, leverage)
        engine = Engine(account, Economics(start_balance=Decimal(balance)))
        desk = Desk(engine)
        desk.heard.append(engine.open_account(desk.now_ms, dict.fromkeys(symbols, Decimal(price))))
        return desk

    return make


@pytest.fixture
def desk(new_desk: Callable[..., Desk]) -> Desk:
    return new_desk()
