"""A host whose loop is blocked: how long after its limit the supervisor has noticed.

    python benchmarks/blocked.py [--rounds 30] [--limit 0.5]

A real supervisor and a plugin that blocks its loop for good shortly after each start. The limit runs from
the loop's last beat, which the plugin reads from the board at the moment it blocks. `noticed` is the
journal's `host_suspected`, `killed` its `host_killed`. The floor `sleep` is by how much a bare asyncio.sleep
of the same length is late.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from running import Running, quantiles, supervisor

MODULE = """
import asyncio, gc, time
from pathlib import Path

from qtcore import NoSettings, Plugin, hookimpl
from qtcore.hosts.board import Board


class Blocks(Plugin[NoSettings]):
    @hookimpl
    async def start(self, ctx):
        ctx.ready()
        await asyncio.sleep(0.7)
        board = next(found for found in gc.get_objects() if isinstance(found, Board))
        slot = next(n for n in range(board.hosts) if board.incarnation(n))
        with (Path(__file__).parent / "beats").open("a") as file:
            file.write(f"{board.loop_beat(slot)}\\n")
        time.sleep(60)
"""
PLUGINS = """
version: 1
hosts:
  main: {{loop_limit_s: {limit}}}
plugins:
  blocks: {{use: "blocks:Blocks", host: main, restart: {{max_restarts: 100000, stable_after_s: 0.05}}}}
"""


async def sleeps(rounds: int, limit_s: float) -> list[float]:
    """Milliseconds by which a sleep of the same length is late."""
    late = []
    for _ in range(rounds):
        begun = time.monotonic()
        await asyncio.sleep(limit_s)
        late.append((time.monotonic() - begun - limit_s) * 1000)
    return late


def watch(running: Running, beats: Path, rounds: int) -> list[float]:
    """Monotonic seconds of the last beats before so many blocks have been dealt with."""
    end = time.monotonic() + 20 + rounds * 5
    while len(running.events(0, "host_killed")) < rounds:
        if time.monotonic() > end or running.process.poll() is not None:
            raise SystemExit("the supervisor did not deal with the blocked host")
        time.sleep(0.2)
    return [int(line) / 1e9 for line in beats.read_text().split()][:rounds]


def main() -> None:
    """Print the floor and the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--limit", type=float, default=0.5)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; after the limit of {options.limit:g} s, by")
    print(f"sleep    {quantiles(asyncio.run(sleeps(options.rounds, options.limit)))}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "blocks.py").write_text(MODULE)
        configuration = Path(folder) / "plugins.yaml"
        configuration.write_text(PLUGINS.format(limit=options.limit))
        with supervisor(configuration) as running:
            running.wait_all_running()
            silent = watch(running, Path(folder) / "beats", options.rounds)
            for name, kind in (("noticed", "host_suspected"), ("killed", "host_killed")):
                show(name, running, kind, silent, options.limit)


def show(name: str, running: Running, kind: str, silent: list[float], limit_s: float) -> None:
    """One row: milliseconds from the end of the limit to the next such entry."""
    moments = [float(event["monotonic_s"]) for event in running.events(0, kind)]
    late = [(next(at for at in moments if at > beat) - beat - limit_s) * 1000 for beat in silent]
    print(f"{name:8} {quantiles(late)}", flush=True)


if __name__ == "__main__":
    main()
