"""A reduce-only order on the wire while 40 heavy data calls queue on the same account.

    python benchmarks/safety_lane.py [--rounds 200] [--stock 2]

Each round asks the paper venue (a process of its own) for 40 x 1,000 klines, and, once they queue, for one
reduce-only market order. Counted is the time from asking for the order to the moment at which the venue's
process saw its first bytes (CLOCK_MONOTONIC of both, `/qt/v1/timing`). `lanes` is the door's way: a client
a lane; `stock ccxt` is one `ccxt.pro.binanceusdm` as it comes, with its own limiter, which sends in order of asking.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from ccxt.base.errors import BaseError
from floors import loopback
from running import quantiles

from plugins.domain import Intent, Mode, Purpose, Side
from plugins.exchange.ids import client_order_id
from plugins.exchange.lanes import Lanes
from plugins.exchange.mode_keys import PAPER_KEYS
from plugins.exchange.order_path import Attempt
from plugins.exchange.requests import Requests
from plugins.exchange.venue_clock import VenueClock
from plugins.exchange.weights import Lane
from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.ledger.ledger import Ledger
from plugins.paper_exchange.market.opening import open_market
from plugins.paper_exchange.play.clock import parse_speed
from plugins.paper_exchange.server.app import ServerSettings, VenueServer
from plugins.paper_exchange.server.limits import LimitSettings
from plugins.paper_exchange.venue import Venue
from plugins.venue import VenueClient

HEAVY = {"symbol": "BTCUSDT", "interval": "1m", "limit": 1000}
QUEUED = 40


def exit_order(number: int) -> Intent:
    """A close of a position that may not be there: it is the way to the venue that counts, not its answer."""
    return Intent(
        id=client_order_id(Mode.PAPER, Purpose.EXIT, f"benchmark-{time.monotonic_ns()}", number),
        symbol="BTCUSDT",
        side=Side.SHORT,
        purpose=Purpose.EXIT,
        quantity=Decimal("0.010"),
        reduce_only=True,
        close_position=False,
        created_at=datetime.now(UTC),
    )


async def round_of(data: Callable[[], Awaitable[Any]], order: Callable[[Intent], Awaitable[Any]]) -> tuple[str, int]:
    """Queue the data, then ask for the order; its id and when it was asked for (ns)."""
    queue = [asyncio.ensure_future(data()) for _ in range(QUEUED)]
    await asyncio.sleep(0.01)
    intent = exit_order(1)
    asked_ns = time.monotonic_ns()
    with suppress(BaseError):  # it reduces nothing, so the venue says no
        await order(intent)
    await asyncio.wait(queue)
    for call in queue:
        call.result()
    return intent.id, asked_ns


async def by_lanes(origin: str, rounds: int) -> list[tuple[str, int]]:
    """The door's way."""
    clients = {lane: VenueClient(origin, keys=PAPER_KEYS, throttle=False) for lane in Lane}
    requests = Requests(Lanes(clients, VenueClock()), working_type="MARK_PRICE")
    try:
        await requests.instruments()
        await requests.measure_clock()
        return [
            await round_of(
                lambda: requests.lanes.ask(Lane.DATA, "fapiPublicGetKlines", HEAVY, weight=5),
                lambda intent: requests.place(intent, Attempt(requests.clock.now_ms(), 2000)),
            )
            for _ in range(rounds)
        ]
    finally:
        await requests.close()


async def by_stock(origin: str, rounds: int) -> list[tuple[str, int]]:
    """ccxt as it comes, but for the address."""
    client: Any = VenueClient(origin, keys=PAPER_KEYS, throttle=True, recv_window_ms=10_000)
    try:
        await client.load_markets()
        return [
            await round_of(
                lambda: client.fapiPublicGetKlines(HEAVY),
                lambda intent: client.create_order(
                    "BTC/USDT:USDT", "market", "sell", 0.01, None, {"reduceOnly": True, "newClientOrderId": intent.id}
                ),
            )
            for _ in range(rounds)
        ]
    finally:
        await client.close()


def latencies_ms(origin: str, asked: list[tuple[str, int]]) -> list[float]:
    """From asking to the venue's first byte of each order."""
    with urllib.request.urlopen(f"{origin}/qt/v1/timing", timeout=5) as answer:  # noqa: S310 - loopback
        seen = {order["client_id"]: order["received_ns"] for order in json.load(answer)["orders"]}
    return [(seen[order_id] - asked_ns) / 1e6 for order_id, asked_ns in asked]


def serve(home: str, started: Queue[str]) -> None:
    """The venue, in a process of its own, without limits that would end the series early."""
    asyncio.run(_serve(Path(home), started))


async def _serve(home: Path, started: Queue[str]) -> None:
    ledger = Ledger(home)
    source = open_market("simulated:seed=3", symbols=["BTCUSDT"])
    venue = Venue(source, ledger, economics=Economics(), speed=parse_speed("lockstep"))
    limits = LimitSettings(weight_1m=10**9, orders_10s=10**6, orders_1m=10**6)
    server = VenueServer(venue, ServerSettings(port=0, limits=limits))
    await server.start()
    started.put(server.url)
    await server.run()


def main() -> None:
    """Print floor, figure and the stock client's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--stock", type=int, default=2, help="rounds of stock ccxt, ten seconds each")
    options = parser.parse_args()
    print(f"loopback    {quantiles(loopback(2000))}", flush=True)
    spawn = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as home:
        started: Queue[str] = spawn.Queue()
        venue = spawn.Process(target=serve, args=(home, started), daemon=True)
        venue.start()
        try:
            origin = started.get(timeout=60)
            found = latencies_ms(origin, asyncio.run(by_lanes(origin, options.rounds)))
            print(f"lanes       {quantiles(found)}", flush=True)
            if options.stock:
                found = latencies_ms(origin, asyncio.run(by_stock(origin, options.stock)))
                print(f"stock ccxt  {quantiles(found)}")
        finally:
            venue.terminate()
            venue.join()


if __name__ == "__main__":
    main()
