"""Reports that are kept: found again, compared, set again, and never too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtcore.errors import ConfigurationError
from qtcore.health.model import Status
from qtcore.records.home import Home
from qtcore.report.archive import MOST, Kept, keep, kept_reports, newest_before, prune, surplus, thinned
from qtcore.report.chapters import page_of
from qtcore.report.chapters.difference import page_of_difference
from qtcore.report.difference import difference
from qtcore.report.document import ReportDocument
from qtcore.report.rendering.html import as_html
from qtcore.report.rendering.terminal import as_text
from qtcore.report.stored import find_report, load_report
from qtcore.report.words import Language, Words


def _keep(folder: Path, report: ReportDocument, at: datetime) -> Kept:
    dated = report.model_copy(update={"at": at})
    return keep(folder, at, dated.model_dump_json(by_alias=True).encode(), as_html(page_of(dated)).encode())


@pytest.fixture
def home(tmp_path: Path, report: ReportDocument) -> Home:
    """A home with three reports, an hour from each other."""
    home = Home(tmp_path)
    for hours in (2, 1, 0):
        _keep(home.reports, report, report.at - timedelta(hours=hours))
    return home


def test_what_is_kept_is_private_and_whole(home: Home, report: ReportDocument) -> None:
    """Data and page, readable by the owner alone, and the page is what the data makes."""
    newest = kept_reports(home.reports)[-1]
    assert {path.stat().st_mode & 0o777 for path in (newest.path, newest.page)} == {0o600}
    assert newest.page.read_text(encoding="utf-8") == as_html(page_of(load_report(newest.path)))
    assert load_report(newest.path) == report


def test_the_report_of_a_time(home: Home, report: ReportDocument) -> None:
    """The last one that was there at that time."""
    kept = kept_reports(home.reports)
    assert newest_before(kept, report.at - timedelta(minutes=30)) == kept[1]
    assert find_report(home, "2026-11-23T11:30").at == report.at - timedelta(hours=1)
    assert find_report(home, str(kept[0].path)).at == kept[0].at


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("2026-11-23T01:00", "or before: the oldest is of 2026-11-23T10:00:00"),
        ("yesterday", "neither a file nor a time"),
    ],
)
def test_what_cannot_be_found_is_said(home: Home, name: str, told: str) -> None:
    """One sentence with the cure."""
    with pytest.raises(ConfigurationError, match=told):
        find_report(home, name)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "is no report"),
        ("[]", "is no report"),
        ('{"schema": 1, "scorecard": {}}', "has format 1, this qtcore reads format 2"),
        ('{"schema": 2, "scorecard": {}}', "is no whole report"),
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, content: str, told: str) -> None:
    """Never a traceback."""
    path = tmp_path / "r.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=told):
        load_report(path)


def test_the_oldest_go_and_the_newest_stays(home: Home) -> None:
    """By count, with their pages."""
    assert prune(home.reports, most=1) == 2
    (left,) = kept_reports(home.reports)
    assert sorted(path.name for path in home.reports.iterdir()) == sorted([left.path.name, left.page.name])
    assert prune(home.reports, most_bytes=1) == 0


def test_a_night_of_flapping_leaves_the_days_before(report: ReportDocument) -> None:
    """All of the last two hours, one of each ten minutes of the day, one of each hour before it."""
    kept = [Kept(report.at - timedelta(minutes=each), Path(str(each))) for each in range(14 * 24 * 60, -1, -1)]
    left = thinned(kept)
    ages = [(report.at - item.at) / timedelta(hours=1) for item in left]
    assert sum(age < 2 for age in ages) == 120
    assert sum(2 <= age < 24 for age in ages) - 22 * 6 in {0, 1}  # a slot that two ages share has one of each
    assert sum(age >= 24 for age in ages) - 13 * 24 in {0, 1}
    assert left[-1] is kept[-1]
    assert thinned(left) == left
    assert len(left) <= MOST


@given(st.lists(st.integers(0, 1000), max_size=30), st.integers(1, 20), st.integers(1, 5000))
def test_what_is_left_fits(sizes: list[int], most: int, most_bytes: int) -> None:
    """Whenever more than one is left, both limits hold."""
    kept = [Kept(datetime.min.replace(tzinfo=UTC), Path(str(index))) for index in range(len(sizes))]
    gone = surplus(kept, sizes, most, most_bytes)
    left = sizes[gone:]
    assert len(left) <= 1 or (len(left) <= most and sum(left) <= most_bytes)
    assert bool(left) == bool(sizes)


def test_what_changed_between_two_reports(report: ReportDocument) -> None:
    """Opened, resolved, statuses, scores and settings; nothing where nothing changed."""
    assert difference(report, report).empty
    first = report.components[0]
    line = first.line.model_copy(update={"status": Status.HEALTHY})
    assert report.configuration is not None
    values = report.configuration.values
    later = report.model_copy(
        update={
            "at": report.at + timedelta(hours=1),
            "mode": "live",
            "groups": report.groups[:1],
            "components": (first.model_copy(update={"line": line}), *report.components[1:]),
            "configuration": report.configuration.model_copy(
                update={"values": (values[0].model_copy(update={"value": ["ETH"]}), *values[1:])}
            ),
        }
    )
    changed = difference(report, later)
    assert [finding.code for finding in changed.resolved] == ["QT-FEED-STALE", "QT-MODELS-NO-SIGNALS"]
    assert changed.opened == ()
    assert [(item.name, item.before, item.after) for item in changed.statuses] == [("feed", "degraded", "healthy")]
    assert [(item.name, item.before, item.after) for item in changed.whole] == [("mode", "paper", "live")]
    assert [item.name for item in changed.settings] == ["feed.symbols"]
    text = as_text(page_of_difference(changed, Words.of(Language.NO)))
    assert "HVA SOM ER LØST" in text
    assert "feed  svekket  frisk" in text
    assert difference(later, report).opened == changed.resolved
