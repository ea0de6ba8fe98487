"""How soon a market stream that has fallen mute is noticed, and how soon its data is fresh again.

    python benchmarks/mute_feed.py [--rounds 10] [--streams '*']

A paper exchange and the feed, in processes of their own. The venue keeps its sockets open, answers pings and sends
nothing on the named streams for some seconds. `noticed`: until the finding is in the journal. `polled`: until data
of every symbol is fresh again by REST although the streams stay mute. Both are upper bounds, by the start of `qt call`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from running import ROOT, Running, quantiles, supervisor

MUTE_S = 30.0
PLUGINS = """
version: 1
application: {name: mute, mode: paper, modes: [paper, testnet, live]}
options: {market: paper_exchange.market, speed: paper_exchange.speed}
hosts: {venue: {}, data: {preload: [ccxt.pro]}}
plugins:
  paper_exchange: {use: plugins.paper_exchange.plugin, host: venue, settings: {port: 0}}
  feed: {use: plugins.feed, host: data, wants: [paper_exchange], after: [paper_exchange]}
"""


def call(running: Running, action: str, argument: dict[str, object]) -> None:
    """Call an action of a plugin."""
    qt = Path(sys.executable).with_name("qt")
    subprocess.run(
        [qt, "call", action, json.dumps(argument), "--home", running.home], check=True, capture_output=True, timeout=30
    )


def finding(running: Running, since: int, kind: str, code: str, within_s: float) -> float:
    """Monotonic seconds of the next journal entry of this kind about the finding."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        for row in running.events(since, kind):
            if code in f"{row['reason']} {row['details']}":
                return float(row["monotonic_s"])
        time.sleep(0.02)
    raise SystemExit(f"{code} was not {kind} within {within_s:g} s")


def one(running: Running, streams: str) -> tuple[float, float]:
    """Seconds from falling mute to being noticed, and to fresh data by REST."""
    since, began = running.last_seq(), time.monotonic()  # early: the fault begins while its call is under way
    call(running, "paper_exchange.fault", {"kind": "mute", "seconds": MUTE_S, "options": {"streams": streams}})
    noticed = finding(running, since, "finding_opened", "QT-FEED-MUTE", 10)
    polled = finding(running, since, "finding_opened", "QT-FEED-POLLING", MUTE_S)
    call(running, "paper_exchange.clear_faults", {})
    finding(running, since, "finding_resolved", "QT-FEED-POLLING", 90)
    time.sleep(3.0)
    return noticed - began, polled - began


def main() -> None:
    """Print one row for each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--streams", default="*")
    options = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; milliseconds from mute streams ({options.streams}) to"
    )
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "plugins").symlink_to(ROOT / "plugins")
        configuration = Path(folder) / "plugins.yaml"
        configuration.write_text(PLUGINS)
        with supervisor(configuration) as running:
            running.wait_all_running()
            time.sleep(5.0)
            rounds = [one(running, options.streams) for _ in range(options.rounds)]
    for name, values in zip(("noticed", "polled"), zip(*rounds, strict=True), strict=True):
        print(f"{name:8} {quantiles([1000 * value for value in values])}", flush=True)


if __name__ == "__main__":
    main()
