"""The venue without its wire: time, restarts, and what is told."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import anyio
import pytest

from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.core.events import PlaceOrder
from plugins.paper_exchange.core.kinds import Execution, OrderType, Side
from plugins.paper_exchange.core.messages import OrderUpdate
from plugins.paper_exchange.core.orders import OrderRequest
from plugins.paper_exchange.ledger.ledger import Ledger, LedgerError
from plugins.paper_exchange.play.clock import parse_speed
from plugins.paper_exchange.venue import Venue

pytestmark = pytest.mark.anyio

MINUTE_MS = 60_000


@dataclass
class Ear:
    """Keeps what a listener is told, and rings when a market time has been reached."""

    bell_ms: int = 0
    bell: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[Any] = field(default_factory=list)

    def told(self, messages: Any) -> None:
        self.heard += messages

    def traded(self, steps: Any) -> None:
        self._ring(steps[-1].at_ms if steps else 0)

    def closed(self, candles: Any, at_ms: int) -> None:
        self.heard.append(("closed", at_ms))
        self._ring(at_ms)

    def _ring(self, at_ms: int) -> None:
        if at_ms >= self.bell_ms:
            self.bell.set()


@pytest.fixture
def home(tmp_path):
    return tmp_path / "venue"


def opened(market, home, *, speed: str = "lockstep", **more: Any) -> tuple[Venue, Ledger]:
    ledger = Ledger(home)
    return Venue(market, ledger, economics=Economics(), speed=parse_speed(speed), **more), ledger


async def market_buy(venue: Venue, quantity: str = "0.01") -> None:
    request = OrderRequest(
        symbol="BTCUSDT",
        side=Side.BUY,
        type=OrderType.MARKET,
        quantity=Decimal(quantity),
        client_id=f"c{venue.account.next_id}",
    )
    await venue.apply(PlaceOrder(venue.now_ms(), request))


@pytest.mark.parametrize("moments", [1, 2, 3, 5, 8])
async def test_a_restart_in_the_middle_of_a_bar_changes_nothing(market, home, moments):
    """Stopped after any moment and opened again, the market plays on as if it had never stopped."""
    market.write("BTCUSDT", 0, "100000", "100500", "99500", "100200")
    market.write("BTCUSDT", 1, "100200", "101000", "100000", "100900")
    market.settlements.append(("BTCUSDT", market.start_ms + MINUTE_MS, "0.0001"))
    whole, ledger = opened(market, home / "whole")
    with closing(ledger):
        await market_buy(whole)
        await whole.advance(2)
        expected = (whole.account.wallet, whole.account.prices, whole.account.positions, whole.now_ms())
    parts, ledger = opened(market, home / "parts")
    await market_buy(parts)
    for _ in range(moments):
        await parts.play_moment(parts.timeline.peek())
    seen = parts.candles.forming("BTCUSDT", "1m"), parts.now_ms()
    ledger.close()
    again, ledger = opened(market, home / "parts")
    with closing(ledger):
        assert (again.candles.forming("BTCUSDT", "1m"), again.now_ms()) == seen
        await again.advance(2 - (moments > 4))
        assert (again.account.wallet, again.account.prices, again.account.positions, again.now_ms()) == expected


async def test_everything_is_written_before_it_is_told(market, home):
    """When a listener hears of an order, the ledger already has it."""
    venue, ledger = opened(market, home)
    counts: list[int] = []

    class Witness(Ear):
        def told(self, messages: Any) -> None:
            counts.append(ledger.connection.execute("SELECT count(*) FROM fills").fetchone()[0])

    with closing(ledger):
        venue.listeners.append(Witness())
        await market_buy(venue)
    assert counts == [1]


async def test_orders_that_share_a_sync_are_told_in_their_order(market, home):
    """Fifty orders at once are all answered, and heard of in the order in which the ledger has them."""
    venue, ledger = opened(market, home)
    ear = Ear()
    venue.listeners.append(ear)
    with closing(ledger):
        await asyncio.gather(*(market_buy(venue, "0.001") for _ in range(50)))
        written = [order_id for (order_id,) in ledger.connection.execute("SELECT order_id FROM orders ORDER BY 1")]
    told = [m.order.order_id for m in ear.heard if isinstance(m, OrderUpdate) and m.execution is Execution.NEW]
    assert told == written
    assert len(told) == 50


async def test_a_paced_market_keeps_its_pace(market, home):
    """At 3,000x a minute passes in 20 ms, and moments come in order."""
    venue, ledger = opened(market, home, speed="3000")
    ear = Ear(market.start_ms + 5 * MINUTE_MS)
    venue.listeners.append(ear)
    with closing(ledger):
        playing = asyncio.create_task(venue.play())
        with anyio.fail_after(5):
            await ear.bell.wait()
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        assert venue.slips == 0
        assert ear.heard == [("closed", market.start_ms + number * MINUTE_MS) for number in range(1, 6)]
        assert 5 * MINUTE_MS <= venue.now_ms() - market.start_ms < 60 * MINUTE_MS


async def test_no_market_time_passes_while_the_venue_was_stopped(market, home):
    """A process that was stopped for a while goes on where it was: the clock is set back, and says so."""
    real_ns = [0]
    venue, ledger = opened(market, home, speed="60", real_ns=lambda: real_ns[0])
    with closing(ledger):
        ear = Ear()
        venue.listeners.append(ear)
        real_ns[0] = 3_600_000_000_000
        playing = asyncio.create_task(venue.play())
        with anyio.fail_after(5):
            await ear.bell.wait()
        playing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await playing
        assert venue.slips == 1
        assert venue.now_ms() == market.start_ms


@pytest.mark.parametrize("speed", ["max", "100000"])
async def test_a_market_that_ends_stands_still(market, home, speed):
    """After its last bar the venue says so, and still takes orders at the last price."""
    market.length = 3
    venue, ledger = opened(market, home, speed=speed)
    with closing(ledger):
        with anyio.fail_after(10):
            await venue.play()
        assert venue.ended
        assert venue.now_ms() - market.start_ms >= 3 * MINUTE_MS
        await market_buy(venue)
        assert venue.account.position("BTCUSDT").quantity == Decimal("0.01")


async def test_a_ledger_belongs_to_its_market(market, home):
    """A ledger is never played on with another market."""
    _, ledger = opened(market, home)
    ledger.close()
    market.description = "another market"
    ledger = Ledger(home)
    with closing(ledger), pytest.raises(LedgerError, match="another market"):
        Venue(market, ledger, economics=Economics(), speed=parse_speed("1"))


async def test_one_home_one_venue(market, home):
    """A second venue on the same home is refused and told who holds it."""
    _, ledger = opened(market, home)
    with closing(ledger), pytest.raises(LedgerError, match=r"another venue \(pid \d+\)"):
        Ledger(home)
    Ledger(home).close()
