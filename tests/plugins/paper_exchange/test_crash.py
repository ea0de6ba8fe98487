"""The crash of 3 February 2025 (ETH −28 %, its worst minute −12 %), played with a position and a stop in everything."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal

import anyio
import pytest

from plugins.paper_exchange.core.account import Account
from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.core.engine import Engine
from plugins.paper_exchange.core.events import PlaceAlgo, PlaceOrder
from plugins.paper_exchange.core.kinds import AlgoType, OrderType, Side
from plugins.paper_exchange.core.orders import AlgoRequest, OrderRequest
from plugins.paper_exchange.ledger.ledger import Cursor, Ledger
from plugins.paper_exchange.market.recording import open_recording
from plugins.paper_exchange.play.clock import parse_speed
from plugins.paper_exchange.venue import Venue

pytestmark = pytest.mark.anyio

BEGIN_MS = int(datetime(2025, 2, 3, 1, 40, tzinfo=UTC).timestamp() * 1000)
END_MS = BEGIN_MS + 45 * 60_000
SPEED = "600"
"""Sixty times what the market is asked to keep up with."""


def begun(source, ledger: Ledger) -> None:
    """A ledger that stands just before the crash, as if the market had been played up to there."""
    economics = Economics(start_balance=Decimal(1_000_000))
    prices = {symbol: source.history(symbol, BEGIN_MS, 1)[-1].close for symbol in source.rules}
    account = Account.under(source.rules)
    changes = Engine(account, economics).open_account(BEGIN_MS, prices)
    ledger.begin(source.description, changes, account, Cursor(BEGIN_MS, 0, BEGIN_MS))


class Over:
    """Notices that the crash is over."""

    def __init__(self) -> None:
        self.event = anyio.Event()

    def told(self, messages) -> None: ...

    def traded(self, steps) -> None: ...

    def closed(self, candles, at_ms) -> None:
        if at_ms >= END_MS:
            self.event.set()


async def protected_long(venue: Venue, symbol: str) -> None:
    rules, price = venue.account.rules[symbol], venue.account.prices[symbol].last
    quantity = Decimal(3_000) / price // rules.step_size * rules.step_size
    order = OrderRequest(
        symbol=symbol, side=Side.BUY, type=OrderType.MARKET, quantity=quantity, client_id=f"in-{symbol}"
    )
    await venue.apply(PlaceOrder(venue.now_ms(), order))
    trigger = price * Decimal("0.98") // rules.tick_size * rules.tick_size
    stop = AlgoRequest(
        symbol=symbol,
        side=Side.SELL,
        type=AlgoType.STOP_MARKET,
        trigger_price=trigger,
        client_id=f"stop-{symbol}",
        close_position=True,
    )
    await venue.apply(PlaceAlgo(venue.now_ms(), stop))


async def test_the_market_keeps_up_and_every_stop_is_filled(tmp_path, paths):
    """At 600x no moment is late, each position ends by its stop, and the money adds up."""
    source = open_recording(paths.shared("data", "train"))
    with closing(Ledger(tmp_path)) as ledger:
        begun(source, ledger)
        venue = Venue(source, ledger, economics=Economics(), speed=parse_speed(SPEED))
        for symbol in source.rules:
            await protected_long(venue, symbol)
        venue.listeners.append(over := Over())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(venue.play)
            with anyio.fail_after(60):
                await over.event.wait()
            tasks.cancel_scope.cancel()
        assert venue.slips == 0
        assert not list(venue.account.open_positions())
        closed = ledger.connection.execute("SELECT status, quantity, symbol, executed FROM algos").fetchall()
        assert {row[0] for row in closed} == {"FINISHED"}
        assert len(closed) == len(source.rules)
        lowest = ledger.connection.execute(
            "SELECT min(CAST(f.price AS REAL) / CAST(a.trigger_price AS REAL)) FROM fills f JOIN algos a"
            " ON a.order_id = f.order_id"
        ).fetchone()[0]
        assert lowest > 0.9
        incomes = ledger.connection.execute("SELECT amount FROM incomes").fetchall()
        assert venue.account.wallet == sum(Decimal(amount) for (amount,) in incomes)
