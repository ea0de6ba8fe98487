"""From the venue's send of the last of 50 simultaneous closed candles to the first byte of an order at the venue.

    python benchmarks/candle_to_order.py [--rounds 1000] [--speed 120] [--stages]

Runs the shipped plugins.yaml on a made-up market of 50 symbols in the venue's public CSV format, in
which exactly one symbol falls hard in each minute (one passing signal a round) and recovers in the
next. Both instants are taken by the venue's own process (CLOCK_MONOTONIC, `/qt/v1/timing`); an order
counts only when it bears the id that the round's own signal must give to its stop, so that exits of
earlier rounds cannot be mistaken for it. Only limits that would end the series early are widened
(positions, cooldown, exposure, losses, order rate).

The floors printed beside it are measured in the same run, on the same machine: a TCP round trip on
loopback, a ZeroMQ message between two processes over a Unix socket, an fdatasync of 4 KiB. `--stages`
also shows where the time went, from the traces of the rounds.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import socket
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from floors import hop, loopback, sync
from running import ROOT, Running, quantiles, supervisor
from stages import print_stages

from plugins.domain import Mode, Purpose
from plugins.exchange.ids import client_order_id

SYMBOLS = [f"S{n:02d}USDT" for n in range(50)]
HISTORY = 500
START_MS = 1_735_689_600_000
MINUTE_MS = 60_000
SETTINGS = {
    "QT_PAPER_EXCHANGE__START_BALANCE": "100000000",
    "QT_PAPER_EXCHANGE__ORDER_LIMIT_10S": "100000",
    "QT_PAPER_EXCHANGE__ORDER_LIMIT_1M": "100000",
    "QT_PAPER_EXCHANGE__WEIGHT_LIMIT_1M": "1000000",
    "QT_EXECUTOR__POSITIONS": "100",
    "QT_EXECUTOR__COOLDOWN_S": "0",
    "QT_RISK_GUARD__POSITIONS": "100",
    "QT_RISK_GUARD__GROSS_EXPOSURE": "1000",
    "QT_RISK_GUARD__NET_EXPOSURE": "1000",
    "QT_RISK_GUARD__NOTIONAL_PER_POSITION": "1000000",
    "QT_RISK_GUARD__LOSSES_IN_A_ROW": "1000000",
    "QT_RISK_GUARD__ROUND_TRIPS_PER_SYMBOL": "1000000",
    "QT_RISK_GUARD__ORDERS_PER_MINUTE": "1000000",
    "QT_RISK_GUARD__ENTRIES_PER_MINUTE": "1000000",
    "QT_RISK_MANAGER__GROSS_EXPOSURE": "1000",
    "QT_PORTFOLIO_BALANCER__SAME_BET": "1000",
    "QT_RISK_GUARD__DAILY_LOSS": "0.99",
    "QT_RISK_GUARD__DRAWDOWN": "0.99",
}


def write_market(folder: Path, bars: int) -> None:
    """50 files; symbol n falls by 2 % in each minute m with m % 50 == n and is back a minute later."""
    for n, symbol in enumerate(SYMBOLS):
        with (folder / f"{symbol}-1m-2025-01.csv").open("w", newline="") as file:
            rows = csv.writer(file)
            price = 100.0
            for bar in range(HISTORY + bars):
                struck = bar >= HISTORY and bar % len(SYMBOLS) == n
                back = bar > HISTORY and (bar - 1) % len(SYMBOLS) == n
                close = price * (0.98 if struck else 1 / 0.98 if back else 1.0005 if bar % 2 else 1 / 1.0005)
                low, high = min(price, close), max(price, close)
                opened = START_MS + bar * MINUTE_MS
                figures = [f"{value:.4f}" for value in (price, high, low, close)]
                rows.writerow([opened, *figures, "1000", opened + MINUTE_MS - 1, "100000", 10, "500", "50000", 0])
                price = float(figures[3])


def order_of_round(market_ms: int, purpose: Purpose = Purpose.STOP) -> str:
    """The client id of an order of the passing signal of a burst; the first that it must send is its stop."""
    closed_ms = -(-market_ms // MINUTE_MS) * MINUTE_MS
    struck = SYMBOLS[((closed_ms - START_MS) // MINUTE_MS - 1) % len(SYMBOLS)]
    return client_order_id(Mode.PAPER, purpose, f"rsi_rule-{struck}-{MINUTE_MS // 1000}-{closed_ms}")


@dataclass(slots=True)
class Collector:
    """Reads the venue's rings now and then, so that nothing is pushed out of them unseen."""

    port: int
    bursts: dict[int, int] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopped.wait(10.0):
            self.read()

    def read(self) -> None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/qt/v1/timing", timeout=5) as answer:
                found = json.load(answer)
        except OSError:
            return
        for burst in found["bursts"]:
            if burst["candles"] == len(SYMBOLS):
                self.bursts[burst["market_ms"]] = burst["sent_ns"]
        for order in found["orders"]:
            self.orders.setdefault(order["client_id"], order["received_ns"])

    def latencies_ms(self, purpose: Purpose = Purpose.STOP) -> list[float]:
        """Of each burst whose signal led to an order; below zero when it came before the last candle had left."""
        bursts = sorted(self.bursts.items())
        received = ((sent, self.orders.get(order_of_round(at_ms, purpose))) for at_ms, sent in bursts)
        return [(order - sent) / 1e6 for sent, order in received if order is not None]


def main() -> None:
    """Print the floors and the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--speed", type=float, default=120.0)
    parser.add_argument("--stages", action="store_true", help="show where the time went, from the traces")
    options = parser.parse_args()
    print(f"load       {' '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores", flush=True)
    print_floors()
    with tempfile.TemporaryDirectory() as folder:
        write_market(Path(folder), options.rounds + 60)
        arguments = ("--market", f"csv:{folder}", "--speed", f"{options.speed:g}")
        port = free_port()
        settings = {**SETTINGS, "QT_PAPER_EXCHANGE__PORT": str(port)}
        with supervisor(ROOT / "plugins.yaml", *arguments, env={**os.environ, **settings}) as running:
            collector = collect(running, Collector(port), options.rounds, options.speed)
            if options.stages:
                print_stages(running.home, collector.bursts)
    print(f"to order   {quantiles(collector.latencies_ms())}   of {len(collector.bursts)} bursts; the stop goes first")
    if entries := collector.latencies_ms(Purpose.ENTRY):  # none where the venue refuses the stops of this market
        print(f"to entry   {quantiles(entries)}   once the stop is live and the guard agrees")
    print_floors()
    print(f"load       {' '.join(f'{load:.1f}' for load in os.getloadavg())}")


def print_floors() -> None:
    """What no program on this machine can be faster than."""
    print(f"loopback   {quantiles(loopback(2000))}   TCP, there and back")
    print(f"hop        {quantiles(hop(2000))}   ZeroMQ between two processes, there and back")
    print(f"fdatasync  {quantiles(sync(200))}   4 KiB", flush=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def collect(running: Running, collector: Collector, rounds: int, speed: float) -> Collector:
    """Watch until enough rounds have led to an order."""
    running.wait_running(["executor", "feed", "models", "exchange", "policy"])
    reading = threading.Thread(target=collector.run, daemon=True)
    reading.start()
    end = time.monotonic() + rounds * 60.0 / speed * 1.2 + 60
    while time.monotonic() < end and running.process.poll() is None:
        time.sleep(10)
        if len(collector.latencies_ms()) >= rounds:
            break
    collector.stopped.set()
    reading.join()
    return collector


if __name__ == "__main__":
    main()
