"""What a trade in the market does to what waits for a price.

Inside a bar the price moves by way of all prices between two trades, so a stop is triggered at its trigger and not at
the far end of the move; a jump (the first trade of a bar) triggers at the price it lands on. A resting order is filled
at its own price once the market has traded through it: at the price itself others would have been first.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from plugins.paper_exchange.core import conditional, matching
from plugins.paper_exchange.core.account import Price
from plugins.paper_exchange.core.events import Trade
from plugins.paper_exchange.core.kinds import Side, WorkingType
from plugins.paper_exchange.core.orders import Algo, Order
from plugins.paper_exchange.core.turn import Turn


def travel(turn: Turn, trade: Trade) -> None:
    """Move the price of a symbol, and do on the way what was waiting for it."""
    before = turn.account.prices.get(trade.symbol)
    previous = before.last if before else trade.price
    here = trade.price if trade.jump or before is None else previous
    volume = trade.quantity
    served: set[int] = set()
    while (met := _nearest(turn, trade, Price(here, previous, trade.now_ms), served)) is not None:
        here, item = met
        served.add(item.order_id if isinstance(item, Order) else item.algo_id)
        turn.set_price(trade.symbol, Price(here, previous, trade.now_ms))
        if isinstance(item, Order):
            volume = matching.fill_resting(turn, item, volume)
        else:
            conditional.trigger(turn, item)
    turn.set_price(trade.symbol, Price(trade.price, previous, trade.now_ms))
    _trigger_by_mark(turn, trade.symbol)


def _nearest(turn: Turn, trade: Trade, now: Price, served: set[int]) -> tuple[Decimal, Order | Algo] | None:
    """The next thing that the price meets on its way, and where; the oldest of those at one price."""
    here, there = now.last, trade.price
    met: list[tuple[Decimal, int, Decimal, Order | Algo]] = []
    for order in turn.account.orders_of(trade.symbol):
        if order.order_id not in served and _is_traded_through(order, here, there):
            level = _on_way(order.price, here, there)
            met.append((abs(level - here), order.order_id, level, order))
    for algo in turn.account.algos_of(trade.symbol):
        if algo.algo_id in served or not _fires_on_way(algo, here, there):
            continue
        level = here if algo.is_reached(here) else algo.trigger_price
        if not conditional.is_protected(turn, algo, replace(now, last=level)):
            met.append((abs(level - here), algo.algo_id, level, algo))
    if not met:
        return None
    _, _, level, item = min(met, key=lambda entry: entry[:2])
    return level, item


def _is_traded_through(order: Order, here: Decimal, there: Decimal) -> bool:
    return min(here, there) < order.price if order.side is Side.BUY else max(here, there) > order.price


def _on_way(price: Decimal, here: Decimal, there: Decimal) -> Decimal:
    return min(max(price, min(here, there)), max(here, there))


def _fires_on_way(algo: Algo, here: Decimal, there: Decimal) -> bool:
    watches = algo.status.is_waiting and algo.working_type is WorkingType.CONTRACT_PRICE
    return watches and (algo.is_reached(here) or algo.is_reached(there))


def _trigger_by_mark(turn: Turn, symbol: str) -> None:
    price = turn.account.prices[symbol]
    for algo in turn.account.algos_of(symbol):
        untouched = turn.account.algos.get(algo.algo_id) is algo and algo.status.is_waiting
        reached = algo.working_type is WorkingType.MARK_PRICE and algo.is_reached(price.mark)
        if untouched and reached and not conditional.is_protected(turn, algo, price):
            conditional.trigger(turn, algo)
