"""The doctor's patience: many checks, some of which hang for ever, each in another way.

    python benchmarks/doctor.py [--checks 200] [--hanging 20] [--rounds 5]

Prints the time until everything was answered for, and whether each hang was named. The target is 2.5 s with a
deadline of 2 s. `none hangs` is the same without them: what the processes themselves cost.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import time
from collections.abc import Callable
from typing import Any

from qtcore.doctor.apart import do_apart
from qtcore.doctor.job import Ending, Job

_HOLDING_THE_INTERPRETER = ctypes.PyDLL(None)


def _sleep() -> None:
    time.sleep(3600)


def _in_c() -> None:
    _HOLDING_THE_INTERPRETER.sleep(3600)


def _read() -> None:
    reading, _ = os.pipe()
    os.read(reading, 1)


def _spin() -> None:
    while True:
        pass


HANGS: tuple[Callable[[], None], ...] = (_sleep, _in_c, _read, _spin)


def _job(name: str, work: Callable[[], Any]) -> Job:
    return Job(name, lambda: work)


def once(checks: int, hanging: int) -> tuple[float, int]:
    """Seconds, and how many hangs were named."""
    every = checks // hanging if hanging else 0
    jobs = [
        _job(f"{n}", HANGS[n // every % len(HANGS)] if every and n % every == 0 else lambda: "fine")
        for n in range(checks)
    ]
    begun = time.monotonic()
    outcomes = do_apart(jobs)
    return time.monotonic() - begun, sum(outcome.ending is Ending.HUNG for outcome in outcomes)


def main() -> None:
    """Print one row for each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=200)
    parser.add_argument("--hanging", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {options.checks} checks")
    took_s, _ = once(options.checks, 0)
    print(f"none hangs: {took_s:.2f} s", flush=True)
    for _ in range(options.rounds):
        took_s, named = once(options.checks, options.hanging)
        print(f"{options.hanging} hang: {took_s:.2f} s, {named} named", flush=True)


if __name__ == "__main__":
    main()
