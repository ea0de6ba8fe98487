#!/usr/bin/env python3
"""How long `qt up` on the simulated market takes from the start of its process to the first filled trade.

    tools/first_trade.py [--seeds 20] [--parallel 2] [--speed 20] [--patience 300]

Each seed gets a home, a port and a process of its own; `--parallel` of them run at the same time and share the
machine, which the last line says. The clock starts before the process exists and stops at the first row of
`quantum.db` whose outcome is `filled`, looked for each 50 ms.
"""

from __future__ import annotations

import argparse
import math
import sqlite3
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from night import Night

LOOK_EVERY_S = 0.05
ASKED_S = {50: 60.0, 90: 150.0}
"""What the first filled trade may take, by percentile."""


@dataclass(frozen=True)
class First:
    """One seed's night; times in seconds since the process began, nan or None when it did not happen."""

    seed: int
    ready_s: float
    signals: int
    filled_s: float | None
    outcomes: str

    def line(self) -> str:
        """One row."""
        filled = "none" if self.filled_s is None else f"{self.filled_s:6.1f} s"
        return f"seed {self.seed:3}  all ready {self.ready_s:5.1f} s  first fill {filled}  {self.outcomes}"


def outcomes(database: Path) -> dict[str, int]:
    """How many signals have each outcome; none while the table is not there."""
    if not database.exists():
        return {}
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5)) as connection:
            rows = connection.execute("SELECT outcome_code, count(*) FROM signals GROUP BY 1").fetchall()
    except sqlite3.OperationalError:
        return {}
    return {code or "(none yet)": count for code, count in rows}


def night_of(seed: int, *, speed: str, patience_s: float) -> First:
    """Run one seed until its first fill, or until patience is over."""
    with tempfile.TemporaryDirectory(prefix=f"first-{seed}-") as folder:
        night = Night(Path(folder), market=f"simulated:seed={seed}", speed=speed)
        night.begin()
        try:
            found, ready_s, filled_s = _watched(night, patience_s)
        finally:
            night.end()
    told = ", ".join(f"{code} {count}" for code, count in sorted(found.items(), key=lambda item: -item[1]))
    return First(seed, ready_s, sum(found.values()), filled_s, told)


def _watched(night: Night, patience_s: float) -> tuple[dict[str, int], float, float | None]:
    """Outcomes at the end, and when all plugins ran and when the first trade was filled, whichever came first."""
    plugins = [name for tenants in night.hosts.values() for name in tenants]
    ready_s: float = math.nan
    while True:
        now_s = time.monotonic() - night.begun_s
        if math.isnan(ready_s) and night.is_running(plugins):
            ready_s = now_s
        found = outcomes(night.home / "quantum.db")
        if found.get("filled"):
            return found, ready_s, now_s
        if now_s > patience_s:
            return found, ready_s, None
        time.sleep(LOOK_EVERY_S)


def percentile(values: list[float], percent: int) -> float:
    """The nearest-rank percentile."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--parallel", type=int, default=1)
    parser.add_argument("--speed", default="20")
    parser.add_argument("--patience", type=float, default=300.0, metavar="S")
    return parser.parse_args()


def main() -> int:
    """0 when the asked percentiles are kept."""
    asked = arguments()
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    times = []
    with ThreadPoolExecutor(asked.parallel) as pool:
        for first in pool.map(partial(night_of, speed=asked.speed, patience_s=asked.patience), seeds):
            print(first.line(), flush=True)
            times.append(math.inf if first.filled_s is None else first.filled_s)
    kept = True
    for percent, most_s in ASKED_S.items():
        value = percentile(times, percent)
        kept = kept and value <= most_s
        print(f"p{percent} {value:.1f} s (asked: at most {most_s:g} s)")
    print(f"{len(times)} seeds at {asked.speed}x, {asked.parallel} at a time on one machine")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
