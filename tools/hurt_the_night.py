#!/usr/bin/env python3
"""Hurts a running night in every way it must survive, and prints what came of each.

    tools/hurt_the_night.py [--rounds 1] [--sample] [--only TARGET] [--market recording:../shared/data/demo]

Each host is killed (SIGKILL) and stopped (SIGSTOP) in turn, one plugin blocks the loop of its host, one holds the
interpreter lock, one raises on each start, and the supervisor is killed and started again on the same home. After
each blow the books of the venue, `exchange.db` and `quantum.db` are compared by `check_first_night.py`, which imports
nothing of the project; all the time each open position's stop is looked for at the venue once a second. `--sample`
gives each kind of blow once.

A row tells what was hurt, how soon it was noticed and by which entry of the journal, how soon all of its plugins
and those that need them ran again, whether stacks were kept, who was collateral, who was paused, and whether the
books agreed. Exit 0 when no promise was broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from check_first_night import Line, judged, read_books, settled
from covering import StopSampler
from hurting import Blow, Wound, hurt_host, kill_supervisor, let_crash
from night import DRILLS, ROOT, Night, NotSeen

from plugins.drills.outside import Unreadable, Venue

PATIENCE_S = 45.0
KEY, SECRET = "paper-key", "paper-secret"  # public constants of the paper exchange

Blows = tuple[tuple[Blow, str], ...]

SAMPLE: Blows = (
    (Blow.KILL, "exchange"),
    (Blow.STOP, "guard"),
    (Blow.LOOP, "main"),
    (Blow.GIL, "models"),
    (Blow.CRASH, "crasher"),
    (Blow.KILL, "venue"),
    (Blow.SUPERVISOR, "all"),
)
"""Each kind once."""


def matrix(night: Night) -> Blows:
    """Every host killed and stopped, then what plugins and the supervisor can suffer."""
    hosts = [host for host in night.hosts if host != "drill"]
    signals = [(blow, host) for host in hosts for blow in (Blow.KILL, Blow.STOP)]
    return (*signals, (Blow.LOOP, "main"), (Blow.GIL, "models"), (Blow.CRASH, "crasher"), (Blow.SUPERVISOR, "all"))


def strike(night: Night, blow: Blow, target: str) -> Wound:
    """Do it and follow what happens."""
    match blow:
        case Blow.CRASH:
            return let_crash(night)
        case Blow.SUPERVISOR:
            return kill_supervisor(night)
        case Blow.KILL | Blow.STOP | Blow.LOOP | Blow.GIL:
            return hurt_host(night, blow, target)


def books(night: Night, *, least_orders: int = 0, patience_s: float = PATIENCE_S) -> list[Line]:
    """The verdict on the books while the system runs."""
    venue = Venue(night.venue, KEY, SECRET)
    asked = argparse.Namespace(
        start_balance=Decimal(10_000), pending=0, least_orders=least_orders, least_symbols=min(least_orders, 1)
    )

    def judge() -> list[Line] | None:
        try:
            found = read_books(venue, night.home / "exchange.db", night.home / "quantum.db")
        except Unreadable as error:  # the venue may be between two lives
            return [Line("books readable", holds=False, figure=str(error))]
        return None if found is None else judged(found, asked)

    return settled(judge, patience_s)


def wrong(lines: list[Line]) -> list[str]:
    """What does not hold."""
    return [f"{line.name}: {line.figure}" for line in lines if not line.holds]


def suffered(night: Night, blows: Blows, pause_s: float) -> Iterator[Wound]:
    """Each blow with the verdict on the books after it."""
    for blow, target in blows:
        try:
            wound = strike(night, blow, target)
        except NotSeen as error:
            yield Wound(blow, target, faults=[str(error)])
            return
        wound.faults += wrong(books(night))
        yield wound
        time.sleep(pause_s)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--market", default=f"recording:{ROOT.parent / 'shared' / 'data' / 'demo'}")
    parser.add_argument("--speed", default="60")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--sample", action="store_true", help="each kind of blow once")
    parser.add_argument("--only", metavar="TARGET", help="only blows at this host, at `crasher`, or at `all`")
    parser.add_argument("--warm-up", type=float, default=10.0, metavar="S", help="trade undisturbed before the first")
    parser.add_argument("--pause", type=float, default=5.0, metavar="S", help="trade undisturbed after each")
    parser.add_argument("--folder", type=Path, help="keep the home here; default: a folder that is removed")
    return parser.parse_args()


def run(asked: argparse.Namespace, folder: Path) -> bool:
    """Print the table; whether every promise was kept."""
    night = Night(folder, market=asked.market, speed=asked.speed, drills=DRILLS, judged=True)
    kept = True
    blows = SAMPLE if asked.sample else matrix(night)
    chosen = tuple((blow, target) for blow, target in blows if asked.only in (None, target))
    if not chosen:
        known = ", ".join(sorted({target for _, target in blows}))
        raise SystemExit(f"nothing that is hurt is called {asked.only!r}; known are {known}")
    night.begin()
    try:
        night.until_running()
        print(f"all plugins run {time.monotonic() - night.begun_s:.1f} s after `qt up`", flush=True)
        with StopSampler(Venue(night.venue, KEY, SECRET)) as sampler:
            time.sleep(asked.warm_up)
            for _ in range(asked.rounds):
                for wound in suffered(night, chosen, asked.pause):
                    print(wound.line(), flush=True)
                    kept = kept and not wound.faults
            last = books(night, least_orders=1)
        print(f"stops: {sampler.cover.line()}")
        for line in last:
            print(f"{'ok  ' if line.holds else 'FAIL'} {line.name:52}  {line.figure}")
        kept = kept and not wrong(last) and not sampler.cover.faults
    finally:
        code = night.end()
    print(f"`qt up` ended with {code}")
    return kept and code == 0


def main() -> int:
    """0 when every promise was kept."""
    asked = arguments()
    if asked.folder is not None:
        return 0 if run(asked, asked.folder) else 1
    with tempfile.TemporaryDirectory(prefix="night-") as folder:
        return 0 if run(asked, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
