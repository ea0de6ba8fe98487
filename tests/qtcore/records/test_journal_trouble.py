"""The journal when the disk or the file itself is in trouble."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from qtcore.errors import EnvironmentRefused, RecordsDamaged
from qtcore.records import journal_schema
from qtcore.records.backlog import Backlog
from qtcore.records.clock import instant_now
from qtcore.records.generations import UNSETTLED_MARGIN
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.records.journal_reader import JournalReader
from qtcore.records.recovery import open_or_recover
from qtcore.records.state_files import StateFiles

from .crash_points import state


def filled(home: Home, events: int = 200) -> None:
    """A journal with something in it."""
    with Journal.open(home) as journal:
        for _ in range(events):
            journal.append(EventKind.NOTE, "something long enough to fill pages " * 5)
            journal.reserve_generation("feed")


# --- a disk that takes no writes ----------------------------------------------------------------


def test_a_full_disk_costs_nothing_once_there_is_room(tmp_path: Path) -> None:
    """Events wait in memory and are written later; `problem` says why; a generation can still be reserved."""
    program = Path(__file__).with_name("full_disk.py")
    done = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "var")], capture_output=True, text=True, check=True, timeout=30
    )
    outcome = json.loads(done.stdout)

    assert "takes no writes" in outcome["problem"]
    assert "free space" in outcome["problem"]
    assert outcome["waiting"] > 0
    assert outcome["gap_free"]
    assert outcome["problem_after"] is None
    assert outcome["generations"] == [1 + number // 3 for number in range(60)]
    assert (outcome["marked_while_full"], outcome["marked_after"]) == (False, True)


def test_somebody_elses_lock_makes_events_wait_instead_of_the_supervisor(home: Home) -> None:
    """A person with a database shell open cannot stop supervision."""
    with Journal.open(home) as journal, closing(sqlite3.connect(home.journal, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        journal.append(EventKind.NOTE, "waits")
        assert journal.waiting == 1
        shell.execute("ROLLBACK")
        journal.append(EventKind.NOTE, "goes on")
        assert [event.reason for event in journal.read()] == ["waits", "goes on"]
        assert journal.problem is None


def test_generations_that_went_ahead_of_the_disk_are_never_used_again(home: Home) -> None:
    """A run that could not write its reservations down makes the next one skip far ahead."""
    journal = Journal.open(home)
    journal.reserve_generation("feed")
    with closing(sqlite3.connect(home.journal, isolation_level=None)) as shell:
        shell.execute("BEGIN IMMEDIATE")
        ahead = [journal.reserve_generation("feed") for _ in range(3)]
        journal.close()  # as if killed: the lock is still held, nothing could be written

    with Journal.open(home) as following:
        assert ahead == [2, 3, 4]
        assert following.reserve_generation("feed") > 4
        assert following.last_generations(["models"])["models"] >= UNSETTLED_MARGIN
    with Journal.open(home) as third:
        assert third.reserve_generation("models") > UNSETTLED_MARGIN


def test_when_memory_runs_out_too_the_gap_is_filled_with_notes() -> None:
    """The oldest waiting events go first; each leaves a note, so that no seq is missing."""
    backlog = Backlog(limit=3)
    for seq in range(1, 8):
        backlog.add(JournalEvent(seq=seq, at=instant_now(), kind=EventKind.HEALING, reason="r"))

    assert len(backlog) == 7
    first = backlog.first(5)
    assert [event.seq for event in first] == [1, 2, 3, 4, 5]
    assert [event.kind for event in first] == [EventKind.NOTE] * 4 + [EventKind.HEALING]
    backlog.written(2)
    assert [event.seq for event in backlog.first(10)] == [3, 4, 5, 6, 7]
    backlog.written(5)
    assert len(backlog) == 0


# --- a file that is not what it should be -------------------------------------------------------


def truncate(path: Path) -> None:
    """Half of the file is gone."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def scribble(path: Path) -> None:
    """A page in the middle holds something else."""
    with path.open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xff" * 4096)


