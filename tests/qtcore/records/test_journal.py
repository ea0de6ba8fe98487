"""The journal: order, counting, previous runs, durability."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtcore.documents import Instant
from qtcore.errors import EnvironmentRefused
from qtcore.kernel.words import Cause
from qtcore.records.clock import instant_now
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.records.journal_reader import JournalReader
from qtcore.records.journal_retention import Retention, used_bytes

WRITER = Path(__file__).with_name("journal_writer.py")


def wait_until(holds: Callable[[], bool], within_s: float = 5.0) -> None:
    """Look at something another thread does until it holds."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        os.sched_yield()


def test_an_event_is_read_back_as_it_was_written(home: Home) -> None:
    """Every field survives, whatever text it holds."""
    with Journal.open(home) as journal:
        written = journal.append(
            EventKind.TRANSITION,
            "broke: \ud800 ünïcode",
            plugin="feed",
            host="data",
            generation=3,
            cause=Cause.SIGNAL,
            details={"stack": ["a", "\udfff"], "big": 10**30},
            trace_id="ab" * 16,
        )

        assert journal.read() == [written]
        assert written.reason == "broke: \\ud800 ünïcode"


def test_seqs_have_no_gap_over_runs(home: Home) -> None:
    """A later run goes on where the one before ended."""
    for _ in range(3):
        with Journal.open(home) as journal:
            for _ in range(4):
                journal.append(EventKind.NOTE, "n")

    with JournalReader.open(home.journal) as reader:
        assert [event.seq for event in reader.read()] == list(range(1, 13))


def test_reading_is_narrowed_by_plugin_kind_trace_and_place(home: Home) -> None:
    """Filters combine; `newest` takes the end, else the beginning."""
    with Journal.open(home) as journal:
        for number in range(10):
            kind = EventKind.NOTE if number % 2 else EventKind.HEALING
            journal.append(kind, str(number), plugin="feed" if number < 6 else "models", trace_id=f"{number:032x}")

        assert [e.reason for e in journal.read(plugin="feed", kinds=[EventKind.NOTE])] == ["1", "3", "5"]
        assert [e.reason for e in journal.read(since_seq=7, limit=2)] == ["7", "8"]
        assert [e.reason for e in journal.read(limit=2, newest=True)] == ["8", "9"]
        assert [e.reason for e in journal.read(trace_id=f"{4:032x}")] == ["4"]


def test_a_reader_sees_events_while_the_writer_runs(home: Home) -> None:
    """`qt events` reads beside a living supervisor."""
    with Journal.open(home) as journal, JournalReader.open(home.journal) as reader:
        journal.append(EventKind.NOTE, "first")
        assert [event.reason for event in reader.read()] == ["first"]
        journal.append(EventKind.NOTE, "second")
        assert [event.reason for event in reader.read(since_seq=1)] == ["second"]


def test_without_a_journal_a_reader_is_told_what_to_do(home: Home) -> None:
    """No supervisor has run on this home yet."""
    with pytest.raises(EnvironmentRefused, match="no supervisor has run on this home yet"):
        JournalReader.open(home.journal)


