"""kill -9 of a host to all its plugins ready again.

    python benchmarks/recovery.py [--rounds 50] [--config plugins.yaml]

`light`: a host with one trivial plugin; `ccxt`: the same, with ccxt.pro preloaded. With `--config`,
each host of that configuration instead. The floors of this machine, in the same run: `bare` is fork and
exec of `python -I -S -c pass` until it exits, `fork` a fork of this program that exits at once.

`bare` is also taken right before each kill, and the ratio is that of the medians. The last columns say
when, after the kill, the host was proven dead, its successor made, and heard of for the first time. How
long the restart policy makes a host wait that died again too soon is left out of all figures and shown
as `backoff`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trivial
from running import Running, quantile, quantiles, supervisor


@dataclass(frozen=True, slots=True)
class Round:
    """Milliseconds after the kill, without `backoff`, which is how long the policy made the host wait."""

    dead: float
    made: float
    heard: float
    ready: float
    backoff: float
    bare: float
    """Of the floor, taken right before the kill: the machine may be busier in one round than in the next."""


def kill_round(running: Running, host: str, plugins: list[str]) -> Round:
    """Kill the host once and wait until its plugins run."""
    (floor,) = bare(1)
    since, pid = running.last_seq(), running.state(plugins[0])["pid"]
    killed = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    ready = max(running.running_at(plugin, since) for plugin in plugins)
    events = running.since(since)
    dead = _at(events, "host_gone", host)
    waited = _backoff(events, host)
    moments = [_at(events, "host_spawned", host) - waited, _at(events, "host_up", host) - waited, ready - waited]
    dead_ms, made, heard, ready_ms = ((moment - killed) * 1000 for moment in (dead, *moments))
    return Round(dead_ms, made, heard, ready_ms, waited * 1000, floor)


def _at(events: list[dict[str, Any]], kind: str, host: str) -> float:
    return next(float(event["monotonic_s"]) for event in events if event["kind"] == kind and event["host"] == host)


def _backoff(events: list[dict[str, Any]], host: str) -> float:
    """Seconds that the host's plugins were told to wait before the host was made again."""
    begun: float | None = None
    for event in events:
        if event["kind"] == "transition" and event["host"] == host:
            after = json.loads(event["details"])["after"]
            if after == "backoff" and begun is None:
                begun = float(event["monotonic_s"])
            elif after == "waiting" and begun is not None:
                return float(event["monotonic_s"]) - begun
        elif event["kind"] == "host_spawned" and event["host"] == host:
            return 0.0 if begun is None else float(event["monotonic_s"]) - begun
    return 0.0


def rounds_of(running: Running, host: str, plugins: list[str], rounds: int, stable_s: float) -> list[Round]:
    """Kill again and again, each time after everything has run for a while."""
    found = []
    for _ in range(rounds):
        running.wait_running([*running.plugins()], within_s=120)
        time.sleep(stable_s)
        found.append(kill_round(running, host, plugins))
    return found


def show(host: str, rounds: list[Round]) -> None:
    """One row of the table."""
    medians = {name: quantile([getattr(one, name) for one in rounds], 0.5) for name in Round.__slots__}
    steps = "  ".join(f"{name} {medians[name]:5.1f}" for name in ("dead", "made", "heard", "backoff", "bare"))
    ratio = medians["ready"] / medians["bare"]
    print(f"{host:9} {quantiles([one.ready for one in rounds])}   {ratio:4.1f} x bare   p50 of {steps}", flush=True)


def bare(rounds: int) -> list[float]:
    """Milliseconds of the smallest Python process there is."""
    took = []
    for _ in range(rounds):
        begun = time.monotonic()
        subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
        took.append((time.monotonic() - begun) * 1000)
    return took


def forked(rounds: int) -> list[float]:
    """Milliseconds of a fork of this program that exits at once."""
    took = []
    for _ in range(rounds):
        begun = time.monotonic()
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)
        took.append((time.monotonic() - begun) * 1000)
    return took


def measure(configuration: Path, rounds: int, stable_s: float, hosts: list[str]) -> None:
    """Start it and print a row for each host."""
    with supervisor(configuration) as running:
        running.wait_all_running()
        layout = running.hosts()
        for host in hosts or layout:
            show(host, rounds_of(running, host, layout[host], rounds, stable_s))


def main() -> None:
    """Print the floors, then one row for each host."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--config", type=Path, help="measure each host of this configuration instead of a trivial one")
    parser.add_argument("--hosts", default="", help="only these, with commas")
    parser.add_argument("--stable", type=float, default=0.5, help="seconds between recovery and the next kill")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"bare      {quantiles(bare(options.rounds))}")
    print(f"fork      {quantiles(forked(options.rounds))}", flush=True)
    hosts = [name for name in options.hosts.split(",") if name]
    if options.config is not None:
        measure(options.config.resolve(), options.rounds, options.stable, hosts)
        return
    with tempfile.TemporaryDirectory() as folder:
        layout = {"light": 1, "ccxt": 1, "other": 1}
        configuration = trivial.write(Path(folder), layout, preload={"ccxt": "ccxt.pro"})
        measure(configuration, options.rounds, options.stable, hosts or ["light", "ccxt"])


if __name__ == "__main__":
    main()
