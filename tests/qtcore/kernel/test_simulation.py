"""Many lives of random systems in virtual time; every step keeps every promise, and each seed replays exactly."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.qtcore.kernel.simulation import Weather, simulate

STORM = Weather(mean_fault_s=6.0, raises=0.2, deaf=0.2, never_ready=0.1, unkillable=0.1)
REPLAY = "from tests.qtcore.kernel.simulation import simulate; print(simulate(5, 0.2).trace)"


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_hours_of_ordinary_trouble(first: int) -> None:
    """A fault a minute for hours: then everything comes back by itself, and stops when asked."""
    for seed in range(first, first + 10):
        simulate(seed, hours=0.5)


def test_a_storm_of_faults() -> None:
    """A fault every few seconds, on top of starts that fail, tasks that are deaf and processes that do not die."""
    for seed in range(100, 125):
        simulate(seed, hours=0.15, weather=STORM)


def test_a_seed_replays_exactly_in_another_process() -> None:
    """Also under another hash seed: nothing depends on the order of a set."""
    traces = {
        subprocess.run(
            [sys.executable, "-c", REPLAY],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert traces == {simulate(5, 0.2).trace + "\n"}
