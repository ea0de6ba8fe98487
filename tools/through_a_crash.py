#!/usr/bin/env python3
"""Trades through a recorded crash, and asks afterwards whether every position was behind a stop all the time.

    tools/through_a_crash.py [--data ../shared/data/train] [--from 2025-02-03T01:00] [--minutes 120] [--speed 10]

By default it is the third of February 2025, when ETH fell 28 % and by 12 % in its worst minute. The recording is cut so
that `--from` (market time, UTC) comes right after the history that the venue serves; the cut is removed at the end. The
verdict is that of tools/check_first_night.py, and stops are sampled each second: naked time p99 <= 2 s and at most 5 s
(real), stops that only tighten, no entry on stale data, all books equal. Exit 0 when everything holds and there was
something to protect.

The shipped policy enters nothing while half of the market moves extremely, as it did hours before the worst minute;
then there is nothing to protect either. So it is told that nothing is extreme, unless `--shipped` is given.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from check_first_night import check_protection
from covering import StopSampler
from hurt_the_night import KEY, SECRET, books
from night import ROOT, Night

from plugins.drills.outside import Venue, read_rows

HISTORY = timedelta(minutes=500)
"""What the venue serves before its first minute."""

NOTHING_IS_EXTREME = {"QT_POLICY__VOLATILITY": '{"extreme_from": 10}'}

LONGEST_NAKED_S = 5.0
LOOK_EVERY_S = 5.0


def cut(data: Path, begin: datetime, minutes: float, into: Path) -> int:
    """Write the minutes of every symbol from `begin` on, with their history; returns how many symbols."""
    first, last = _ms(begin - HISTORY), _ms(begin + timedelta(minutes=minutes + 30))
    (into / "ohlcv").mkdir(parents=True)
    shutil.copytree(data / "funding", into / "funding")
    files = sorted((data / "ohlcv").glob("*_1m.parquet"))
    for file in files:
        bars = pq.read_table(file)
        inside = pc.and_(pc.greater_equal(bars["ts"], first), pc.less(bars["ts"], last))
        pq.write_table(bars.filter(inside), into / "ohlcv" / file.name)
    return len(files)


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def run(asked: argparse.Namespace, folder: Path) -> bool:
    """Trade, print the verdict; whether everything held."""
    os.environ.update({} if asked.shipped else NOTHING_IS_EXTREME)
    begin = datetime.fromisoformat(asked.begin).replace(tzinfo=UTC)
    symbols = cut(asked.data, begin, asked.minutes, folder / "cut")
    night = Night(folder / "night", market=f"recording:{folder / 'cut'}", speed=f"{asked.speed:g}", judged=True)
    night.begin()
    try:
        night.until_running(within_s=180.0)  # a loaded machine is no crash
        print(f"{symbols} symbols from {begin:%Y-%m-%d %H:%M} on at {asked.speed:g}x", flush=True)
        venue, until_s = Venue(night.venue, KEY, SECRET), time.monotonic() + asked.minutes * 60 / asked.speed
        with StopSampler(venue) as sampler:
            while time.monotonic() < until_s:
                time.sleep(min(LOOK_EVERY_S, max(0.0, until_s - time.monotonic())))
        signals, intents = (
            read_rows(night.home / "quantum.db", "signals"),
            read_rows(night.home / "exchange.db", "intents"),
        )
        lines = [*books(night), *check_protection(venue, signals, intents, longest_s=LONGEST_NAKED_S)]
    finally:
        code = night.end()
    print(f"stops, sampled: {sampler.cover.line()}")
    for line in lines:
        print(f"{'ok  ' if line.holds else 'FAIL'} {line.name:52}  {line.figure}")
    return code == 0 and sampler.cover.covered > 0 and not sampler.cover.faults and all(line.holds for line in lines)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "train")
    parser.add_argument("--from", dest="begin", default="2025-02-03T01:00", metavar="UTC")
    parser.add_argument("--minutes", type=float, default=120.0, help="of market time")
    parser.add_argument("--speed", type=float, default=10.0)
    parser.add_argument("--shipped", action="store_true", help="leave the policy as it is shipped")
    return parser.parse_args()


def main() -> int:
    """0 when everything held."""
    asked = arguments()
    if not (asked.data / "ohlcv").is_dir():
        print(f"{asked.data} holds no folder ohlcv; name a folder of recordings with --data")
        return 69
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        return 0 if run(asked, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
