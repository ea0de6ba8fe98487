"""Spans on disk: the official format, and what a killed process leaves."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from google.protobuf.json_format import Parse  # type: ignore[import-untyped] # the stubs are a package of their own
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.trace import Link, SpanKind, StatusCode

from qtcore.messaging.trace_context import context_of
from qtcore.records.home import Home
from qtcore.telemetry.inferred import InferredSpan, end_open_spans, marked_processes
from qtcore.telemetry.open_spans import SLOTS, read_open
from qtcore.telemetry.redaction import SECRETS
from qtcore.telemetry.setup import Telemetry, open_telemetry
from qtcore.telemetry.store import TraceStore
from qtcore.telemetry.trace_retention import drop_oldest_traces


def parsed(path: Path) -> list[ExportTraceServiceRequest]:
    """Each line as OpenTelemetry's own schema reads it; ids are hex in this encoding, base64 in protobuf's."""
    lines = path.read_text().splitlines()
    return [Parse(json.dumps(_with_base64_ids(json.loads(line))), ExportTraceServiceRequest()) for line in lines]


def _with_base64_ids(value: object) -> object:
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode()
            if key in ("traceId", "spanId", "parentSpanId")
            else _with_base64_ids(item)
            for key, item in value.items()
        }
    return value


def end_spans(home: Home, name: str, by: Telemetry) -> list[InferredSpan]:
    """What the supervisor does when a process is gone."""
    return end_open_spans(
        home.traces, name, cause="signal", reason="killed by SIGKILL", died_ns=time.time_ns(), into=by.spans.lines
    )


def only_span(request: ExportTraceServiceRequest) -> Span:
    """The one span of a line."""
    (resource_spans,) = request.resource_spans
    (scope_spans,) = resource_spans.scope_spans
    (span,) = scope_spans.spans
    assert isinstance(span, Span)
    return span


def test_lines_are_what_the_official_schema_says(host: Telemetry) -> None:
    """Every field of a span, with values of every kind, survives the way through OTLP JSON."""
    earlier = host.tracer.start_span("earlier")
    earlier.end()
    asked = host.tracer.start_as_current_span(
        "child",
        kind=SpanKind.CLIENT,
        links=[Link(earlier.get_span_context(), {"why": "test"})],
        attributes={
            "text": 'quo"te \ud800',
            "whole": 2**40,
            "real": 0.5,
            "endless": float("inf"),
            "yes": True,
            "many": ["a", "b"],
        },
    )
    with host.tracer.start_as_current_span("parent"), pytest.raises(ZeroDivisionError), asked as child:
        _ = 1 / 0

    first, second, third = parsed(host.spans.lines.path)
    span, parent = only_span(second), only_span(third)
    assert (only_span(first).name, span.name, parent.name) == ("earlier", "child", "parent")
    assert span.trace_id.hex() == f"{child.get_span_context().trace_id:032x}"
    assert span.parent_span_id == parent.span_id
    assert span.kind == Span.SPAN_KIND_CLIENT
    assert parent.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
    values = {pair.key: pair.value for pair in span.attributes}
    assert values["text"].string_value == 'quo"te \\ud800'
    assert values["whole"].int_value == 2**40
    assert values["real"].double_value == 0.5
    assert values["endless"].double_value == float("inf")
    assert values["yes"].bool_value is True
    assert [item.string_value for item in values["many"].array_value.values] == ["a", "b"]
    assert span.status.code == StatusCode.ERROR.value
    assert "division by zero" in span.status.message
    assert span.events[0].name == "exception"
    assert span.links[0].span_id == only_span(first).span_id
    resource = {pair.key: pair.value for pair in second.resource_spans[0].resource.attributes}
    assert resource["service.namespace"].string_value == "demo"
    assert resource["service.instance.id"].string_value == "host-main-3"
    assert resource["process.pid"].int_value == os.getpid()
    assert resource["qt.mode"].string_value == "paper"


def test_a_secret_never_reaches_a_span(host: Telemetry) -> None:
    """Neither in the finished line nor in the mark of an open span."""
    SECRETS.register("s3cr3t-key-value")
    span = host.tracer.start_span("asks", attributes={"url": "https://x/?k=s3cr3t-key-value"})
    assert b"s3cr3t" not in host.spans.marks.path.read_bytes()
    span.end()

    assert b"s3cr3t" not in host.spans.lines.path.read_bytes()
    assert b"<secret " in host.spans.lines.path.read_bytes()


def test_an_open_span_has_a_mark_until_it_ends(host: Telemetry) -> None:
    """The mark says who, what, when and in which trace."""
    span = host.tracer.start_span("works", attributes={"qt.plugin": "feed"})
    resource, (opening,) = read_open(host.spans.marks.path)

    assert opening["name"] == "works"
    assert opening["spanId"] == f"{span.get_span_context().span_id:016x}"
    assert any(pair["value"] == {"stringValue": "host-main-3"} for pair in resource["attributes"])
    span.end()
    assert read_open(host.spans.marks.path)[1] == []


def test_a_mark_too_long_for_its_slot_loses_attributes_not_itself(host: Telemetry) -> None:
    """What matters is which span was open."""
    span = host.tracer.start_span("n" * 3_000, attributes={"long": "x" * 5_000})

    (opening,) = read_open(host.spans.marks.path)[1]
    assert opening["name"] == "n" * 100
    span.end()


def test_more_open_spans_than_slots_are_counted(host: Telemetry) -> None:
    """Those beyond have no mark; they are written all the same."""
    spans = [host.tracer.start_span("many") for _ in range(SLOTS + 5)]
    assert host.spans.marks.unmarked == 5
    for span in spans:
        span.end()

    assert len(host.spans.lines.path.read_bytes().splitlines()) == SLOTS + 5


def test_an_orderly_end_leaves_no_marks(host: Telemetry) -> None:
    """So that nobody takes the process for dead."""
    host.tracer.start_span("done").end()
    host.close()

    assert not host.spans.marks.path.exists()
    host.tracer.start_span("too late").end()


VICTIM = """
import sys, signal
from pathlib import Path
from qtcore.messaging.trace_context import context_of
from qtcore.records.home import Home
from qtcore.telemetry.setup import open_telemetry
host = open_telemetry(Home(Path(sys.argv[1])), "host-main", incarnation=3)
start = host.tracer.start_span("start", context=context_of(sys.argv[2]), attributes={"qt.plugin": "feed"})
for number in range(200):
    with host.tracer.start_as_current_span("tick", context=context_of(sys.argv[2])):
        pass
