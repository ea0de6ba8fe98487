"""A writer may be killed at any instant."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("crash_points.py")


@pytest.mark.parametrize(("scenario", "least"), [("journal", 30), ("recovery", 10), ("states", 20)])
def test_nothing_acknowledged_is_lost_at_any_step(scenario: str, least: int, tmp_path: Path) -> None:
    """SIGKILL before each file operation leaves whole records: no gap, no number used twice, old or new file."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), scenario, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    outcome = json.loads(done.stdout)

    assert outcome["faults"] == []
    assert outcome["killed"] >= least
