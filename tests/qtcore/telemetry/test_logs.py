"""Log lines: what is in them and that writing them never fails."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import structlog

from qtcore.records.home import Home
from qtcore.telemetry.logs import LogFile, configure_logging, release_logging
from qtcore.telemetry.redaction import Redactor
from qtcore.telemetry.setup import Telemetry

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def redactor() -> Redactor:
    """Knows one secret."""
    redactor = Redactor()
    redactor.register("s3cr3t-value")
    return redactor


@pytest.fixture
def written(home: Home, redactor: Redactor) -> Iterator[Lines]:
    """Logging goes to a file from level info; call it for the lines so far."""
    sink = LogFile(home.logs / "host-main.jsonl", redactor)
    bridge = configure_logging(sink, "info")
    yield lambda: [orjson.loads(line) for line in sink.lines.path.read_bytes().splitlines()]
    release_logging(bridge)
    sink.lines.close()


def test_a_line_says_who_when_and_how_grave(written: Lines) -> None:
    """The known fields come first and in order; the rest follows."""
    structlog.get_logger().bind(plugin="feed", generation=3).warning("late", age_s=2.5)

    (line,) = written()
    assert list(line) == ["time", "level", "event", "plugin", "generation", "age_s"]
    assert line["level"] == "warning"
    assert line["time"].endswith("Z")


def test_a_line_within_a_span_belongs_to_its_trace(written: Lines, host: Telemetry) -> None:
    """So that `qt logs --trace` finds it."""
    with host.tracer.start_as_current_span("works") as span:
        structlog.get_logger().info("inside")
    structlog.get_logger().info("outside")

    inside, outside = written()
    assert inside["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert inside["span_id"] == f"{span.get_span_context().span_id:016x}"
    assert "trace_id" not in outside


def test_lines_below_the_level_are_not_written(written: Lines) -> None:
    """Debug costs nothing when it is off."""
    structlog.get_logger().debug("quiet")
    structlog.get_logger().info("loud")

    assert [line["event"] for line in written()] == ["loud"]


def test_an_exception_is_written_without_local_variables(written: Lines) -> None:
    """The traceback says where; values stay out."""
    password = "hunter2" * 3
    try:
        raise ValueError("no good")
    except ValueError:
        structlog.get_logger().exception("failed", size=len(password))

    (line,) = written()
    assert "ValueError: no good" in line["exception"]
    assert "hunter2" not in line["exception"]


def test_what_libraries_log_and_warn_joins(written: Lines) -> None:
    """From warning up."""
    logging.getLogger("ccxt").warning("rate limit %d", 5)
    logging.getLogger("ccxt").info("chatter")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    lines = written()
    assert lines[0]["event"] == "rate limit 5"
    assert "DeprecationWarning: old" in lines[1]["event"]
    assert lines[0]["logger"] == "ccxt"


def test_a_librarys_broken_format_is_written_as_it_stands(written: Lines) -> None:
    """Somebody else's mistake in a log call is no reason to fail."""
    (bridge,) = (h for h in logging.getLogger().handlers if type(h).__module__ == configure_logging.__module__)
    bridge.emit(logging.LogRecord("ccxt", logging.ERROR, "file.py", 1, "broken %d", ("text",), None))

    assert [line["event"] for line in written()] == ["broken %d"]


def test_secrets_are_not_written(written: Lines) -> None:
    """Wherever they stand, also under another name and inside an exception."""
    try:
        raise ValueError("cannot use s3cr3t-value")
    except ValueError:
        structlog.get_logger().exception("s3cr3t-value", nested={"note": ["s3cr3t-value"]})

    assert "s3cr3t-value" not in str(written())


class Awkward:
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


@pytest.mark.parametrize("value", ["\ud800", 10**40, Awkward(), {1: object()}, b"\xff", float("nan"), "x" * 200_000])
def test_any_value_can_be_logged(written: Lines, value: object) -> None:
    """A line always comes out, and says which facts had to be left out."""
    structlog.get_logger().info("odd", fact=value)

    (line,) = written()
    assert line["event"] == "odd"
    assert "fact" in line or "fact" in line["left_out"]
