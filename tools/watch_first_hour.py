#!/usr/bin/env python3
"""The first minutes of `make run` as a timeline, seen from outside: records and tables, nothing of the project.

    tools/watch_first_hour.py [--minutes 60] [--speed 20] [--market simulated:seed=1] [--home DIR]

It starts `qt up` as `make run` does, in a home of its own, and looks once a second. It ends at once when everything
has been seen, with 0; with 1 when something asked for came too late or, within `--minutes`, not at all.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from night import Night, Tenant

LOOK_EVERY_S = 1.0
HEALTHY, DEGRADED = "healthy", "degraded"
TRADES_REASON = "trades have closed since the last training"
TRAIL = ("trail", "break-even", "lock-in", "near trail")
MEMBERS = 4

ASKED_S: Mapping[str, float] = {
    "every plugin healthy or degraded": 60.0,
    "the first training has ended": 60.0 + 300.0,
}
"""How many seconds after the start some things may take; the others only have to be seen."""

WANTED = (
    "every plugin healthy or degraded",
    "a signal of the rule",
    "a filled entry",
    "the first training has ended",
    "a signal with votes of four models",
    "every plugin healthy",
    "a stop that trails",
    "fifty closed trades",
    "a training because trades have closed",
)


@dataclass(frozen=True)
class Look:
    """What lay in the home at one moment; `voting` is the most members with a weight that a late signal had."""

    tenants: Mapping[str, Tenant]
    signals: int = 0
    of_the_rule: int = 0
    filled: int = 0
    voting: int = 0
    trades: int = 0
    trailing: int = 0
    trainings: Sequence[Mapping[str, Any]] = ()


@dataclass
class Timeline:
    """When each thing was seen first, in seconds since the start, and how long each plugin was not healthy."""

    plugins: Sequence[str]
    seen: dict[str, float] = field(default_factory=dict)
    ill_s: dict[str, float] = field(default_factory=dict)

    def note(self, look: Look, at_s: float, passed_s: float = LOOK_EVERY_S) -> list[str]:
        """Take a look in; returns what is new."""
        for name in self.plugins:
            if _status(look, name) != HEALTHY:
                self.ill_s[name] = self.ill_s.get(name, 0.0) + passed_s
        new = [what for what in _seen_in(look, self.plugins) if what not in self.seen]
        self.seen.update((what, at_s) for what in new)
        return new

    @property
    def complete(self) -> bool:
        """Whether everything has been seen."""
        return all(what in self.seen for what in WANTED)

    def wrong(self) -> list[str]:
        """What was not seen, or too late."""
        missing = [f"not seen: {what}" for what in WANTED if what not in self.seen]
        late = [
            f"{what}: after {self.seen[what]:.0f} s, asked within {most_s:.0f} s"
            for what, most_s in ASKED_S.items()
            if self.seen.get(what, 0.0) > most_s
        ]
        return missing + late


def _seen_in(look: Look, plugins: Iterable[str]) -> Iterable[str]:
    states = {_status(look, name) for name in plugins}
    if states <= {HEALTHY, DEGRADED}:
        yield "every plugin healthy or degraded"
    if states == {HEALTHY}:
        yield "every plugin healthy"
    if look.of_the_rule:
        yield "a signal of the rule"
    if look.filled:
        yield "a filled entry"
    if look.voting >= MEMBERS:
        yield "a signal with votes of four models"
    if look.trailing:
        yield "a stop that trails"
    if look.trades >= 50:
        yield "fifty closed trades"
    if look.trainings:
        yield "the first training has ended"
    if any(TRADES_REASON in done["why"] for done in look.trainings):
        yield "a training because trades have closed"


def _status(look: Look, plugin: str) -> str:
    return look.tenants[plugin].status if plugin in look.tenants else "unknown"


def look_into(night: Night) -> Look:
    """Read the home as it is now; what is not there yet counts as nothing."""
    history, ledger = night.home / "quantum.db", night.home / "exchange.db"
    signals = "SELECT count(*) FROM signals"
    newest = "SELECT votes FROM signals WHERE votes IS NOT NULL ORDER BY made_at DESC LIMIT 20"
    trailing = "SELECT count(*) FROM intents WHERE purpose = 'stop' AND reason IN (?, ?, ?, ?)"
    trainings: Sequence[Mapping[str, Any]] = ()
    with suppress(OSError, ValueError):
        trainings = json.loads((night.home / "data" / "retraining" / "record.json").read_text())["trainings"]
    return Look(
        night.tenants(),
        signals=_count(history, signals),
        of_the_rule=_count(history, f"{signals} WHERE source = 'rsi_rule'"),
        filled=_count(history, f"{signals} WHERE outcome_code = 'filled'"),
        voting=max((_voting(votes) for (votes,) in _rows(history, newest)), default=0),
        trades=_count(history, "SELECT count(*) FROM trades"),
        trailing=_count(ledger, trailing, TRAIL),
        trainings=trainings,
    )


def _voting(votes: str) -> int:
    return sum(1 for vote in json.loads(votes) or () if vote.get("weight", 0.0) > 0.0)


def _count(file: Path, statement: str, values: Sequence[str] = ()) -> int:
    return int(next(iter(_rows(file, statement, values)), (0,))[0])


def _rows(file: Path, statement: str, values: Sequence[str] = ()) -> list[tuple[Any, ...]]:
    if not file.exists():
        return []
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)) as connection:
            return connection.execute(statement, values).fetchall()
    except sqlite3.OperationalError:  # the table is being made
        return []


def watch(night: Night, minutes: float) -> tuple[Timeline, Look]:
    """Look once a second until everything is seen or time is over."""
    plugins = [name for tenants in night.hosts.values() for name in tenants]
    timeline, told = Timeline(plugins), 0
    while True:
        began_s = time.monotonic()
        at_s, look = began_s - night.begun_s, look_into(night)
        for what in timeline.note(look, at_s):
            print(f"{at_s:7.1f} s  {what}", flush=True)
        for done in look.trainings[told:]:
            print(f"{at_s:7.1f} s  trained: {_told(done)}", flush=True)
        told = len(look.trainings)
        if timeline.complete or at_s > minutes * 60:
            return timeline, look
        time.sleep(max(0.0, LOOK_EVERY_S - (time.monotonic() - began_s)))


def _told(done: Mapping[str, Any]) -> str:
    rulings = ", ".join(f"{result['member']} {result['ruling']}" for result in done["results"])
    return f"{done['why']}; {done['decisions']} decisions; {rulings}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--speed", default="20")
    parser.add_argument("--market", default="simulated:seed=1")
    parser.add_argument("--home", type=Path, help="where to work; default: a folder that is removed at the end")
    return parser.parse_args()


def main() -> int:
    """0 when everything was seen in time."""
    asked = _arguments()
    with tempfile.TemporaryDirectory(prefix="first-hour-") as folder:
        night = Night(asked.home or Path(folder), market=asked.market, speed=asked.speed)
        night.begin()
        try:
            timeline, last = watch(night, asked.minutes)
        finally:
            night.end()
    ill = sorted(timeline.ill_s.items(), key=lambda item: -item[1])
    print("not healthy, seconds: " + ", ".join(f"{name} {seconds:.0f}" for name, seconds in ill))
    print(f"{last.signals} signals, {last.trades} closed trades, {len(last.trainings)} trainings")
    wrong = timeline.wrong()
    print("\n".join(wrong) if wrong else "everything was seen, in time")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
