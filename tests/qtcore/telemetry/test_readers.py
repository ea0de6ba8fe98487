"""`qt trace`, `qt logs` and `qt events`: they read files and work when nothing runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from qtcore.cli.main import run
from qtcore.kernel.words import Cause
from qtcore.records.home import Home
from qtcore.records.journal import Journal
from qtcore.records.journal_event import EventKind
from qtcore.telemetry.line_file import LineFile
from qtcore.telemetry.setup import Telemetry

Qt = Callable[..., str]


@pytest.fixture
def qt(home: Home, capsys: pytest.CaptureFixture[str]) -> Qt:
    """Run one command on the home; its output. It must succeed."""

    def command(*arguments: str) -> str:
        capsys.readouterr()
        assert run([*arguments, "--home", str(home.root)]) == 0
        return capsys.readouterr().out

    return command


def log(home: Home, component: str, *lines: dict[str, Any]) -> None:
    """Lines as a process would have written them."""
    file = LineFile(home.logs / f"{component}.jsonl")
    for line in lines:
        file.write(orjson.dumps(line) + b"\n")
    file.close()


@pytest.fixture
def some_logs(home: Home) -> None:
    """Two processes that took turns."""
    log(
        home,
        "supervisor",
        {"time": "2026-11-23T01:00:00.000000Z", "level": "info", "event": "begins"},
        {"time": "2026-11-23T01:00:02.000000Z", "level": "error", "event": "broke", "exception": "Trace\n  back"},
    )
    log(
        home,
        "host-main",
        {
            "time": "2026-11-23T01:00:01.000000Z",
            "level": "warning",
            "event": "late",
            "plugin": "feed",
            "generation": 3,
            "trace_id": "ab" * 16,
            "age_s": 2.5,
            "why": "the venue is slow",
        },
    )


# --- traces -------------------------------------------------------------------------------------


def test_traces_are_listed_and_drawn(qt: Qt, supervisor: Telemetry) -> None:
    """A list names each trace's start, length and plugins; one is drawn by the start of its id."""
    with supervisor.tracer.start_as_current_span("episode.start", attributes={"qt.plugin": "feed"}) as span:
        supervisor.tracer.start_span("spawn").end()
    trace_id = f"{span.get_span_context().trace_id:032x}"

    listed = qt("trace")
    assert trace_id[:12] in listed
    assert "episode.start" in listed
    drawn = qt("trace", trace_id[:8])
    assert drawn.startswith(f"trace {trace_id} · ")
    assert "  spawn (supervisor-1)" in drawn


def test_traces_are_one_json_document(qt: Qt, supervisor: Telemetry) -> None:
    """For the list and for one."""
    supervisor.tracer.start_span("episode.start", attributes={"qt.plugin": "feed"}).end()

    (listed,) = json.loads(qt("trace", "--json"))["traces"]
    assert (listed["name"], listed["plugins"], listed["spans"]) == ("episode.start", ["feed"], 1)
    (span,) = json.loads(qt("trace", listed["trace_id"], "--json"))["spans"]
    assert span["attributes"] == {"qt.plugin": "feed"}


def test_no_trace_is_said_plainly(qt: Qt) -> None:
    """An empty table explains nothing."""
    assert qt("trace", "--plugin", "nobody") == "no trace matches; --all also lists checks and timers\n"


# --- logs ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("some_logs")
def test_logs_of_all_processes_are_merged_in_order_of_time(qt: Qt) -> None:
    """With plugin and generation, facts, the trace's start, and tracebacks below."""
    lines = qt("logs").splitlines()

    assert lines[0] == "2026-11-23T01:00:00.000000Z info     supervisor               begins"
    assert lines[1] == (
        "2026-11-23T01:00:01.000000Z warning  feed#3                   late"
        '  age_s=2.5 why="the venue is slow" trace=abababababab'
    )
    assert lines[2:] == [
        "2026-11-23T01:00:02.000000Z error    supervisor               broke",
        "    Trace",
        "      back",
    ]


@pytest.mark.usefixtures("some_logs")
@pytest.mark.parametrize(
    ("arguments", "events"),
    [
        (["feed"], ["late"]),
        (["supervisor"], ["begins", "broke"]),
        (["--level", "warning"], ["late", "broke"]),
        (["--since", "2026-11-23T01:00:01"], ["late", "broke"]),
        (["--trace", "abab"], ["late"]),
        (["-n", "1"], ["broke"]),
        (["feed", "--level", "error"], []),
    ],
)
def test_logs_are_narrowed(qt: Qt, arguments: list[str], events: list[str]) -> None:
    """By plugin or process, level, time, trace and number."""
    assert [line["event"] for line in json.loads(qt("logs", *arguments, "--json"))["lines"]] == events


