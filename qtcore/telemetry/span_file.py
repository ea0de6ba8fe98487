"""Spans written through to a file of OTLP JSON lines, so that a killed process leaves its last words."""

from __future__ import annotations

from pathlib import Path

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from qtcore.telemetry import otlp
from qtcore.telemetry.line_file import LineFile
from qtcore.telemetry.open_spans import SUFFIX, OpenSpans
from qtcore.telemetry.redaction import SECRETS, Redactor
from qtcore.telemetry.routine import is_idle, keep_routine


class SpanFile(SpanProcessor):
    """Marks a span when it starts, writes it when it ends, then clears the mark.

    A death between the last two leaves both; readers prefer the written span.
    """

    def __init__(self, folder: Path, name: str, resource: Resource, redactor: Redactor = SECRETS) -> None:
        self.lines = LineFile(folder / f"{name}.jsonl")
        self.marks = OpenSpans(folder / f"{name}{SUFFIX}", otlp.resource_of(resource), redactor=redactor)
        self._closed = False
        self._resource = resource
        self._redactor = redactor
        self._heads: dict[InstrumentationScope | None, bytes] = {}

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Leave a mark."""
        keep_routine(parent_context)
        if not self._closed:
            self.marks.mark(_span_id(span), otlp.opening_of(span))

    def on_end(self, span: ReadableSpan) -> None:
        """Write the span unless it is an idle routine, then clear its mark."""
        if self._closed:
            return
        if is_idle(span):
            self.marks.clear(_span_id(span))
            return
        line = self._head(span.instrumentation_scope) + otlp.dumps(otlp.span_of(span)) + otlp.TAIL
        self.lines.write(self._redactor.clean(line))
        self.marks.clear(_span_id(span))

    def shutdown(self) -> None:
        """Let go of the files; open spans keep their marks."""
        self._closed = True
        self.marks.close()
        self.lines.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - their signature
        """Nothing waits here."""
        return True

    def _head(self, scope: InstrumentationScope | None) -> bytes:
        found = self._heads.get(scope)
        if found is None:
            found = otlp.head(otlp.resource_of(self._resource), otlp.scope_of(scope))
            self._heads[scope] = found
        return found


def _span_id(span: ReadableSpan) -> int:
    context = span.get_span_context()
    return context.span_id if context is not None else 0
