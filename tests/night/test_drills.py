"""A few drills of `drills.yaml` with the twin of their system, carried out by the command that a person runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qtcore.drills.results import DrillRun

ROOT = Path(__file__).parents[2]
SAMPLE = ("A1", "D10", "F7")
"""A contradiction that must not start, a source that falls silent, and a position whose stop is taken away."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_sample_of_the_drills_passes(tmp_path: Path) -> None:
    """Found, named first, handled as the catalogue says, over, without harm; and the twin is quiet."""
    done = subprocess.run(
        [sys.executable, "-m", "qtcore.cli.main", "drill", "run", *SAMPLE, "--json", "--keep", str(tmp_path / "kept")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )
    run = DrillRun.model_validate_json(done.stdout)
    assert {one.id: one.faults for one in run.drills if not one.passed} == {}
    assert [twin for twin in run.twins if not twin.passed] == []
    assert sum(run.figures.harm.values()) == 0
    assert done.returncode == 0
