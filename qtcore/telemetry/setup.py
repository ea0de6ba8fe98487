"""Telemetry of one process: opened once, after it was forked."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from opentelemetry import trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from qtcore.records.home import Home
from qtcore.telemetry.lean_structlog import structlog
from qtcore.telemetry.logs import LogFile, configure_logging, release_logging
from qtcore.telemetry.remote import Nowhere, Remote, export_remotely
from qtcore.telemetry.span_file import SpanFile

_VERSION = version("qtcore")
"""Looked up at import, which the fork server does once for all hosts: it takes a millisecond."""


@dataclass(slots=True)
class Telemetry:
    """What a process writes about itself; `close` it in order, though a killed process loses nothing either."""

    name: str
    provider: TracerProvider
    spans: SpanFile
    log_file: LogFile
    tracer: trace.Tracer
    """For qtcore's own spans."""
    remote: Remote = field(default_factory=Nowhere)
    """Whether spans that are to be sent away arrive."""
    _bridge: logging.Handler | None = None

    @property
    def dropped(self) -> int:
        """Lines that the disk refused; a number above 0 is a finding."""
        return self.spans.lines.dropped + self.log_file.lines.dropped

    def mend(self) -> list[Path]:
        """Begin anew each of its files that somebody removed; returns those that were gone."""
        lines = [file.path for file in (self.log_file.lines, self.spans.lines) if file.mend()]
        return [*lines, *([self.spans.marks.path] if self.spans.marks.mend() else [])]

    def close(self) -> None:
        """Send what waits to the OTLP endpoint (at most its own timeout) and let go of the files."""
        self.provider.shutdown()
        if self._bridge is not None:
            release_logging(self._bridge)
            self._bridge = None
        self.log_file.lines.close()


def configure_process(
    home: Home,
    component: str,
    *,
    incarnation: int | None = None,
    application: str = "qtcore",
    mode: str | None = None,
    log_level: str = "info",
) -> Telemetry:
    """Make this process's spans and log lines go to its own files under `home`, and to OTLP where asked.

    Call it once per process and after the fork: files, threads and ids must not be shared.
    `component` is what the process is (`supervisor`, `host-main`); `incarnation` tells its lives
    apart and defaults to the pid. An OTLP endpoint is taken from the standard variables.
    """
    telemetry = open_telemetry(home, component, incarnation=incarnation, application=application, mode=mode)
    trace.set_tracer_provider(telemetry.provider)
    telemetry._bridge = configure_logging(telemetry.log_file, log_level)  # noqa: SLF001 - completes its own object
    telemetry.remote = export_remotely(telemetry.provider, os.environ)
    if telemetry.remote.problem:
        structlog.get_logger().warning(telemetry.remote.problem)
    return telemetry


def open_telemetry(
    home: Home,
    component: str,
    *,
    incarnation: int | None = None,
    application: str = "qtcore",
    mode: str | None = None,
) -> Telemetry:
    """As `configure_process`, but nothing global is touched and nothing is sent: for tests and embedding."""
    name = process_name(component, os.getpid() if incarnation is None else incarnation)
    resource = process_resource(component, name, application, mode)
    # Always on: what is worth a span here is worth keeping; files are capped by size instead.
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    spans = SpanFile(home.traces, name, resource)
    provider.add_span_processor(spans)
    tracer = provider.get_tracer("qtcore", _VERSION)
    return Telemetry(name, provider, spans, LogFile(home.logs / f"{component}.jsonl"), tracer)


def process_name(component: str, incarnation: int) -> str:
    """One life of one process, as its files are called."""
    return f"{component}-{incarnation}"


def process_resource(component: str, name: str, application: str, mode: str | None) -> Resource:
    """Who speaks: the operator's own attributes (OTEL_RESOURCE_ATTRIBUTES) first, then what we know better."""
    known: dict[str, str | int] = {
        "service.namespace": application,
        "service.name": component,
        "service.instance.id": name,
        "service.version": _VERSION,
        "process.pid": os.getpid(),
    }
    if mode is not None:
        known["qt.mode"] = mode
    return OTELResourceDetector().detect().merge(Resource(known))
