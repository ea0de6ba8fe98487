"""A few runs of the kill matrix, carried out by the tool that a person runs."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hurt_the_night import KEY, SECRET, books, wrong
from kill_matrix import table
from matrix_plan import FAULTS, HOLDING, TARGETS, Step, cells
from matrix_runs import Matrix, matrix_night

from plugins.drills.order_harm import judged_symbol
from plugins.drills.outside import Venue, read_rows

SEED = 7
RUNS = 6


def tampered(home: Path, folder: Path, file: str, statement: str) -> Path:
    """A copy of the two files in which one was changed; the home that holds them."""
    folder.mkdir()
    for name in ("exchange.db", "quantum.db"):
        with closing(sqlite3.connect(home / name)) as source, closing(sqlite3.connect(folder / name)) as copy:
            source.backup(copy)
            if name == file:
                copy.execute("PRAGMA foreign_keys = OFF")
                copy.execute(statement)
                copy.commit()
    return folder


TAMPERINGS = {
    "no intent of it": ("exchange.db", "DELETE FROM intents WHERE purpose = 'entry' AND state = 'filled'"),
    "what became of": ("exchange.db", "UPDATE intents SET state = 'unknown' WHERE purpose = 'entry'"),
    "the venue executed": ("exchange.db", "UPDATE intents SET quantity = '0.0000001' WHERE state = 'filled'"),
    "exchange.db says 0": ("exchange.db", "UPDATE intents SET filled_quantity = '0' WHERE state = 'filled'"),
    "has no outcome": ("quantum.db", "UPDATE signals SET outcome_code = NULL WHERE outcome_code = 'filled'"),
    "ended as expired": ("quantum.db", "UPDATE signals SET outcome_code = 'expired' WHERE outcome_code = 'filled'"),
}
"""What the judge must say, and the change of a file that makes it so."""


def unseen(venue: Venue, home: Path, folder: Path) -> list[str]:
    """Tamperings that the judge did not find."""
    symbol = read_rows(home / "exchange.db", "fills")[0]["symbol"]
    missed = []
    for number, (said, (file, statement)) in enumerate(TAMPERINGS.items()):
        copy = tampered(home, folder / f"copy{number}", file, statement)
        if not any(said in one for one in judged_symbol(venue, copy, symbol).sentences()):
            missed.append(said)
    return missed


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_nothing_is_lost_or_doubled_by_a_kill_in_the_middle_of_an_order(tmp_path: Path) -> None:
    """Drawn kills at drawn steps under drawn faults: nothing is lost or doubled, and no position is bare."""
    night = matrix_night(tmp_path, SEED)
    night.begin()
    try:
        venue = Venue(night.venue, KEY, SECRET)
        matrix = Matrix(night, venue)
        runs = [matrix.run(cell) for cell in cells(SEED, RUNS)]
        verdict = wrong(books(night))
        missed = unseen(venue, night.home, tmp_path)
    finally:
        code = night.end()
    assert [run.line() for run in runs if run.harm.any] == []
    assert any(run.hit for run in runs), table(runs)
    assert verdict == []
    assert missed == [], "the judge must see what was tampered with"
    assert code == 0


def test_a_plan_has_every_pair_and_every_possible_fault_equally_often() -> None:
    """Two rounds: each pair of target and step twice; the same seed draws the same plan."""
    pairs = len(TARGETS) * len(Step)
    plan = list(cells(3, 2 * pairs))
    assert set(Counter((cell.target, cell.step) for cell in plan).values()) == {2}
    faults = Counter(cell.fault for cell in plan)
    assert faults.keys() == FAULTS.keys()
    assert max(faults.values()) - min(faults.values()) <= 2
    assert all(cell.step in HOLDING for cell in plan if cell.fault in ("deleveraging", "liquidation"))
    again = cells(3, 2 * pairs)
    assert [(c.target, c.step, c.fault, c.delay_s) for c in plan] == [
        (c.target, c.step, c.fault, c.delay_s) for c in again
    ]
