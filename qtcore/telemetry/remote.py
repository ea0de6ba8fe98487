"""Sending spans to an OTLP endpoint that the standard variables name, and saying so when that is in vain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import urlsplit

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from qtcore.telemetry.routine import is_idle

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


class Remote(Protocol):
    """What becomes of the spans that are to be sent away."""

    problem: str | None
    """Why they do not arrive; None while they do, or while none are to be sent."""


class Nowhere:
    """Nothing is sent: nobody asked for it, or what was asked for cannot be done."""

    def __init__(self, problem: str | None = None) -> None:
        self.problem = problem


class Sender(SpanExporter):
    """Passes spans on to an exporter and remembers whether the last lot arrived."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self.problem: str | None = None
        self._exporter = exporter
        self._endpoint = endpoint

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send; a failure is remembered, and the spans stay in the local files."""
        try:
            result = self._exporter.export([span for span in spans if not is_idle(span)])
        except Exception as error:  # noqa: BLE001 - the exporter's own faults must not end its thread
            self.problem = f"spans cannot be sent to {self._endpoint}: {type(error).__name__}: {error}"
            return SpanExportResult.FAILURE
        arrived = result is SpanExportResult.SUCCESS
        self.problem = None if arrived else f"spans sent to {self._endpoint} do not arrive there"
        return result

    def shutdown(self) -> None:
        """Let go of the connection."""
        self._exporter.shutdown()


def endpoint_of(environment: Mapping[str, str]) -> str | None:
    """Where spans are to be sent, as the standard variables say; None where they stay here."""
    if environment.get("OTEL_TRACES_EXPORTER", "otlp").lower() == "none":
        return None
    return next((environment[name] for name in _ENDPOINTS if environment.get(name)), None)


def export_remotely(provider: TracerProvider, environment: Mapping[str, str]) -> Remote:
    """Also send spans over OTLP/HTTP if the standard variables name an endpoint."""
    endpoint = endpoint_of(environment)
    if endpoint is None:
        return Nowhere()
    protocol = next((environment[variable] for variable in _PROTOCOLS if environment.get(variable)), "http/protobuf")
    if protocol != "http/protobuf":
        return Nowhere(
            f"spans are not sent to {endpoint}: OTLP over {protocol} is not supported; "
            "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf and use the endpoint's HTTP port"
        )
    if not _is_address(endpoint):
        name = next(name for name in _ENDPOINTS if environment.get(name))
        return Nowhere(f"spans are not sent: {name}={endpoint} is no address; write one like http://127.0.0.1:4318")
    # Imported only here: it brings protobuf and requests, which a supervisor without an endpoint need not carry.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    sender = Sender(OTLPSpanExporter(), endpoint)
    provider.add_span_processor(BatchSpanProcessor(sender))
    return sender


def _is_address(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False
