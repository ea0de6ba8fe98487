"""Spans as OTLP JSON: the encoding that OpenTelemetry's own tools read from files.

Format: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding (ids in hex, 64-bit numbers
as text, enums as numbers). Written by hand because a span costs a fraction of what building a
protobuf message and printing it as JSON does; a test parses the result with the official schema.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext

from qtcore.records.journal_row import storable

Json = dict[str, Any]

_HAS_IS_REMOTE = 0x100
_IS_REMOTE = 0x200
TAIL = b"]}]}]}\n"


def head(resource: Json, scope: Json) -> bytes:
    """What stands before the one span of a line; the same for all spans of one resource and scope."""
    whole = dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": []}]}]})
    return whole[: -len(TAIL) + 1]


def resource_of(resource: Resource) -> Json:
    """An OTLP Resource."""
    return {"attributes": attributes_of(resource.attributes)}


def scope_of(scope: InstrumentationScope | None) -> Json:
    """An OTLP InstrumentationScope."""
    if scope is None:
        return {}
    return {"name": scope.name, "version": scope.version} if scope.version else {"name": scope.name}


def opening_of(span: ReadableSpan) -> Json:
    """An OTLP Span that has not ended."""
    context = _known(span.get_span_context())
    content: Json = {
        "traceId": f"{context.trace_id:032x}",
        "spanId": f"{context.span_id:016x}",
        "name": span.name,
        "kind": span.kind.value + 1,
        "startTimeUnixNano": str(span.start_time),
        "flags": _flags(span.parent),
    }
    if span.parent is not None:
        content["parentSpanId"] = f"{span.parent.span_id:016x}"
    if span.attributes:
        content["attributes"] = attributes_of(span.attributes)
    return content


def span_of(span: ReadableSpan) -> Json:
    """An OTLP Span that has ended."""
    content = opening_of(span)
    content["endTimeUnixNano"] = str(span.end_time)
    if span.events:
        content["events"] = [
            {"timeUnixNano": str(event.timestamp), "name": event.name, "attributes": attributes_of(event.attributes)}
            for event in span.events
        ]
    if span.links:
        content["links"] = [
            {
                "traceId": f"{link.context.trace_id:032x}",
                "spanId": f"{link.context.span_id:016x}",
                "attributes": attributes_of(link.attributes),
            }
            for link in span.links
        ]
    if span.status.status_code.value:
        content["status"] = {"code": span.status.status_code.value, "message": span.status.description or ""}
    if span.dropped_attributes:
        content["droppedAttributesCount"] = span.dropped_attributes
    return content


def attributes_of(attributes: Mapping[str, Any] | None) -> list[Json]:
    """OTLP KeyValues."""
    return [{"key": key, "value": _value(value)} for key, value in (attributes or {}).items()]


def dumps(content: Json) -> bytes:
    """JSON bytes; text that UTF-8 cannot hold is written out."""
    try:
        return orjson.dumps(content)
    except orjson.JSONEncodeError:
        return orjson.dumps(storable(content))


def _value(value: Any) -> Json:  # noqa: PLR0911 - one return per kind of value
    match value:
        case str():
            return {"stringValue": value}
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value if math.isfinite(value) else _non_finite(value)}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode("ascii")}
        case Mapping():
            return {"kvlistValue": {"values": attributes_of(value)}}
        case Sequence():
            return {"arrayValue": {"values": [_value(item) for item in value]}}
        case None:
            return {}
        case _:
            return {"stringValue": str(value)}


def _non_finite(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _flags(parent: SpanContext | None) -> int:
    return _HAS_IS_REMOTE | _IS_REMOTE if parent is not None and parent.is_remote else _HAS_IS_REMOTE


def _known(context: SpanContext | None) -> SpanContext:
    if context is None:
        raise ValueError("a span without ids cannot be written")
    return context
