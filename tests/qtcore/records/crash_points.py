"""Kills a writer of records before each file operation it does, and looks at what is left.

Run as a program: `crash_points.py SCENARIO FOLDER`. Each trial is a forked process that gets
SIGKILL at its n-th step (opening, renaming, removing a file; opening or executing in a database;
or a step the writer names itself). The trial reports what it considers done through a pipe; the
looker then checks that nothing reported is lost. Prints {"killed": n, "faults": [...]}.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from qtcore.health.model import Status
from qtcore.kernel.words import Lifecycle
from qtcore.records import recovery
from qtcore.records.clock import instant_now
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.records.state_file import StateFile
from qtcore.records.state_files import StateFiles
from qtcore.records.state_reader import read_state

Report = Callable[[str], object]

HOOKED = ("open", "os.rename", "os.remove", "os.truncate", "sqlite3.connect", "os.chmod", "os.mkdir")


class KillAt:
    """Counts steps below a folder and ends the process at the n-th."""

    def __init__(self, folder: Path, number: int) -> None:
        self.left = number
        self.folder = str(folder)

    def audit(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in HOOKED and arguments and self.folder in str(arguments[0]):
            self.step(event)

    def step(self, _name: str) -> None:
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def state(generation: int) -> StateFile:
    now = instant_now()
    return StateFile(
        plugin="feed",
        journal_seq=generation,
        generation=generation,
        lifecycle=Lifecycle.RUNNING,
        status=Status.HEALTHY,
        summary="x" * generation * 10,
        since=now.wall,
        produced_at=now,
        valid_until=now.later(600),
    )


# --- journal ------------------------------------------------------------------------------------


def write_journal(home: Home, kill: KillAt, done: Report) -> None:
    home.create()
    for _ in range(2):
        with Journal.open(home) as journal:
            for _ in range(3):
                done(f"event {journal.append(EventKind.NOTE, 'here').seq}")
                kill.step("appended")
                done(f"generation {journal.reserve_generation('feed')}")
                kill.step("reserved")


def look_at_journal(home: Home, reports: list[str]) -> list[str]:
    acknowledged = max((int(line.split()[1]) for line in reports if line.startswith("event")), default=0)
    reserved = max((int(line.split()[1]) for line in reports if line.startswith("generation")), default=0)
    home.create()
    with Journal.open(home) as journal:
        seqs = [event.seq for event in journal.read()]
        faults = [] if seqs == list(range(1, len(seqs) + 1)) else [f"gaps: {seqs}"]
        if len(seqs) < acknowledged:
            faults.append(f"event {acknowledged} was acknowledged, {len(seqs)} are there")
        if journal.reserve_generation("feed") <= reserved:
            faults.append(f"generation {reserved} was reserved twice")
        if seqs and journal.append(EventKind.NOTE, "after").seq != len(seqs) + 1:
            faults.append("the next event does not follow")
    return faults


# --- recovery -----------------------------------------------------------------------------------


def write_recovery(home: Home, kill: KillAt, done: Report) -> None:
    kill.left, wanted = 10**9, kill.left
    home.create()
    with Journal.open(home) as journal:
        for _ in range(50):
            journal.append(EventKind.NOTE, "before the damage " * 20)
        done(f"generation {journal.reserve_generation('feed', 50)}")
    os.truncate(home.journal, 8192)
    kill.left = wanted
    with recovery.open_or_recover(home) as (journal, _):
        done(f"generation {journal.reserve_generation('feed')}")


def look_at_recovery(home: Home, reports: list[str]) -> list[str]:
    reserved = max(int(line.split()[1]) for line in reports)
    with recovery.open_or_recover(home) as (journal, _):
        generation = journal.reserve_generation("feed")
    remains = list(home.root.glob("journal.db.damaged-*"))
    faults = [] if generation > reserved else [f"generation went from {reserved} to {generation}"]
    return faults if remains else [*faults, "the damaged journal is gone"]


# --- state files --------------------------------------------------------------------------------


def write_states(home: Home, kill: KillAt, done: Report) -> None:
    home.create()
    files = StateFiles(home.state, durable=True, step=kill.step)
    for generation in range(1, 4):
        files.publish(state(generation))
        done(f"generation {generation}")


def look_at_states(home: Home, reports: list[str]) -> list[str]:
    home.create()
    acknowledged = max((int(line.split()[1]) for line in reports), default=0)
    found = read_state(home.state)
    if not found and not acknowledged:
        return []
    if len(found) != 1 or not isinstance(found[0], StateFile):
        return [f"after {acknowledged}: {found}"]
    seen = found[0].generation
    faults = [] if acknowledged <= seen <= acknowledged + 1 else [f"acknowledged {acknowledged}, reads {seen}"]
    StateFiles(home.state).rebuild(["feed"])
    left = [path.name for path in home.state.iterdir()]
    return faults if left == ["feed.json"] else [*faults, f"left behind: {left}"]


# --- trials -------------------------------------------------------------------------------------

SCENARIOS = {
    "journal": (write_journal, look_at_journal),
    "recovery": (write_recovery, look_at_recovery),
    "states": (write_states, look_at_states),
}


def trial(scenario: str, home: Home, number: int) -> tuple[bool, list[str]]:
    """Whether the writer was killed, and what it had reported as done."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        kill = KillAt(home.root, number)
        sys.addaudithook(kill.audit)
        SCENARIOS[scenario][0](home, kill, lambda line: os.write(write_end, f"{line}\n".encode()))
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as reports:
        lines = reports.read().splitlines()
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit(f"{scenario} {number}: the writer failed")
    return os.WIFSIGNALED(status), lines


def main(scenario: str, folder: Path) -> None:
    number, faults = 0, []
    while True:
        home = Home(folder / f"{scenario}-{number}")
        killed, reports = trial(scenario, home, number)
        faults += [f"killed at step {number}: {fault}" for fault in SCENARIOS[scenario][1](home, reports)]
        if not killed:
            break
        number += 1
    print(json.dumps({"killed": number, "faults": faults}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
