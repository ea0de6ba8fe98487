"""Reports that the supervisor has written beside itself, with real processes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from qtcore.health.model import Status
from qtcore.records.home import Home
from qtcore.report import schedule
from qtcore.supervisor import reporting
from qtcore.supervisor.reporting import ReportKeeper

WITHIN_S = 30.0


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits to settle, so that no test waits."""
    monkeypatch.setattr(schedule, "SETTLE_S", 0.0)
    monkeypatch.setattr(reporting, "PERIOD_S", 0.01)


async def _until(keeper: ReportKeeper, seen: Callable[[], bool]) -> None:
    with anyio.fail_after(WITHIN_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keeper.run)
            while not seen():  # noqa: ASYNC110 - files and lists signal nothing
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()


@pytest.mark.anyio
async def test_a_report_is_written(tmp_path: Path) -> None:
    """Data and page, by the real program, on a home where nothing has run."""
    home = Home(tmp_path)
    keeper = ReportKeeper(home, 3600.0, lambda: Status.HEALTHY, [].append)
    await _until(keeper, lambda: len(list(home.reports.glob("*.json"))) == 1)
    assert keeper.problem is None
    assert len(list(home.reports.glob("*.html"))) == 1


@pytest.mark.anyio
async def test_one_that_fails_is_a_problem_with_its_reason(tmp_path: Path) -> None:
    """The last line that it said is the reason, kept in the journal, too."""
    told: list[str] = []
    failing = [sys.executable, "-c", "import sys; sys.exit('the disk is full')"]
    keeper = ReportKeeper(Home(tmp_path), 3600.0, lambda: Status.HEALTHY, told.append, failing)
    await _until(keeper, lambda: bool(told))
    assert keeper.problem == "the disk is full"
    assert told == ["a report was due (the whole is healthy) and was not written: the disk is full"]


@pytest.mark.anyio
async def test_one_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is killed at its deadline; the leak check of every test sees that it is gone."""
    monkeypatch.setattr(reporting, "DEADLINE_S", 0.2)
    told: list[str] = []
    hanging = [sys.executable, "-c", "import time; time.sleep(600)"]
    keeper = ReportKeeper(Home(tmp_path), 3600.0, lambda: Status.HEALTHY, told.append, hanging)
    await _until(keeper, lambda: bool(told))
    assert keeper.problem is not None
    assert "did not end within" in keeper.problem


@pytest.mark.anyio
async def test_a_supervisor_that_stops_takes_the_child_along(tmp_path: Path) -> None:
    """Cancelled while one is being written: nothing is left behind."""
    mark = tmp_path / "begun"
    slow = [sys.executable, "-c", f"import pathlib, time; pathlib.Path({str(mark)!r}).touch(); time.sleep(600)"]
    await _until(ReportKeeper(Home(tmp_path), 3600.0, lambda: Status.HEALTHY, [].append, slow), mark.exists)
