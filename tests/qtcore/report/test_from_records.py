"""The status of a system that nobody watches any more."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from qtcore.health.model import Status
from qtcore.kernel.words import Lifecycle
from qtcore.records.clock import instant_now
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.records.state_file import StateFile
from qtcore.records.state_files import StateFiles
from qtcore.report.dead_status import Moment, dead_status
from qtcore.report.from_records import remember, status_from_records
from qtcore.report.gather import gather
from qtcore.report.status_text import status_text


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home as a killed supervisor leaves it: one plugin was healthy, one was stopped."""
    home = Home(tmp_path / "var")
    home.create()
    with Journal.open(home) as journal:
        journal.append(
            EventKind.SUPERVISOR_STARTED, "begins", details={"pid": 1, "mode": "paper", "application": "Test"}
        )
        journal.append(EventKind.POSTURE_CHANGED, "posture reduce_only", details={"level": "reduce_only"})
    files = StateFiles(home.state)
    files.publish(_state("feed", Lifecycle.RUNNING, Status.HEALTHY))
    files.publish(_state("notify", Lifecycle.STOPPED, Status.OFF))
    return home


def _state(plugin: str, lifecycle: Lifecycle, status: Status) -> StateFile:
    now = instant_now()
    return StateFile(
        plugin=plugin,
        journal_seq=1,
        generation=1,
        lifecycle=lifecycle,
        status=status,
        summary="all well",
        reason="because",
        since=datetime.now(UTC),
        produced_at=now,
        valid_until=now.later(60),
    )


def test_nothing_is_better_than_unknown(home: Home) -> None:
    """A file that would still be valid counts for nothing once its supervisor is gone; off stays off."""
    document = status_from_records(home)
    assert not document.running
    assert {line.name: line.status for line in document.plugins} == {"feed": Status.UNKNOWN, "notify": Status.OFF}
    assert document.overall.status is Status.UNKNOWN
    assert (document.mode, document.posture) == ("paper", "reduce_only")
    assert sum(document.counts.values()) == len(document.plugins)


@pytest.mark.parametrize("later_s", [0.0, 1000.0])
def test_the_quick_reading_says_the_same(home: Home, later_s: float) -> None:
    """Reading the records without validating them gives the same document, fresh or long expired."""
    with home.lock():
        assert dead_status(home.root) is None
    now = instant_now().later(later_s)
    full = status_from_records(home, now).model_dump(mode="json", by_alias=True)
    assert dead_status(home.root, Moment(now.wall, now.boot_id, now.monotonic_s)) == full
    other_boot = now.model_copy(update={"boot_id": "another"})
    full = status_from_records(home, other_boot).model_dump(mode="json", by_alias=True)
    assert dead_status(home.root, Moment(now.wall, "another", now.monotonic_s)) == full


@pytest.mark.parametrize("damage", ["state", "journal", "foreign", "version", "nothing"])
def test_the_quick_reading_leaves_what_is_odd_to_the_full_one(home: Home, damage: str) -> None:
    """It is silent about records that are torn, foreign or absent."""
    with home.lock():
        pass
    match damage:
        case "state":
            (home.state / "feed.json").write_text('{"plugin": "feed"')
        case "journal":
            home.journal.write_bytes(b"this is no database, whatever its name says" * 100)
        case "foreign":
            (home.state / "readme.txt").write_text("hello")
        case "version":
            text = (home.state / "feed.json").read_text()
            (home.state / "feed.json").write_text(text.replace('"schema_version": 1', '"schema_version": 99'))
        case _:
            home.lock_path.unlink()
    assert dead_status(home.root) is None


def test_damaged_records_are_told_not_raised(home: Home) -> None:
    """A torn state file is a row with a sentence; a foreign journal is a sentence in the report."""
    (home.state / "feed.json").write_text('{"plugin": "feed"')
    home.journal.write_bytes(b"this is no database, whatever its name says" * 100)
    document = status_from_records(home)
    assert "is not a state file" in next(line.summary for line in document.plugins if line.name == "feed")
    assert remember(home).damage
    assert len(gather(home, 24).damage) == 2


def test_an_unused_home_says_so(tmp_path: Path) -> None:
    """A home without records is not an empty table."""
    document = status_from_records(Home(tmp_path / "nowhere")).model_dump(mode="json", by_alias=True)
    assert status_text(document) == "NOT RUNNING: no supervisor has run on this home yet; start one with `qt up`"


def test_a_run_that_did_not_end_in_order_is_a_finding(home: Home) -> None:
    """The death of the supervisor is the first thing the report tells."""
    assert [finding.code for finding in gather(home, 24).findings] == ["QT-SUPERVISOR-DIED"]
