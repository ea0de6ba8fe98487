"""A span as read back from a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from qtcore.telemetry.otlp import Json

_ERROR = 2


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """One span; `end_ns` is None while it is open. Times are unix nanoseconds, ids are hex."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    start_ns: int
    end_ns: int | None
    process: str
    error: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    links: tuple[str, ...] = ()
    """Trace ids that this one answers or follows."""

    @property
    def inferred(self) -> bool:
        """Ended by the supervisor after its process had died."""
        return self.attributes.get("qt.end") == "inferred"

    @property
    def plugin(self) -> str | None:
        """Whom it is about."""
        plugin = self.attributes.get("qt.plugin")
        return plugin if isinstance(plugin, str) else None


def spans_in(line: Json) -> Iterator[SpanRecord]:
    """The spans of one line of OTLP JSON. Raises KeyError, TypeError or ValueError for something else."""
    for block in line["resourceSpans"]:
        process = process_of(block.get("resource", {}))
        for scope in block["scopeSpans"]:
            for span in scope["spans"]:
                yield span_from(span, process)


def span_from(span: Json, process: str) -> SpanRecord:
    """One OTLP Span."""
    status = span.get("status", {})
    end = span.get("endTimeUnixNano")
    return SpanRecord(
        trace_id=span["traceId"],
        span_id=span["spanId"],
        parent_id=span.get("parentSpanId", ""),
        name=span["name"],
        start_ns=int(span["startTimeUnixNano"]),
        end_ns=int(end) if end else None,
        process=process,
        error=status.get("message", "") if status.get("code") == _ERROR else None,
        attributes=_attributes(span.get("attributes", ())),
        links=tuple(link["traceId"] for link in span.get("links", ())),
    )


def process_of(resource: Json) -> str:
    """The name of the process that a resource describes."""
    attributes = _attributes(resource.get("attributes", ()))
    return str(attributes.get("service.instance.id") or attributes.get("service.name") or "?")


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair["key"]: _value(pair["value"]) for pair in pairs}


def _value(value: Json) -> Any:
    for kind, content in value.items():
        match kind:
            case "intValue":
                return int(content)
            case "arrayValue":
                return [_value(item) for item in content.get("values", ())]
            case "kvlistValue":
                return _attributes(content.get("values", ()))
            case _:
                return content
    return None
