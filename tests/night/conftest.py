"""Whole nights in real processes; the tools that hurt and judge them are those that a person runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TOOLS = str(Path(__file__).resolve().parents[2] / "tools")
if TOOLS not in sys.path:
    sys.path.insert(0, TOOLS)

from night import DRILLS, Night  # noqa: E402 - found by the line above

Begin = Callable[..., Night]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    """`begin(market=…, speed=…)` starts a night and returns it; it is stopped in order after the test."""
    nights: list[Night] = []

    def start(*options: str, market: str, speed: str, drills: bool = False) -> Night:
        folder = tmp_path / f"night{len(nights)}"
        night = Night(folder, market=market, speed=speed, drills=DRILLS if drills else None, judged=drills)
        nights.append(night)
        night.begin(*options)
        return night

    yield start
    for night in nights:
        night.end()
