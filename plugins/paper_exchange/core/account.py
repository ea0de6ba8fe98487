"""The state of the one account and of the prices around it.

It is mutable for speed and has one owner, the engine: everybody else reads. Closed orders are not kept here; the
ledger has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from plugins.paper_exchange.core.kinds import Side
from plugins.paper_exchange.core.orders import Algo, Order
from plugins.paper_exchange.core.positions import Position
from plugins.paper_exchange.core.quirks import Quirks
from plugins.paper_exchange.market.brackets import Brackets, made_ladder
from plugins.paper_exchange.market.source import SymbolRules

ZERO = Decimal(0)
TWO = Decimal(2)


@dataclass(frozen=True, slots=True)
class Price:
    """The last trade and the one before it.

    The mark price is their mean. There is no second market here to take an index from; what a mark price is for, that a
    single print does not liquidate anybody, is had by letting one print count for half until the next confirms it.
    """

    last: Decimal
    previous: Decimal
    at_ms: int

    @property
    def mark(self) -> Decimal:
        return (self.last + self.previous) / TWO


@dataclass(slots=True)
class OpenNotional:
    """What open orders of one symbol would add to a position: the bids and the asks, in USDT."""

    bids: Decimal = ZERO
    asks: Decimal = ZERO

    def add(self, side: Side, notional: Decimal) -> None:
        if side is Side.BUY:
            self.bids += notional
        else:
            self.asks += notional


@dataclass(slots=True)
class Account:
    """`rules` and `brackets` are the account's own copies: the venue may change them while it runs."""

    rules: dict[str, SymbolRules]
    wallet: Decimal = ZERO
    next_id: int = 1
    prices: dict[str, Price] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    leverage: dict[str, int] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    algos: dict[int, Algo] = field(default_factory=dict)
    open_notional: dict[str, OpenNotional] = field(default_factory=dict)
    orders_by_client: dict[str, int] = field(default_factory=dict)
    algos_by_client: dict[str, int] = field(default_factory=dict)
    brackets: dict[str, Brackets] = field(default_factory=dict)
    quirks: Quirks = field(default_factory=Quirks)
    margin_called: bool = False

    @classmethod
    def under(cls, rules: Mapping[str, SymbolRules], *, wallet: Decimal = ZERO, next_id: int = 1) -> Account:
        """An account of a venue with these rules."""
        made = cls(dict(rules), wallet=wallet, next_id=next_id)
        made.brackets = {symbol: brackets_of(one) for symbol, one in rules.items()}
        return made

    def keep_conditions_of(self, before: Account) -> None:
        """Take over what no ledger keeps: changed rules and brackets, and whatever the venue does wrong."""
        self.rules, self.brackets, self.quirks = before.rules, before.brackets, before.quirks

    def position(self, symbol: str) -> Position:
        return self.positions.get(symbol) or Position(symbol)

    def open_positions(self) -> Iterable[Position]:
        return (position for position in self.positions.values() if position.quantity)

    def orders_of(self, symbol: str) -> list[Order]:
        return [order for order in self.orders.values() if order.symbol == symbol]

    def algos_of(self, symbol: str) -> list[Algo]:
        return [algo for algo in self.algos.values() if algo.symbol == symbol]

    def put_order(self, order: Order) -> None:
        """Keep the order while it is open, forget it once it is closed."""
        self._count_notional(self.orders.get(order.order_id), -1)
        if order.status.is_open:
            self.orders[order.order_id] = order
            self.orders_by_client[order.client_id] = order.order_id
            self._count_notional(order, +1)
        elif self.orders.pop(order.order_id, None) is not None:
            self.orders_by_client.pop(order.client_id, None)

    def put_algo(self, algo: Algo) -> None:
        """Keep the conditional order while it is live, forget it once it has ended."""
        if algo.status.is_live:
            self.algos[algo.algo_id] = algo
            self.algos_by_client[algo.client_id] = algo.algo_id
        elif self.algos.pop(algo.algo_id, None) is not None:
            self.algos_by_client.pop(algo.client_id, None)

    def _count_notional(self, order: Order | None, sign: int) -> None:
        if order is None or order.reduce_only:
            return
        notional = self.open_notional.setdefault(order.symbol, OpenNotional())
        notional.add(order.side, sign * order.price * order.remaining)


def brackets_of(rules: SymbolRules) -> Brackets:
    """The symbol's own table, or a ladder made from its first bracket."""
    return rules.brackets or made_ladder(rules.max_leverage, rules.maintenance_margin_rate)
