"""The original's checker, written anew for comparison: it must be as blind and as loud as it was."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from benchmarks.seed_checker import Look, Verdict, answer, check, summary

NOW_S = 1_800_000_000.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home in which everything was written just now, and every plugin runs."""
    (tmp_path / "state").mkdir()
    (tmp_path / "logs").mkdir()
    (tmp_path / "quantum.db").touch()
    (tmp_path / "logs" / "host-main.jsonl").touch()
    for name in ("exchange", "executor", "policy", "risk_guard", "universe", "position_monitor"):
        (tmp_path / "state" / f"{name}.json").write_text(
            json.dumps({"lifecycle": "running", "since": "2026-01-01T00:00Z"})
        )
    for path in tmp_path.rglob("*"):
        _aged(path, 1)
    return tmp_path


def _aged(path: Path, age_s: float) -> None:
    os.utime(path, (NOW_S - age_s, NOW_S - age_s))


def test_what_is_missing_is_unknown_and_not_counted(home: Path) -> None:
    """Three modules without a file: the summary holds ten of thirteen."""
    verdicts = check(home, NOW_S)
    assert len(verdicts) == 13
    assert [name for name, word in verdicts.items() if word is Verdict.UNKNOWN] == [
        "portfolio_balancer", "model_supervisor", "retraining_orchestrator",
    ]  # fmt: skip
    assert summary(verdicts) == "healthy 10, degraded 0, critical 0, failed 0 (and 3 of 13 unknown, not counted)"


def test_one_old_file_is_two_stale_parts(home: Path) -> None:
    """The snapshot is written once at start; its age is called that of the data and of the universe."""
    snapshot = home / "universe_snapshot.json"
    snapshot.touch()
    _aged(snapshot, 29_929)
    verdicts = check(home, NOW_S)
    assert (verdicts["data_feed"], verdicts["universe_os"]) == (Verdict.DEGRADED, Verdict.CRITICAL)


def test_the_clock_is_the_same_for_all_and_the_path_fixed(home: Path) -> None:
    """300 s and 3600 s for modules, 60 s and 300 s for the executor; a database elsewhere is a missing one."""
    for age_s, executor, policy in (
        (59, "healthy", "healthy"),
        (299, "degraded", "healthy"),
        (3601, "critical", "critical"),
    ):
        for name in ("executor", "policy"):
            _aged(home / "state" / f"{name}.json", age_s)
        verdicts = check(home, NOW_S)
        assert (verdicts["event_executor"].value, verdicts["orchestrator"].value) == (executor, policy)
    (home / "quantum.db").unlink()
    assert check(home, NOW_S)["database"] is Verdict.CRITICAL


def test_a_plugin_that_is_down_wrote_its_file_for_the_last_time_then(home: Path) -> None:
    """Ours goes on being written by the supervisor; the original's would not have been."""
    (home / "state" / "policy.json").write_text(
        json.dumps({"lifecycle": "backoff", "since": "2026-01-01T00:00:00+00:00"})
    )
    assert check(home, NOW_S)["orchestrator"] is Verdict.CRITICAL


def test_its_answer_is_what_turned_bad_after_the_fault(home: Path) -> None:
    """What had been bad before is no detection; the gravest counts as named first."""
    good = check(home, NOW_S)
    bad = {**good, "logging": Verdict.DEGRADED}
    worse = {**bad, "risk_guard": Verdict.CRITICAL}
    looks = [Look(1, home, good), Look(5, home, bad), Look(10, home, bad), Look(15, home, worse)]
    found = answer(looks, 6, 20, "risk_guard")
    assert (found.after_s, found.named_s, found.turned, found.cause_first) == (9, 9, ("risk_guard",), True)
    assert found.wrong == ("logging",)
    assert answer(looks, 16, 20, "risk_guard").after_s is None
