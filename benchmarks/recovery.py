"""kill -9 of a host to all its plugins ready again.

    python benchmarks/recovery.py [--rounds 50] [--hosts light,ccxt,bare]

`light`: a trivial plugin; `ccxt`: the same in a host whose zygote has ccxt.pro loaded; `bare`: the
floor of this machine in the same run, which is fork and exec of `python -I -S -c pass` until it exits.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from running import Running, quantiles, supervisor

PLUGINS = """
version: 1
hosts:
  light: {}
  ccxt: {preload: [ccxt.pro]}
  far: {}
plugins:
  one: {use: "qtcore.testing.faults:Healthy", host: light, restart: {max_restarts: 100000, cap_s: 0.001, base_s: 0.001}}
  two: {use: "qtcore.testing.faults:Healthy", host: ccxt, restart: {max_restarts: 100000, cap_s: 0.001, base_s: 0.001}}
  far: {use: "qtcore.testing.faults:Healthy", host: far}
"""


def kill_rounds(running: Running, plugin: str, rounds: int, stable_s: float) -> list[float]:
    """Milliseconds from each SIGKILL to the plugin's next transition to running."""
    took = []
    for _ in range(rounds):
        time.sleep(stable_s)
        since, pid = running.last_seq(), running.state(plugin)["pid"]
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        took.append((running.running_at(plugin, since) - killed) * 1000)
        time.sleep(0.1)
    return took


def bare(rounds: int) -> list[float]:
    """Milliseconds of the smallest Python process there is."""
    took = []
    for _ in range(rounds):
        begun = time.monotonic()
        subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)
        took.append((time.monotonic() - begun) * 1000)
    return took


def main() -> None:
    """Print one row for each host."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--stable", type=float, default=0.3, help="seconds between recovery and the next kill")
    options = parser.parse_args()
    print(f"bare   {quantiles(bare(options.rounds))}")
    with tempfile.TemporaryDirectory() as folder:
        configuration = Path(folder) / "plugins.yaml"
        configuration.write_text(PLUGINS)
        with supervisor(configuration) as running:
            running.wait_running(["one", "two", "far"])
            for host, plugin in (("light", "one"), ("ccxt", "two")):
                print(f"{host:6} {quantiles(kill_rounds(running, plugin, options.rounds, options.stable))}", flush=True)


if __name__ == "__main__":
    main()
