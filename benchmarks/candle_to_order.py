"""From the venue's send of the last of 50 simultaneous closed candles to the first byte of an order at the venue.

    python benchmarks/candle_to_order.py [--rounds 1000] [--speed 60] [--stages]

Runs the shipped plugins.yaml on a made-up market of 50 symbols (`falling_market.py`) in which each minute has exactly
one signal to enter: a round. That is proven with the shipped rule before anything starts. Both instants are taken
by the venue's own process (CLOCK_MONOTONIC, `/qt/v1/timing`). An order counts only when it bears the id that the
round's own signal must give to it, so that exits of earlier rounds cannot be mistaken for it, and only when that
signal ended as a filled entry: a stop that the venue refuses is none. How all of them ended is printed. Only limits
that would end the series early are widened (positions, entries a day, losses, order rate).

The floors printed beside it are measured in the same run, on the same machine: a TCP round trip on
loopback, a ZeroMQ message between two processes over a Unix socket, an fdatasync of 4 KiB. `--stages`
also shows where the time went, from the traces of the rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sqlite3
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from falling_market import MINUTE_MS, SYMBOLS, symbols_to_enter, write_market
from floors import hop, loopback, sync
from running import ROOT, Running, quantiles, supervisor
from stages import print_stages

from plugins.domain import Mode, OutcomeCode, Purpose
from plugins.exchange.ids import client_order_id

SPARE_MINUTES = 120
"""What the market has beyond the rounds: the start takes some, and the end is looked for now and then."""

MANY = "1000000"
SETTINGS = {
    "QT_PAPER_EXCHANGE__START_BALANCE": "100000000",
    "QT_PAPER_EXCHANGE__ORDER_LIMIT_10S": "100000",
    "QT_PAPER_EXCHANGE__ORDER_LIMIT_1M": "100000",
    "QT_PAPER_EXCHANGE__WEIGHT_LIMIT_1M": MANY,
    "QT_EXECUTOR__POSITIONS": "100",
    "QT_RISK_GUARD__POSITIONS": "100",
    "QT_AUDITOR__POSITIONS": "100",
    "QT_EXECUTOR__ENTRIES_PER_DAY": MANY,
    "QT_RISK_GUARD__ROUND_TRIPS_PER_SYMBOL": MANY,
    "QT_RISK_GUARD__LOSSES_IN_A_ROW": MANY,
    "QT_RISK_GUARD__ORDERS_PER_MINUTE": MANY,
    "QT_RISK_GUARD__ENTRIES_PER_MINUTE": MANY,
    "QT_PORTFOLIO_BALANCER__SAME_BET": "1000",
}
"""Owners of the same limit are set alike, or the configuration would contradict itself."""


@dataclass(slots=True)
class Collector:
    """Reads the venue's rings now and then, so that nothing is pushed out of them unseen."""

    port: int
    entering: dict[int, str]
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

    def signals(self) -> dict[str, int]:
        """The signal to enter of each burst, and when the burst had left."""
        closed = {-(-at_ms // MINUTE_MS) * MINUTE_MS: sent_ns for at_ms, sent_ns in self.bursts.items()}
        return {
            f"rsi_rule-{self.entering[at_ms]}-{MINUTE_MS // 1000}-{at_ms}": sent_ns
            for at_ms, sent_ns in sorted(closed.items())
            if at_ms in self.entering
        }

    def latencies_ms(self, purpose: Purpose, signals: Mapping[str, int]) -> list[float]:
        """From burst to first byte of these signals' orders; below zero for one before the last candle had left."""
        received = ((sent, self.orders.get(client_order_id(Mode.PAPER, purpose, id_))) for id_, sent in signals.items())
        return [(order - sent) / 1e6 for sent, order in received if order is not None]


def main() -> None:
    """Print the floors and the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--stages", action="store_true", help="show where the time went, from the traces")
    options = parser.parse_args()
    bars = options.rounds + SPARE_MINUTES
    entering = symbols_to_enter(bars)
    print(f"load       {' '.join(f'{load:.1f}' for load in os.getloadavg())} on {os.cpu_count()} cores", flush=True)
    print_floors()
    with tempfile.TemporaryDirectory() as folder:
        write_market(Path(folder), bars)
        arguments = ("--market", f"csv:{folder}", "--speed", f"{options.speed:g}")
        port = free_port()
        settings = {**SETTINGS, "QT_PAPER_EXCHANGE__PORT": str(port)}
        with supervisor(ROOT / "plugins.yaml", *arguments, env={**os.environ, **settings}) as running:
            collector = collect(running, Collector(port, entering), options.rounds, options.speed)
            outcomes = outcomes_of(running.home)
            if options.stages:
                print_stages(running.home, collector.bursts)
    print_figures(collector, outcomes)
    print_floors()
    print(f"load       {' '.join(f'{load:.1f}' for load in os.getloadavg())}")


def outcomes_of(home: Path) -> dict[str, str]:
    """How each stored signal ended; one that has not ended is `undecided`."""
    with closing(sqlite3.connect(f"file:{home / 'quantum.db'}?mode=ro", uri=True)) as database:
        return {id_: code or "undecided" for id_, code in database.execute("SELECT id, outcome_code FROM signals")}


def print_figures(collector: Collector, outcomes: Mapping[str, str]) -> None:
    """How the rounds ended, and how long orders took in those that led to a filled entry."""
    signals = collector.signals()
    ended = Counter(outcomes.get(signal, "no signal") for signal in signals)
    shown = ", ".join(f"{count} {code}" for code, count in ended.most_common())
    print(f"rounds     {len(signals)}: {shown}")
    entered = {signal: sent for signal, sent in signals.items() if outcomes.get(signal) == OutcomeCode.FILLED}
    if not entered:
        raise SystemExit("no round led to a filled entry, so there is no figure; `qt funnel` on such a home says why")
    print(f"to stop    {quantiles(collector.latencies_ms(Purpose.STOP, entered))}   which goes first")
    print(f"to entry   {quantiles(collector.latencies_ms(Purpose.ENTRY, entered))}   once the stop is live")


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
    """Watch until enough rounds have led to an entry."""
    running.wait_running(["executor", "feed", "models", "exchange", "policy"])
    reading = threading.Thread(target=collector.run, daemon=True)
    reading.start()
    end = time.monotonic() + rounds * 60.0 / speed * 1.2 + 60
    while time.monotonic() < end and running.process.poll() is None:
        time.sleep(10)
        if len(collector.latencies_ms(Purpose.ENTRY, collector.signals())) >= rounds:
            break
    collector.stopped.set()
    reading.join()
    return collector


if __name__ == "__main__":
    main()
