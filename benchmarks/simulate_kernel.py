"""Lets random systems live through years of faults in virtual time, and times the kernel's step.

    python benchmarks/simulate_kernel.py --seeds 0:200 --hours 24
    python benchmarks/simulate_kernel.py --speed

Every step is checked against the kernel's promises; the first broken one ends the run with its seed, which replays
exactly: `--seeds N:N+1` with the same hours and weather.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from qtcore.health.model import Status
from qtcore.kernel import commands as do
from qtcore.kernel import events as it
from qtcore.kernel.posture import PostureScale
from qtcore.kernel.specification import HostPlan, Plan, PluginPlan
from qtcore.kernel.state import State, initial
from qtcore.kernel.step import step
from qtcore.kernel.words import Cause
from tests.qtcore.kernel.simulation import LEVELS, Weather, simulate

WEATHERS = {
    "fair": Weather(mean_fault_s=600.0),
    "ordinary": Weather(),
    "storm": Weather(mean_fault_s=6.0, raises=0.2, deaf=0.2, never_ready=0.1, unkillable=0.1),
}


@dataclass(frozen=True)
class Totals:
    """What a series of lives amounts to."""

    lives: int
    steps: int
    starts: int
    virtual_h: float
    wall_s: float


def live(seeds: range, hours: float, weather: Weather) -> Totals:
    """Simulate each seed. Raises AssertionError with the seed when a promise is broken."""
    began = time.perf_counter()
    runs = [simulate(seed, hours, weather) for seed in seeds]
    return Totals(
        lives=len(runs),
        steps=sum(run.steps for run in runs),
        starts=sum(run.starts for run in runs),
        virtual_h=sum(run.virtual_s for run in runs) / 3600,
        wall_s=time.perf_counter() - began,
    )


def twenty_plugins() -> tuple[Plan, State, float]:
    """Twenty plugins in five hosts, each in a chain of four, all running, with a posture scale."""
    plugins = {
        f"p{n}": PluginPlan(
            f"p{n}", f"h{n % 5}", needs=frozenset({f"p{n - 5}"} if n >= 5 else ()), vital=n < 3, healable=True
        )
        for n in range(20)
    }
    hosts = {f"h{n}": HostPlan(f"h{n}") for n in range(5)}
    plan = Plan(plugins, hosts, PostureScale(LEVELS, (), "reduce_only"), "reduce_only")
    state, now_s = initial(plan), 1000.0
    events: list[it.Event] = [it.SupervisorStarted()]
    while events:
        state, wishes = step(plan, state, events.pop(0), now_s)
        for wish in wishes:
            match wish:
                case do.SpawnHost():
                    events.append(it.HostUp(wish.host, wish.incarnation))
                case do.StartGeneration():
                    events.append(it.PluginReady(wish.plugin, wish.generation))
                case _:
                    pass
    return plan, state, now_s


def time_steps(rounds: int) -> None:
    """Print the median and the 99th percentile of one step, by event, for the twenty plugins."""
    plan, state, now_s = twenty_plugins()
    samples: dict[str, it.Event] = {
        "host dies, 4 plugins in it": it.HostGone("h1", 1, Cause.SIGNAL, "killed by signal 9", "p6"),
        "plugin raises, 3 dependents": it.PluginEnded("p3", 1, Cause.RAISED, "raised ValueError: x"),
        "health is fine": it.HealthSeen("p4", 1, Status.HEALTHY, "fine"),
        "tick, nothing due": it.Tick(),
        "news of an old generation": it.PluginReady("p4", 0),
    }
    print(f"{'one step, 20 plugins, 5 hosts':32} {'p50':>9} {'p99':>9}")
    for name, event in samples.items():
        times = _times(partial(step, plan, state, event, now_s), rounds)
        print(f"{name:32} {statistics.median(times):6.1f} µs {times[int(len(times) * 0.99)]:6.1f} µs")


def _times(act: Callable[[], object], rounds: int) -> list[float]:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        act()
        taken.append((time.perf_counter_ns() - began) / 1000)
    return sorted(taken)


def main() -> None:
    """Parse the command line and run."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--hours", type=float, default=24.0, help="virtual hours of trouble per seed")
    options.add_argument("--seeds", default="0:10", help="FIRST:END, END not included")
    options.add_argument("--weather", choices=WEATHERS, default="ordinary")
    options.add_argument("--speed", action="store_true", help="time single steps instead")
    given = options.parse_args()
    if given.speed:
        time_steps(3000)
        return
    first, end = (int(part) for part in given.seeds.split(":"))
    total = live(range(first, end), given.hours, WEATHERS[given.weather])
    print(
        f"{total.lives} lives, {total.virtual_h:.0f} virtual hours, {total.starts} starts, {total.steps} checked steps "
        f"in {total.wall_s:.1f} s ({total.virtual_h / total.wall_s:.1f} h/s): every promise held"
    )


if __name__ == "__main__":
    main()
