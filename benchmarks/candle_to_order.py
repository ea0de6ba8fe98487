"""From the venue's send of the last of 50 simultaneous closed candles to the first byte of an order at the venue.

    python benchmarks/candle_to_order.py [--rounds 1000] [--speed 120]

Runs the shipped plugins.yaml on a made-up market of 50 symbols in the venue's public CSV format, in
which exactly one symbol falls hard in each minute (one passing signal a round) and recovers in the
next. Both instants are taken by the venue's own process (CLOCK_MONOTONIC, `/qt/v1/timing`). Only
limits that would end the series early are widened (positions, cooldown, exposure, losses, order rate).
The floor printed beside it is a bare TCP round trip on loopback in the same run.
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
from pathlib import Path

from running import ROOT, Running, quantiles, supervisor

SYMBOLS = [f"S{n:02d}USDT" for n in range(50)]
HISTORY = 500
START_MS = 1_735_689_600_000
MINUTE_MS = 60_000
PORT = 18_877
SETTINGS = {
    "QT_PAPER_EXCHANGE__PORT": str(PORT),
    "QT_PAPER_EXCHANGE__START_BALANCE": "100000000",
    "QT_PAPER_EXCHANGE__ORDER_LIMIT_10S": "100000",
    "QT_PAPER_EXCHANGE__ORDER_LIMIT_1M": "100000",
    "QT_PAPER_EXCHANGE__WEIGHT_LIMIT_1M": "1000000",
    "QT_EXECUTOR__POSITIONS": "100",
    "QT_EXECUTOR__COOLDOWN_S": "0",
    "QT_RISK_GUARD__POSITIONS": "100",
    "QT_RISK_GUARD__GROSS_EXPOSURE": "1000",
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


class Collector(threading.Thread):
    """Reads the venue's rings now and then, so that nothing is pushed out of them unseen."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bursts: dict[int, int] = {}
        self.orders: dict[str, int] = {}
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(2.0):
            self.read()

    def read(self) -> None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/qt/v1/timing", timeout=5) as answer:
                found = json.load(answer)
        except OSError:
            return
        for burst in found["bursts"]:
            if burst["candles"] == len(SYMBOLS):
                self.bursts[burst["market_ms"]] = burst["sent_ns"]
        for order in found["orders"]:
            self.orders[f"{order['client_id']}{order['received_ns']}"] = order["received_ns"]

    def latencies_ms(self, window_ns: int) -> list[float]:
        """For each burst the first order request that began to arrive within its window."""
        orders = sorted(self.orders.values())
        found = []
        for sent in sorted(self.bursts.values()):
            later = next((at for at in orders if sent < at < sent + window_ns), None)
            if later is not None:
                found.append((later - sent) / 1e6)
        return found


def loopback(rounds: int) -> list[float]:
    """Milliseconds of one byte there and back between two threads."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        peer, _ = server.accept()

        def echo() -> None:
            while data := peer.recv(1):
                peer.send(data)

        threading.Thread(target=echo, daemon=True).start()
        took = []
        for _ in range(rounds):
            begun = time.monotonic_ns()
            client.send(b"x")
            client.recv(1)
            took.append((time.monotonic_ns() - begun) / 1e6)
        client.close()
        return took


def main() -> None:
    """Print the floor and the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--speed", type=float, default=120.0)
    options = parser.parse_args()
    print(f"loopback   {quantiles(loopback(2000))}")
    with tempfile.TemporaryDirectory() as folder:
        write_market(Path(folder), options.rounds + 60)
        arguments = ("--market", f"csv:{folder}", "--speed", f"{options.speed:g}")
        with supervisor(ROOT / "plugins.yaml", *arguments, env={**os.environ, **SETTINGS}) as running:
            found = collect(running, options.rounds, options.speed)
    print(f"to order   {quantiles(found)}")


def collect(running: Running, rounds: int, speed: float) -> list[float]:
    """Watch until enough rounds have led to an order."""
    running.wait_running(["executor", "feed", "models", "exchange", "policy"])
    collector = Collector()
    collector.start()
    minute_s = 60.0 / speed
    end = time.monotonic() + rounds * minute_s + 60
    found: list[float] = []
    while len(found) < rounds and time.monotonic() < end and running.process.poll() is None:
        time.sleep(5)
        found = collector.latencies_ms(int(minute_s * 0.8e9))
        print(f"  {len(found)} of {rounds} rounds", flush=True)
    collector.stopped.set()
    return found


if __name__ == "__main__":
    main()
