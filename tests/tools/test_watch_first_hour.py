"""The timeline of the first hour says what was seen when, what came too late, and what never came."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
hour: Any = pytest.importorskip("watch_first_hour")
night: Any = pytest.importorskip("night")


def tenants(**statuses: str) -> dict[str, Any]:
    return {name: night.Tenant("main", 1, 1, "running", status) for name, status in statuses.items()}


EARLY = hour.Look(tenants(feed="healthy", models="degraded"), signals=3, of_the_rule=3)
TRAINED = {"why": "nothing has been trained yet: xgboost", "decisions": 900, "results": []}
LATE = hour.Look(
    tenants(feed="healthy", models="healthy"),
    signals=90,
    of_the_rule=3,
    filled=60,
    voting=4,
    trades=50,
    trailing=2,
    trainings=[TRAINED, TRAINED | {"why": "50 trades have closed since the last training"}],
)


def test_each_thing_is_seen_once_at_its_first_moment() -> None:
    """What was there before is not told again, and a plugin that is degraded counts as not healthy for so long."""
    timeline = hour.Timeline(["feed", "models"])
    assert timeline.note(EARLY, 20.0) == ["every plugin healthy or degraded", "a signal of the rule"]
    assert timeline.note(EARLY, 21.0) == []
    assert not timeline.complete
    timeline.note(LATE, 200.0)
    assert (timeline.complete, timeline.wrong()) == (True, [])
    assert timeline.ill_s == {"models": 2.0}


def test_what_is_late_or_missing_is_wrong() -> None:
    """A first training after more than its five minutes, and three voters where four are wanted."""
    timeline = hour.Timeline(["feed", "models"])
    timeline.note(EARLY, 20.0)
    timeline.note(replace(LATE, voting=3), 400.0)
    assert timeline.wrong() == [
        "not seen: a signal with votes of four models",
        "the first training has ended: after 400 s, asked within 360 s",
    ]


def test_a_plugin_without_a_word_is_not_healthy() -> None:
    """No state file is no health."""
    timeline = hour.Timeline(["feed", "models", "policy"])
    assert "every plugin healthy" not in timeline.note(LATE, 30.0)
    assert timeline.ill_s == {"policy": 1.0}
