"""One event's work: every change goes through here, so that state, ledger and messages cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal

from plugins.paper_exchange.core.account import Account, Price
from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.core.kinds import (
    AccountReason,
    AlgoStatus,
    Execution,
    IncomeType,
    OrderStatus,
)
from plugins.paper_exchange.core.ladder import Ladder
from plugins.paper_exchange.core.messages import (
    AccountUpdate,
    AlgoUpdate,
    LeverageUpdate,
    Message,
    OrderUpdate,
)
from plugins.paper_exchange.core.orders import DELEVERAGING, SETTLEMENT, Algo, Fill, Income, Order
from plugins.paper_exchange.core.positions import Position, to_money


@dataclass(slots=True)
class Changes:
    """What one event changed. The ledger writes it before anybody is told. `subject` is the id that was asked about."""

    subject: int = 0
    orders: dict[int, Order] = field(default_factory=dict)
    algos: dict[int, Algo] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    prices: dict[str, Price] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    incomes: list[Income] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    @property
    def durable(self) -> bool:
        """Whether anything but prices changed: such changes must survive a power cut before they are told."""
        return bool(self.orders or self.algos or self.incomes or self.leverage)

    def absorb(self, later: Changes) -> None:
        """Add what a later event of the same commit changed."""
        self.orders |= later.orders
        self.algos |= later.algos
        self.positions |= later.positions
        self.leverage |= later.leverage
        self.prices |= later.prices
        self.fills += later.fills
        self.incomes += later.incomes
        self.messages += later.messages


@dataclass(slots=True)
class Turn:
    """The working set of one event: the account, the time, and what has changed so far."""

    account: Account
    economics: Economics
    now_ms: int
    changes: Changes = field(default_factory=Changes)

    def ladder(self, symbol: str) -> Ladder:
        return Ladder(self.account.prices[symbol].last, self.account.rules[symbol], self.economics)

    def new_id(self) -> int:
        number = self.account.next_id
        self.account.next_id = number + 1
        return number

    def set_price(self, symbol: str, price: Price) -> None:
        self.account.prices[symbol] = self.changes.prices[symbol] = price

    def set_leverage(self, symbol: str, leverage: int) -> None:
        self.account.leverage[symbol] = self.changes.leverage[symbol] = leverage
        self.changes.messages.append(LeverageUpdate(symbol, leverage, self.now_ms))

    def save_order(self, order: Order, execution: Execution, fill: Fill | None = None) -> None:
        self.account.put_order(order)
        self.changes.orders[order.order_id] = order
        self.changes.messages.append(OrderUpdate(order, execution, fill))
        if order.algo_id is not None:
            self._follow_child(self.account.algos[order.algo_id], order)

    def end_order(self, order: Order, status: OrderStatus, execution: Execution) -> Order:
        ended = replace(order, status=status, updated_ms=self.now_ms)
        self.save_order(ended, execution)
        return ended

    def save_algo(self, algo: Algo) -> None:
        self.account.put_algo(algo)
        self.changes.algos[algo.algo_id] = algo
        self.changes.messages.append(AlgoUpdate(algo))

    def end_algo(self, algo: Algo, status: AlgoStatus, reason: str = "") -> None:
        self.save_algo(replace(algo, status=status, reason=reason, updated_ms=self.now_ms))

    def pay(self, type_: IncomeType, symbol: str, amount: Decimal, trade_id: int | None = None) -> None:
        """Change the wallet, and say why; nothing else changes it."""
        if not amount:
            return
        self.account.wallet += amount
        income = Income(
            income_id=self.new_id(),
            type=type_,
            symbol=symbol,
            amount=amount,
            at_ms=self.now_ms,
            trade_id=trade_id,
        )
        self.changes.incomes.append(income)

    def tell_account(self, reason: AccountReason, delta: Decimal, symbol: str | None = None) -> None:
        position = self.account.position(symbol) if symbol else None
        gain = position.unrealized(self.account.prices[position.symbol].mark) if position else Decimal(0)
        update = AccountUpdate(reason, self.now_ms, self.account.wallet, delta, position, gain)
        self.changes.messages.append(update)

    def fill(self, order: Order, price: Decimal, quantity: Decimal, *, maker: bool) -> Order:
        """Trade a part of an order: position, wallet, fill and order change together."""
        fill = self._trade_position(order, price, quantity, maker=maker)
        executed = order.executed + quantity
        status = OrderStatus.FILLED if executed == order.quantity else OrderStatus.PARTIALLY_FILLED
        filled = replace(
            order,
            executed=executed,
            quote=order.quote + fill.quote,
            status=status,
            updated_ms=self.now_ms,
        )
        self.save_order(filled, Execution.CALCULATED if order.is_forced else Execution.TRADE, fill)
        return filled

    def _trade_position(self, order: Order, price: Decimal, quantity: Decimal, *, maker: bool) -> Fill:
        held = self.account.position(order.symbol)
        after, realized = held.traded(order.side.sign * quantity, price, self.now_ms)
        self.account.positions[order.symbol] = self.changes.positions[order.symbol] = after
        rate = self._fee_rate(order, maker=maker)
        fill = Fill(
            trade_id=self.new_id(),
            order_id=order.order_id,
            symbol=order.symbol,
            side=order.side,
            price=price,
            quantity=quantity,
            quote=to_money(price * quantity),
            commission=to_money(price * quantity * rate),
            realized=realized,
            maker=maker,
            at_ms=self.now_ms,
        )
        self.changes.fills.append(fill)
        self.pay(IncomeType.REALIZED_PNL, order.symbol, realized, fill.trade_id)
        self.pay(IncomeType.COMMISSION, order.symbol, -fill.commission, fill.trade_id)
        self.tell_account(AccountReason.ORDER, realized - fill.commission, order.symbol)
        return fill

    def _fee_rate(self, order: Order, *, maker: bool) -> Decimal:
        """Deleveraging and settlement are not the account's own doing, and cost it nothing here."""
        if order.client_id.startswith((DELEVERAGING, SETTLEMENT)):
            return Decimal(0)
        return self.economics.maker_fee if maker else self.economics.taker_fee

    def _follow_child(self, algo: Algo, child: Order) -> None:
        status = AlgoStatus.TRIGGERED if child.status.is_open else AlgoStatus.FINISHED
        followed = replace(
            algo,
            status=status,
            order_id=child.order_id,
            executed=child.executed,
            average_price=child.average_price,
            updated_ms=self.now_ms,
        )
        if status is not algo.status:
            self.save_algo(followed)
        else:
            self.account.put_algo(followed)
            self.changes.algos[followed.algo_id] = followed
