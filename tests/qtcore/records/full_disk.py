"""Appends to a journal whose disk is full for a while; prints what became of it as JSON.

The limit on file sizes stands in for the full disk: writes beyond it fail in the kernel.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind


def main(folder: str) -> None:
    home = Home(Path(folder))
    home.create()
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal.open(home) as journal:
        journal.append(EventKind.NOTE, "before")
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        for _ in range(500):
            journal.append(EventKind.NOTE, "x" * 2_000)
        problem, waiting = journal.problem, journal.waiting
        generations = [journal.reserve_generation(f"p{number % 3}") for number in range(60)]
        marked = (home.root / "journal.settled").exists()
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        deadline = time.monotonic() + 10
        while journal.waiting and time.monotonic() < deadline:
            time.sleep(0.01)
        seqs = [event.seq for event in journal.read()]
        print(
            json.dumps(
                {
                    "problem": problem,
                    "waiting": waiting,
                    "generations": generations,
                    "marked_while_full": marked,
                    "marked_after": (home.root / "journal.settled").exists(),
                    "problem_after": journal.problem,
                    "gap_free": seqs == list(range(1, 502)),
                }
            )
        )


main(*sys.argv[1:])