def test_rotated_logs_are_read_too(home: Home, qt: Qt) -> None:
    """Oldest part first."""
    file = LineFile(home.logs / "host-main.jsonl", max_bytes=200, keep=3)
    for number in range(16):
        file.write(orjson.dumps({"time": f"2026-11-23T01:00:{number:02}Z", "event": str(number)}) + b"\n")
    file.close()

    events = [line["event"] for line in json.loads(qt("logs", "--json"))["lines"]]
    assert len(list(home.logs.iterdir())) >= 3
    assert events == [str(number) for number in range(16)][-len(events) :]


@pytest.mark.usefixtures("some_logs")
def test_following_logs_shows_what_is_written_from_now_on(home: Home) -> None:
    """Also across a rotation, and from processes that appear later; interrupting it is no error."""
    command = [sys.executable, "-m", "qtcore.cli.main", "logs", "-f", "--json", "-n", "1", "--home", str(home.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert json.loads(reader.stdout.readline())["event"] == "broke"
        log(home, "supervisor", {"time": "2026-11-23T01:00:03Z", "event": "before"})
        assert json.loads(reader.stdout.readline())["event"] == "before"
        (home.logs / "supervisor.jsonl").rename(home.logs / "supervisor.1.jsonl")
        log(home, "supervisor", {"time": "2026-11-23T01:00:04Z", "event": "after"})
        assert json.loads(reader.stdout.readline())["event"] == "after"
        log(home, "host-late", {"time": "2026-11-23T01:00:05Z", "event": "new process"})
        assert json.loads(reader.stdout.readline())["event"] == "new process"
        reader.terminate()


def test_a_time_that_is_none_is_explained(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """With examples of what would do; wrong usage is 64."""
    assert run(["logs", "--since", "yesterday", "--home", str(home.root)]) == 64
    assert "write how long ago (30s, 10m, 2h, 1d)" in capsys.readouterr().err


# --- events -------------------------------------------------------------------------------------


@pytest.fixture
def some_events(home: Home) -> None:
    """A short life."""
    with Journal.open(home) as journal:
        journal.append(EventKind.SUPERVISOR_STARTED, "begins")
        journal.append(
            EventKind.TRANSITION,
            "killed by SIGKILL",
            plugin="feed",
            generation=3,
            cause=Cause.SIGNAL,
            details={"before": "running", "after": "backoff"},
            trace_id="ab" * 16,
        )
        journal.append(EventKind.SUPERVISOR_STOPPED, "stopped in order")


@pytest.mark.usefixtures("some_events")
def test_events_are_listed_with_their_reasons(qt: Qt) -> None:
    """One line each: number, time, kind, who, cause, reason."""
    lines = qt("events").splitlines()

    assert len(lines) == 3
    assert lines[1].split()[0] == "2"
    assert lines[1].endswith(
        "transition           feed#3                   running -> backoff: [signal] killed by SIGKILL"
    )


@pytest.mark.usefixtures("some_events")
@pytest.mark.parametrize(
    ("arguments", "seqs"),
    [
        (["--since", "1"], [2, 3]),
        (["--since", "0", "-n", "1"], [1]),
        (["-n", "1"], [3]),
        (["--plugin", "feed"], [2]),
        (["--kind", "supervisor_started", "--kind", "supervisor_stopped"], [1, 3]),
        (["--trace", "ab" * 16], [2]),
    ],
)
def test_events_are_narrowed(qt: Qt, arguments: list[str], seqs: list[int]) -> None:
    """By place, number, plugin, kind and trace."""
    assert [event["seq"] for event in json.loads(qt("events", *arguments, "--json"))["events"]] == seqs


@pytest.mark.usefixtures("some_events")
def test_following_events_misses_none(home: Home) -> None:
    """What is recorded after the start is shown once, in order."""
    command = [sys.executable, "-m", "qtcore.cli.main", "events", "-f", "--json", "-n", "1", "--home", str(home.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reader, Journal.open(home) as journal:
        assert reader.stdout is not None
        assert json.loads(reader.stdout.readline())["seq"] == 3
        for seq in (4, 5, 6):
            journal.append(EventKind.NOTE, "goes on")
            assert json.loads(reader.stdout.readline())["seq"] == seq
        reader.terminate()


def test_without_a_journal_the_cure_is_named(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, code 69, no traceback."""
    assert run(["events", "--home", str(home.root)]) == 69
    error = capsys.readouterr().err
    assert "no supervisor has run on this home yet" in error
    assert "Traceback" not in error


def test_a_foreign_journal_is_named(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence that says what it is and what to do."""
    home.journal.write_text("dear diary\n" * 100)
    assert run(["events", "--home", str(home.root)]) != 0
    assert "is no database" in capsys.readouterr().err
