"""`qt status`, cold: a new process each time, from its start to its exit.

    python benchmarks/status.py [--rounds 50] [--plugins 10]

`running` asks a living supervisor, `dead` reads the records of one that was killed, `--json` prints the
document. Floors in the same run: `bare` is `python -I -S -c pass`, `python` the same with `site`, which
the `qt` command cannot do without.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trivial
from running import ROOT, quantiles, supervisor


def times(command: list[str], rounds: int) -> list[float]:
    """Milliseconds of each run; the exit code is the health, so it is not looked at."""
    took = []
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(rounds):
        begun = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, check=False)
        took.append((time.monotonic() - begun) * 1000)
    return took


def show(name: str, command: list[str], rounds: int) -> None:
    """One row."""
    print(f"{name:16} {quantiles(times(command, rounds))}", flush=True)


def main() -> None:
    """Print the floors and the rows."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--plugins", type=int, default=10)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.plugins} plugins")
    show("bare", [sys.executable, "-I", "-S", "-c", "pass"], options.rounds)
    show("python", [sys.executable, "-c", "pass"], options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        configuration = trivial.write(Path(folder), {"one": options.plugins})
        with supervisor(configuration) as running:
            running.wait_all_running()
            status = [sys.executable, "-m", "qtcore.cli.main", "status", "--home", str(running.home)]
            show("running", status, options.rounds)
            show("running --json", [*status, "--json"], options.rounds)
            running.process.kill()
            running.process.wait()
            show("dead", status, options.rounds)


if __name__ == "__main__":
    main()
