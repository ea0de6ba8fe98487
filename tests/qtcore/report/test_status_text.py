"""The screen of `qt status`."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from qtcore.health.model import Status
from qtcore.health.whole import counts
from qtcore.report import status_text as status_text_module
from qtcore.report.document import ReportDocument
from qtcore.report.durations import duration
from qtcore.report.status_document import OverallLine, PluginLine, StatusDocument, SupervisorLine, add_up
from qtcore.report.status_text import status_text

SCREEN = """\
MODE PAPER · posture normal · degraded 75/100
supervisor 7, up 1 h 1 min · 3 plugins: 1 degraded, 1 healthy, 1 off

PLUGIN  STATUS    LIFECYCLE  FOR    HOST  PID  GEN  RESTARTS  SUMMARY
feed    degraded  running    7 min  main  42   3    2         QT-FEED-STALE; 1 of 5 streams stale
guard   healthy   running    7 min  main  42   3    2         limits | kept
notify  off       disabled   7 min  -     -    3    2         disabled in plugins.yaml"""


def test_screen(report: ReportDocument, lines: tuple[PluginLine, ...]) -> None:
    """Banner, counts that add up, one row per plugin."""
    document = StatusDocument(
        schema=1,
        at=report.at,
        mode="paper",
        posture="normal",
        running=True,
        supervisor=SupervisorLine(pid=7, since=report.at - timedelta(minutes=61)),
        overall=OverallLine(status=report.status, score=75),
        counts={Status.DEGRADED: 1, Status.HEALTHY: 1, Status.OFF: 1},
        plugins=lines,
    )
    assert status_text(document.model_dump(mode="json", by_alias=True)) == SCREEN


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_narrow_screen(
    report: ReportDocument, lines: tuple[PluginLine, ...], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    """No line is wider than the terminal, and name, status and what is the matter stay."""
    plugins = [line.model_copy(update={"host": "exchange", "pid": 1234567, "restarts": 12}) for line in lines]
    findings = ("QT-JOURNAL-UNWRITABLE", "QT-TELEMETRY-UNSENT")
    document = StatusDocument(
        schema=1,
        at=report.at,
        mode="paper",
        posture="normal",
        running=True,
        supervisor=SupervisorLine(pid=7, since=report.at - timedelta(minutes=61), findings=findings),
        overall=OverallLine(status=report.status, score=75),
        counts=counts(line.status for line in plugins),
        plugins=tuple(plugins),
    )
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("sys.stdout", Screen())
    shown = status_text(document.model_dump(mode="json", by_alias=True)).splitlines()
    assert max(map(len, shown)) <= columns
    assert any(line.startswith("feed") and "degraded" in line and "QT-FEED-STALE; 1 of" in line for line in shown)
    assert ("PID" in "".join(shown)) == (columns > 80)


def test_worst_first_is_the_order_of_status() -> None:
    """The order written out for speed is the order that `Status` declares."""
    assert tuple(Status) == status_text_module._WORST_FIRST


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (3600, "1 h"), (3700, "1 h 1 min"), (90000, "1 d 1 h"), (-5, "0 s")],
)
def test_durations(seconds: float, text: str) -> None:
    """Durations have at most two units."""
    assert duration(seconds) == text


def test_counts_that_do_not_add_up_are_no_document() -> None:
    """What is counted is what is listed, status by status; another sum is refused, whoever wrote it."""
    listed = [Status.HEALTHY, Status.OFF]
    add_up(counts(listed), listed)
    with pytest.raises(ValueError, match="the counts say 1 degraded, and 0 are listed"):
        add_up(counts(listed) | {Status.DEGRADED: 1}, listed)
