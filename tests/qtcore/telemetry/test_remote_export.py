"""Spans are also sent over OTLP when the standard variables name an endpoint."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from qtcore.records.home import Home
from qtcore.telemetry.remote import Sender, export_remotely
from qtcore.telemetry.store import TraceStore

PROGRAM = """
import sys
from pathlib import Path
from opentelemetry import trace
from qtcore.records.home import Home
from qtcore.telemetry.setup import configure_process
telemetry = configure_process(Home(Path(sys.argv[1])), "supervisor", application="demo")
with trace.get_tracer("plugin").start_as_current_span("works"):
    pass
telemetry.close()
print([name for name in ("opentelemetry.exporter.otlp.proto.http", "google.protobuf", "rich") if name in sys.modules])
"""

Received = SimpleQueue[tuple[str, ExportTraceServiceRequest]]


@pytest.fixture
def received() -> Iterator[tuple[str, Received]]:
    """A real OTLP/HTTP receiver on loopback: its address and what it got."""
    queue: Received = SimpleQueue()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            queue.put((self.path, ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - their name
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", queue
    server.shutdown()
    server.server_close()
    thread.join()


def run(home: Home, **variables: str) -> str:
    """The program in a process of its own with these variables; its output."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    command = [sys.executable, "-c", PROGRAM, str(home.root)]
    done = subprocess.run(command, env={**clean, **variables}, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


def test_an_endpoint_gets_the_spans_that_the_files_have(home: Home, received: tuple[str, Received]) -> None:
    """Locally and remotely the same; the operator's own resource attributes are kept."""
    address, queue = received
    run(home, OTEL_EXPORTER_OTLP_ENDPOINT=address, OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=lab")

    path, request = queue.get(timeout=5)
    assert path == "/v1/traces"
    (resource_spans,) = request.resource_spans
    resource = {pair.key: pair.value.string_value for pair in resource_spans.resource.attributes}
    assert resource["service.namespace"] == "demo"
    assert resource["deployment.environment.name"] == "lab"
    (span,) = resource_spans.scope_spans[0].spans
    (local,) = TraceStore(home.traces).spans()
    assert (span.trace_id.hex(), span.span_id.hex(), span.name) == (local.trace_id, local.span_id, "works")


def test_without_an_endpoint_nothing_of_it_is_loaded(home: Home) -> None:
    """Nor anything else that a supervisor does not need: it stays small."""
    assert run(home) == "[]"
    assert [span.name for span in TraceStore(home.traces).spans()] == ["works"]


def test_a_dead_endpoint_holds_nothing_up(home: Home) -> None:
    """The files have the spans all the same."""
    run(home, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT="1")

    assert [span.name for span in TraceStore(home.traces).spans()] == ["works"]


def test_a_protocol_we_do_not_speak_is_named_with_the_cure() -> None:
    """Nothing is sent where it would not be understood."""
    provider = TracerProvider(shutdown_on_exit=False)
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}

    problem = export_remotely(provider, variables).problem
    assert problem is not None
    assert "OTLP over grpc is not supported" in problem
    assert "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf" in problem


def test_the_operator_may_turn_sending_off() -> None:
    """OTEL_TRACES_EXPORTER=none wins over an endpoint."""
    provider = TracerProvider(shutdown_on_exit=False)
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_TRACES_EXPORTER": "none"}

    assert export_remotely(provider, variables).problem is None


@pytest.mark.parametrize("address", ["collector", "localhost:4318", "ftp://collector", "http://", "http://host:port"])
def test_an_address_that_is_none_is_named_with_its_variable(address: str) -> None:
    """Nothing is tried that cannot work."""
    problem = export_remotely(TracerProvider(shutdown_on_exit=False), {"OTEL_EXPORTER_OTLP_ENDPOINT": address}).problem
    assert problem is not None
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT={address} is no address" in problem


class Collector(SpanExporter):
    """Takes spans, refuses them, or falls over."""

    def __init__(self) -> None:
        self.results: list[SpanExportResult | Exception] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def test_spans_that_do_not_arrive_are_a_problem_until_they_do() -> None:
    """The last lot decides; what an exporter raises is told, not thrown."""
    collector = Collector()
    sender = Sender(collector, "http://far")
    collector.results = [SpanExportResult.FAILURE, OSError("no route"), SpanExportResult.SUCCESS]
    told = []
    for _ in range(3):
        sender.export([])
        told.append(sender.problem)
    assert told[0] == "spans sent to http://far do not arrive there"
    assert "OSError: no route" in str(told[1])
    assert told[2] is None