def test_appending_does_not_hold_up_a_loop(home: Home) -> None:
    """Half of the appends take less than a millisecond, also while the log is folded and old events go."""
    retention = Retention(max_bytes=400_000, keep_events=100)
    with Journal.open(home, retention=retention) as journal:
        took = []
        for _ in range(3_000):
            start = time.perf_counter()
            journal.append(EventKind.NOTE, "x" * 400)
            took.append(time.perf_counter() - start)

    assert sorted(took)[len(took) // 2] < 0.001


# --- generations --------------------------------------------------------------------------------


def test_generations_only_grow(home: Home) -> None:
    """Each reservation is later than all before it, over runs and per plugin."""
    with Journal.open(home) as journal:
        assert [journal.reserve_generation("feed") for _ in range(2)] == [1, 2]
        assert journal.reserve_generation("feed", 7) == 7
    with Journal.open(home) as journal:
        assert journal.last_generations(["feed", "models"]) == {"feed": 7, "models": 0}
        assert journal.reserve_generation("feed") == 8


def test_a_generation_cannot_be_reserved_twice(home: Home) -> None:
    """Asking for a number that is not later is a defect of the caller."""
    with Journal.open(home) as journal:
        journal.reserve_generation("feed", 5)
        with pytest.raises(ValueError, match="generation 5 of feed is not later than 5"):
            journal.reserve_generation("feed", 5)


def test_reserving_does_not_wait_for_the_disk(home: Home) -> None:
    """Room above the last generation is durable ahead of need, and is renewed before it is used up."""
    with Journal.open(home) as journal:
        journal.last_generations(["feed"])
        durable = journal.durable_generation("feed")
        assert durable > 10
        for expected in range(1, 200):
            assert journal.reserve_generation("feed") == expected
            assert journal.durable_generation("feed") >= expected
        wait_until(lambda: journal.durable_generation("feed") > 210)


def test_after_a_loss_of_power_counting_goes_on_above_what_may_have_been_used(home: Home) -> None:
    """In another boot the reservations that were only written count for nothing; the durable room does."""
    with Journal.open(home) as journal:
        journal.last_generations(["feed"])
        journal.reserve_generation("feed")
        as_it_was = {path: path.read_bytes() for path in home.root.glob("journal.db*")}
    for path, content in as_it_was.items():
        path.write_bytes(content)
    after_reboot = instant_now().model_copy(update={"boot_id": "another"})

    with Journal.open(home, now=lambda: after_reboot) as journal:
        assert journal.reserve_generation("feed") > 10


def test_after_an_orderly_stop_a_reboot_skips_nothing(home: Home) -> None:
    """Numbers that people see stay small."""
    with Journal.open(home) as journal:
        journal.reserve_generation("feed")
    after_reboot = instant_now().model_copy(update={"boot_id": "another"})

    with Journal.open(home, now=lambda: after_reboot) as journal:
        assert journal.reserve_generation("feed") == 2


# --- how the run before ended -------------------------------------------------------------------


def run_once(home: Home, *, in_order: bool) -> Journal:
    """One run's first and perhaps last event."""
    with Journal.open(home) as journal:
        journal.append(EventKind.SUPERVISOR_STARTED, "begins")
        if in_order:
            journal.append(EventKind.SUPERVISOR_STOPPED, "stopped")
    return journal


def test_a_fresh_home_has_no_previous_run(home: Home) -> None:
    """Nothing is made up."""
    with Journal.open(home) as journal:
        assert journal.previous_run is None
        assert journal.recent_bad_starts == 0


@pytest.mark.parametrize("in_order", [True, False])
def test_the_previous_run_is_known_to_have_ended_in_order_or_not(home: Home, in_order: bool) -> None:
    """Only a recorded stop counts as one."""
    run_once(home, in_order=in_order)

    with Journal.open(home) as journal:
        assert journal.previous_run is not None
        assert journal.previous_run.ended_in_order is in_order
        assert journal.previous_run.started is not None


def test_bad_starts_are_counted_within_five_minutes(home: Home) -> None:
    """Runs that stopped in order, or began long ago, do not make a boot loop."""
    for in_order in (False, True, False, False):
        run_once(home, in_order=in_order)
    later = instant_now().later(301)

    with Journal.open(home) as journal:
        assert journal.recent_bad_starts == 3
    with Journal.open(home, now=lambda: later) as journal:
        assert journal.recent_bad_starts == 0


# --- limits -------------------------------------------------------------------------------------


def test_events_beyond_their_age_go_from_the_front(home: Home) -> None:
    """What is kept is gap-free and ends with the newest."""
    start = instant_now()
    with Journal.open(home) as journal:
        for number in range(1_000):
            journal.append(EventKind.NOTE, "n", at=start.later(number * 10))
    limits = Retention(max_age=timedelta(hours=1), keep_events=5)
    with Journal.open(home, now=lambda: start.later(10_000), retention=limits) as journal:
        journal.append(EventKind.NOTE, "wakes the keeper")
        wait_until(lambda: journal.read(limit=1)[0].seq == 641)
        seqs = [event.seq for event in journal.read()]

    assert seqs == list(range(641, 1_002))


def test_the_journal_stays_within_its_size(home: Home) -> None:
    """Old events make room for new ones; the counting goes on."""
    limit = 300_000
    with Journal.open(home) as journal:
        for _ in range(2_000):
            journal.append(EventKind.NOTE, "x" * 300)
    with Journal.open(home, retention=Retention(max_bytes=limit, keep_events=50)) as journal:
        journal.append(EventKind.NOTE, "wakes the keeper")
        wait_until(lambda: len(journal.read()) < 900)
        assert journal.last_seq == 2_001
    with closing(sqlite3.connect(home.journal)) as connection:
        assert used_bytes(connection) <= limit * 1.2


def test_the_newest_events_stay_whatever_their_age(home: Home) -> None:
    """A home that slept for a year still knows how it ended."""
    with Journal.open(home) as journal:
        for _ in range(20):
            journal.append(EventKind.NOTE, "old")
    much_later: Instant = instant_now().later(400 * 86_400)
    with Journal.open(home, now=lambda: much_later, retention=Retention(keep_events=10)) as journal:
        journal.append(EventKind.NOTE, "new")
        wait_until(lambda: journal.read(limit=1)[0].seq > 1)
        assert [event.seq for event in journal.read()] == list(range(12, 22))


# --- sudden death -------------------------------------------------------------------------------


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), reports=st.integers(1, 800))
def test_sigkill_at_any_instant_loses_nothing_recorded(seed: int, reports: int) -> None:
    """After the kill: no gap, every acknowledged event, and only later generations."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "var")
        command = [sys.executable, str(WRITER), str(home.root), str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(reports)]
            writer.send_signal(signal.SIGKILL)
            lines += writer.stdout.read().splitlines()
        last_event = max((int(line.split()[1]) for line in lines if line.startswith("e")), default=0)
        last_generation = max((int(line.split()[1]) for line in lines if line.startswith("g")), default=0)

        with Journal.open(home) as journal:
            seqs = [event.seq for event in journal.read()]
            assert seqs == list(range(1, len(seqs) + 1))
            assert last_event <= len(seqs) <= last_event + 1
            assert journal.reserve_generation("feed") > last_generation


def test_appended_events_are_durable_within_fifty_milliseconds(home: Home) -> None:
    """The log is synced soon after an append without anybody asking (the best of ten, since others load the disk)."""
    took = []
    with Journal.open(home) as journal:
        for _ in range(10):
            start = time.perf_counter()
            event = journal.append(EventKind.NOTE, "n")
            wait_until(lambda seq=event.seq: journal.durable_seq >= seq)  # type: ignore[misc] # binds the loop's value
            took.append(time.perf_counter() - start)

    assert min(took) < 0.05
