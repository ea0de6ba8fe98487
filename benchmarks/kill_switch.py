"""From pulling the kill switch to the last byte of an entry at the venue, while entries stream out of the door.

    python benchmarks/kill_switch.py [--rounds 200]

Each round sends entries in 12 symbols, two at a time and without a pause, through the real door (the exchange plugin,
its ledger with full sync) to the paper venue in a process of its own. At a random moment among them a process
of its own pulls the switch as `qt kill on` does. Counted is the time from asking for that (before anything is
written) to the arrival of the last entry order at the venue (CLOCK_MONOTONIC of both, `/qt/v1/timing`); 0 where none
arrived after it. An entry whose stop was already on its way is among them: the door looks again before it leaves.
Positions are closed between the rounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from running import ROOT, quantiles

from plugins.domain import Mode, Purpose, VenueAddress
from plugins.exchange import ExchangePlugin
from plugins.exchange.ids import client_order_id
from plugins.store.kill_switch import write_kill_switch
from qtcore.testing import Harness, Plug, harness

ENTRIES = 12
AT_ONCE = 2
WITHIN_S = (0.02, 0.3)
"""When after the first entry the switch is pulled: early, amidst them, or after most."""

PULL = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from plugins.store.kill_switch import write_kill_switch
print("ready", flush=True)
for line in sys.stdin:
    home, wait_s = line.split()
    time.sleep(float(wait_s))
    began = time.monotonic_ns()
    write_kill_switch(Path(home), on=True, who="benchmark", when=datetime.now(UTC), why="measured")
    print(began, time.monotonic_ns(), flush=True)
"""


SERVE = """
import asyncio, sys
from decimal import Decimal
from pathlib import Path
from plugins.paper_exchange.core.economics import Economics
from plugins.paper_exchange.ledger.ledger import Ledger
from plugins.paper_exchange.market.opening import open_market
from plugins.paper_exchange.play.clock import parse_speed
from plugins.paper_exchange.server.app import ServerSettings, VenueServer
from plugins.paper_exchange.server.limits import LimitSettings
from plugins.paper_exchange.venue import Venue

async def serve():
    source, ledger = open_market("simulated:seed=3"), Ledger(Path(sys.argv[1]))
    economics = Economics(start_balance=Decimal(10_000_000))
    limits = LimitSettings(weight_1m=10**9, orders_10s=10**9, orders_1m=10**9)
    venue = Venue(source, ledger, economics=economics, speed=parse_speed("lockstep"))
    server = VenueServer(venue, ServerSettings(port=0, limits=limits))
    await server.start()
    print(server.url, flush=True)
    await server.run()

asyncio.run(serve())
"""
"""The paper venue without the limits of requests and orders that would end the series early."""


@contextmanager
def child(*command: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process of ours that is talked to by lines; ended with the block."""
    process = subprocess.Popen(
        [sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)
        for end in (process.stdin, process.stdout):
            if end is not None:
                end.close()


def line_of(process: subprocess.Popen[str], word: str = "") -> str:
    """The next line that holds `word`."""
    assert process.stdout is not None
    return next(line for line in process.stdout if word in line)


def fetch(origin: str, path: str) -> Any:
    """A public answer of the venue."""
    with urllib.request.urlopen(f"{origin}{path}", timeout=10) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def symbols_of(origin: str) -> list[tuple[str, Decimal, str]]:
    """Symbols to trade, each with a quantity worth about 200 USDT and the price of a stop 2 % below."""
    found = []
    marks = {row["symbol"]: Decimal(row["markPrice"]) for row in fetch(origin, "/fapi/v1/premiumIndex")}
    for row in fetch(origin, "/fapi/v1/exchangeInfo")["symbols"][:ENTRIES]:
        filters = {each["filterType"]: each for each in row["filters"]}
        step, tick = Decimal(filters["LOT_SIZE"]["stepSize"]), Decimal(filters["PRICE_FILTER"]["tickSize"])
        mark = marks[row["symbol"]]
        quantity = ((Decimal(200) / mark) // step + 1) * step
        found.append((row["symbol"], quantity, str(mark * Decimal("0.98") // tick * tick)))
    return found


async def one_round(
    door: Harness, number: int, symbols: list[tuple[str, Decimal, str]], puller: subprocess.Popen[str]
) -> tuple[int, int, list[str]]:
    """Pull the switch among entries; when that was asked and done (ns), and the ids of the entries."""
    names = [f"kill-{os.getpid()}-{number}-{symbol}" for symbol, _, _ in symbols]

    async def enter(places: range) -> None:
        for place in places:
            symbol, quantity, trigger = symbols[place]
            wish = {
                "symbol": symbol,
                "side": "long",
                "quantity": str(quantity),
                "notional": "200",
                "stop_trigger": trigger,
            }
            await door.call("exchange.enter", {"signal_id": names[place], **wish}, timeout_s=20)

    async def pull() -> tuple[int, int]:
        assert puller.stdin is not None
        puller.stdin.write(f"{door.home} {random.uniform(*WITHIN_S)}\n")
        puller.stdin.flush()
        asked, done = (await asyncio.to_thread(line_of, puller)).split()
        return int(asked), int(done)

    (asked, done), *_ = await asyncio.gather(
        pull(), *(enter(range(first, len(symbols), AT_ONCE)) for first in range(AT_ONCE))
    )
    return asked, done, [client_order_id(Mode.PAPER, Purpose.ENTRY, name) for name in names]


async def clear(door: Harness) -> int:
    """Let the switch go and close what was opened; returns how many that was."""
    write_kill_switch(door.home, on=False, who="benchmark", when=datetime.now(UTC), why="next round")
    await door.call("exchange.reconcile", {}, timeout_s=20)
    held = await door.call("exchange.positions")
    for line in held:
        await door.call("exchange.close", {"symbol": line["symbol"], "reason": "operator"}, timeout_s=20)
    return len(held)


async def measure(origin: str, home: Path, rounds: int, puller: subprocess.Popen[str]) -> None:
    """Print the figures."""
    symbols, after, written, entered = symbols_of(origin), [], [], 0
    async with harness(Plug(ExchangePlugin, "exchange", {"weight_limit": 10**9}), home=home) as door:
        door.on_call("risk_guard.approve", lambda _: {"approved": True, "reason": "within all limits"})
        await door.publish(VenueAddress(Mode.PAPER, origin, "benchmark"))
        await door.ready()
        for number in range(rounds):
            asked, done, ids = await one_round(door, number, symbols, puller)
            arrived = {row["client_id"]: row["received_ns"] for row in fetch(origin, "/qt/v1/timing")["orders"]}
            last = max((arrived[each] for each in ids if each in arrived), default=asked)
            after.append(max(0, last - asked) / 1e6)
            written.append((done - asked) / 1e6)
            entered += await clear(door)
    print(f"load            {' '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores")
    print(f"entries         {entered} filled of {rounds * len(symbols)} started, {len(symbols)} a round")
    print(f"switch written  {quantiles(written)}")
    print(f"rounds          {sum(each > 0 for each in after)} of {rounds} with an entry that arrived after the asking")
    print(f"kill to last    {quantiles(after)}   asked to the last entry at the venue")


def main() -> None:
    """Start the venue and the process that pulls, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="qt-bench-") as folder,
        child("-c", SERVE, f"{folder}/venue") as venue,
        child("-c", PULL) as puller,
    ):
        origin = line_of(venue, "http").strip()
        line_of(puller, "ready")
        started = time.monotonic()
        asyncio.run(measure(origin, Path(folder) / "home", options.rounds, puller))
        print(f"took            {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
