"""A few runs of the kill matrix, carried out by the tool that a person runs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hurt_the_night import KEY, SECRET, books, wrong
from kill_matrix import table
from matrix_plan import FAULTS, HOLDING, TARGETS, Step, cells
from matrix_runs import Matrix, matrix_night
from outside import Venue

SEED = 7
RUNS = 6


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_nothing_is_lost_or_doubled_by_a_kill_in_the_middle_of_an_order(tmp_path: Path) -> None:
    """Drawn kills at drawn steps under drawn faults: nothing is lost or doubled, and no position is bare."""
    night = matrix_night(tmp_path, SEED)
    night.begin()
    try:
        matrix = Matrix(night, Venue(night.venue, KEY, SECRET))
        runs = [matrix.run(cell) for cell in cells(SEED, RUNS)]
        verdict = wrong(books(night))
    finally:
        code = night.end()
    assert [run.line() for run in runs if run.harm.any] == []
    assert any(run.hit for run in runs), table(runs)
    assert verdict == []
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
