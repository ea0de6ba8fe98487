"""The trace that a message belongs to, in the W3C form in which it crosses processes."""

from __future__ import annotations

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_PROPAGATOR = TraceContextTextMapPropagator()
_NONE = Context()


def current_traceparent() -> str | None:
    """The current span as a `traceparent`; None outside of any trace."""
    span = trace.get_current_span().get_span_context()
    if not span.is_valid:
        return None
    return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"


def current_trace_id() -> str | None:
    """The current trace's id as 32 hex digits; None outside of any trace."""
    span = trace.get_current_span().get_span_context()
    return f"{span.trace_id:032x}" if span.is_valid else None


def context_of(traceparent: str | None) -> Context:
    """The OpenTelemetry context of a `traceparent`; an empty one for None or nonsense."""
    if traceparent is None:
        return _NONE
    return _PROPAGATOR.extract({"traceparent": traceparent}, context=_NONE)