print("ready", flush=True)
signal.pause()
"""


def test_a_killed_process_leaves_its_last_words(home: Home, supervisor: Telemetry) -> None:
    """All finished spans are there; the open one is ended by the supervisor with the cause; all in one trace."""
    step = supervisor.tracer.start_span("spawn")
    context = step.get_span_context()
    traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
    command = [sys.executable, "-c", VICTIM, str(home.root), traceparent]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "ready\n"
        victim.send_signal(signal.SIGKILL)
    (ended,) = end_spans(home, "host-main-3", supervisor)
    step.end()

    spans = TraceStore(home.traces).trace(f"{context.trace_id:032x}")
    by_name = {span.name: span for span in spans}
    assert len(spans) == 202
    assert by_name["start"].inferred
    assert by_name["start"].error == "killed by SIGKILL"
    assert by_name["start"].attributes["qt.end.cause"] == "signal"
    assert by_name["start"].process == "host-main-3"
    assert by_name["start"].end_ns is not None
    assert by_name["start"].parent_id == f"{context.span_id:016x}"
    assert ended.traceparent.startswith(f"00-{context.trace_id:032x}-")
    assert not (home.traces / "host-main-3.open.jsonl").exists()
    assert all(only_span(line) for path in home.traces.glob("*-?.jsonl") for line in parsed(path))


def test_the_next_supervisor_ends_what_everybody_left(home: Home) -> None:
    """After the supervisor itself died, its own open spans and those of its hosts."""
    for component in ("supervisor", "host-main"):
        dead = open_telemetry(home, component, incarnation=7)
        dead.tracer.start_span(f"of {component}")
        dead.spans.lines.close()
        dead.spans.marks._map.close()
        dead.log_file.lines.close()

    following = open_telemetry(home, "supervisor", incarnation=8)
    open_now = following.tracer.start_span("mine")
    dead_ones = [name for name in marked_processes(home.traces) if name != following.name]
    ended = [span.name for name in dead_ones for span in end_spans(home, name, following)]
    assert ended == ["of host-main", "of supervisor"]
    assert marked_processes(home.traces) == [following.name]
    open_now.end()
    following.close()


def test_a_span_written_and_marked_is_read_once(home: Home, supervisor: Telemetry, host: Telemetry) -> None:
    """A death between writing and clearing leaves both; the written one wins."""
    span = host.tracer.start_span("works", context=context_of(None))
    mark = host.spans.marks.path.read_bytes()
    span.end()
    host.spans.marks.path.write_bytes(mark)
    end_spans(home, "host-main-3", supervisor)

    (read,) = TraceStore(home.traces).spans()
    assert not read.inferred
    assert read.error is None


def test_traces_of_the_dead_go_oldest_first_when_there_are_too_many(home: Home, host: Telemetry) -> None:
    """A living process keeps its files."""
    host.tracer.start_span("alive").end()
    for number, age in ((1, 300), (2, 200), (3, 100)):
        path = home.traces / f"host-data-{number}.jsonl"
        path.write_bytes(b"x" * 1_000)
        when = path.stat().st_mtime - age
        os.utime(path, (when, when))
    when = 1_000_000_000
    os.utime(host.spans.lines.path, (when, when))

    size = host.spans.lines.path.stat().st_size
    assert drop_oldest_traces(home.traces, max_bytes=size + 1_500) == 2
    left = sorted(path.name for path in home.traces.glob("*.jsonl"))
    assert left == ["host-data-3.jsonl", "host-main-3.jsonl", "host-main-3.open.jsonl"]
