"""Appends to a journal until killed; says on standard output what it considers recorded.

`journal_writer.py HOME SEED`: lines `e SEQ` and `g GENERATION`.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind


def main(folder: str, seed: str) -> None:
    home, dice = Home(Path(folder)), random.Random(seed)
    home.create()
    with Journal.open(home) as journal:
        while True:
            if dice.random() < 0.1:
                line = f"g {journal.reserve_generation('feed')}\n"
            else:
                text = "x" * dice.choice((1, 100, 5_000))
                line = f"e {journal.append(EventKind.NOTE, text, details={'n': 1}).seq}\n"
            os.write(1, line.encode())


main(*sys.argv[1:])