def lose_an_event(path: Path) -> None:
    """An event in the middle was deleted."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM events WHERE seq = 20")


@pytest.mark.parametrize("damage", [truncate, scribble, lose_an_event])
def test_a_damaged_journal_is_moved_aside_and_counting_goes_on(home: Home, damage) -> None:  # type: ignore[no-untyped-def]
    """One sentence says what, where and what to do; nothing is deleted; no number is used twice."""
    filled(home)
    damage(home.journal)

    with pytest.raises(RecordsDamaged) as caught:
        Journal.open(home)
    assert str(home.journal) in str(caught.value)
    assert "moves it aside" in str(caught.value)

    with open_or_recover(home) as (journal, recovered):
        assert recovered is not None
        assert "moved to journal.db.damaged-" in recovered
        assert journal.read()[0].reason == recovered
        assert journal.last_seq > 200
        assert journal.reserve_generation("feed") > 200
        assert journal.reserve_generation("models") > 200
    assert len(list(home.root.glob("journal.db.damaged-*Z"))) == 1
    with open_or_recover(home) as (_, again):
        assert again is None


def test_an_empty_file_in_the_journals_place_is_not_taken_for_a_fresh_home(home: Home) -> None:
    """State files remember how far the counting had come."""
    filled(home, 20)
    StateFiles(home.state).publish(state(900))
    home.journal.write_bytes(b"")

    with open_or_recover(home) as (journal, recovered):
        assert recovered is not None
        assert journal.reserve_generation("feed") > 900


def test_a_deleted_journal_lets_no_number_come_twice(home: Home) -> None:
    """What the state files saw is the floor."""
    filled(home, 20)
    StateFiles(home.state).publish(state(900))
    home.journal.unlink()

    with Journal.open(home) as journal:
        assert journal.reserve_generation("feed") > 900
        assert journal.append(EventKind.NOTE, "n").seq > 900


def text(path: Path) -> None:
    """Some text."""
    path.write_text("dear diary, today nothing happened\n" * 100)


def other_database(path: Path) -> None:
    """Another program's database."""
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE events (name TEXT)")
        connection.commit()


def newer(path: Path) -> None:
    """A journal of a later format."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("put_there", "sentence"),
    [(text, "is no database"), (other_database, "some other program's"), (newer, "newer qtcore")],
)
def test_a_foreign_file_is_refused_and_left_alone(home: Home, put_there, sentence: str) -> None:  # type: ignore[no-untyped-def]
    """What is not ours is not ours to move: one sentence, with the cure."""
    filled(home, 3)
    put_there(home.journal)
    content = home.journal.read_bytes()

    with pytest.raises(RecordsDamaged, match=sentence) as caught, open_or_recover(home):
        pass
    assert "choose another folder with --home" in str(caught.value)
    with pytest.raises(RecordsDamaged, match=sentence):
        JournalReader.open(home.journal)
    assert home.journal.read_bytes() == content


def test_a_locked_journal_is_refused_with_the_cure(home: Home) -> None:
    """Another program that holds the file is named as the likely reason; nothing is called damaged."""
    filled(home, 3)
    with closing(sqlite3.connect(home.journal, isolation_level=None)) as shell:
        shell.execute("PRAGMA locking_mode = EXCLUSIVE")
        shell.execute("BEGIN EXCLUSIVE")
        shell.execute("SELECT count(*) FROM events").fetchone()
        with pytest.raises(EnvironmentRefused, match="end the program that has it open"):
            Journal.open(home)


def test_an_older_format_is_upgraded_after_a_copy(home: Home) -> None:
    """The copy holds everything as it was; the journal has the new format."""
    filled(home, 5)
    with closing(journal_schema.connect(home.journal)) as connection:
        copy = journal_schema.upgrade(
            connection, home.journal, 1, target=2, upgrades={1: "ALTER TABLE events ADD COLUMN mood TEXT"}
        )
        assert journal_schema.pragma(connection, "user_version") == 2
        connection.execute("SELECT mood FROM events")

    assert copy is not None
    with JournalReader.open(copy) as reader:
        assert len(reader.read()) == 5


def test_a_leftover_log_never_gets_into_a_new_journal(home: Home) -> None:
    """A log whose database is gone belongs to the damaged journal, not to the next one."""
    journal = Journal.open(home)
    journal.append(EventKind.NOTE, "old")
    wal = home.root / "journal.db-wal"
    shutil.copy(wal, home.root / "kept")
    journal.close()
    home.journal.rename(home.root / "journal.db.damaged-20260101T000000.000000Z")
    (home.root / "kept").rename(wal)

    with Journal.open(home) as fresh:
        assert fresh.read() == []
    assert (home.root / "journal.db.damaged-20260101T000000.000000Z-wal").exists()
