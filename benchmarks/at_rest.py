"""What the supervisor costs when nothing happens: memory, and processor over a minute.

    python benchmarks/at_rest.py [--seconds 60] [--config plugins.yaml]

`two` and `ten`: so many trivial plugins, in two and five hosts, idle. With `--config`, that configuration
too: its plugins are not idle, but their work is not the supervisor's. CPU is what the scheduler gave to
all threads of the process, in % of one core. `hosts` and `ready to fork` are the PSS of all hosts, and of
the fork servers with their spares, which buy the short recovery. The floor is a `python -I -S` that sleeps.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import trivial
from running import Running, supervisor

SETTLE_S = 5.0
"""After everything runs: imports are collected, spares forked, the first health answers written."""

MB = 1e6


def cpu_s(pid: int) -> float:
    """Seconds that all threads of a process have run."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def pss_mb(pids: list[int]) -> float:
    """Memory of processes, with what they share divided among the sharers."""
    return sum(psutil.Process(pid).memory_full_info().pss for pid in pids) / MB


def row(name: str, pid: int, seconds: float) -> str:
    """RSS, PSS and CPU of one process over the time to come."""
    begun_s, before = time.monotonic(), cpu_s(pid)
    time.sleep(seconds)
    share = (cpu_s(pid) - before) / (time.monotonic() - begun_s)
    rss = psutil.Process(pid).memory_info().rss / MB
    return f"{name:24} RSS {rss:6.1f} MB  PSS {pss_mb([pid]):6.1f} MB  CPU {share * 100:6.3f} % of a core"


def measure(name: str, configuration: Path, seconds: float) -> None:
    """Start it, let it settle, and watch the supervisor."""
    with supervisor(configuration) as running:
        running.wait_all_running()
        time.sleep(SETTLE_S)
        line = row(name, running.process.pid, seconds)
        hosts, others = processes(running)
        print(f"{line}  hosts {pss_mb(hosts):6.1f} MB  ready to fork {pss_mb(others):6.1f} MB", flush=True)


def processes(running: Running) -> tuple[list[int], list[int]]:
    """Pids of the hosts, and of fork servers and spares."""
    hosts = {running.state(plugin)["pid"] for plugin in running.plugins()}
    children = [child.pid for child in psutil.Process(running.process.pid).children(recursive=True)]
    return [pid for pid in children if pid in hosts], [pid for pid in children if pid not in hosts]


def floor(seconds: float) -> None:
    """A Python that does nothing."""
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(1000)"])
    try:
        time.sleep(0.5)
        print(row("bare", process.pid, seconds), flush=True)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    """Print the floor and one row for each configuration."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--config", type=Path, help="measure this configuration too")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.seconds:g} s each")
    floor(min(5.0, options.seconds))
    for name, hosts in (("two", {"a": 1, "b": 1}), ("ten", dict.fromkeys("abcde", 2))):
        with tempfile.TemporaryDirectory() as folder:
            measure(name, trivial.write(Path(folder), hosts), options.seconds)
    if options.config is not None:
        measure(options.config.name, options.config.resolve(), options.seconds)


if __name__ == "__main__":
    main()
