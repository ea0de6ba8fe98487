"""Ending the spans of a process that can no longer do it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qtcore.telemetry.line_file import LineFile
from qtcore.telemetry.open_spans import SUFFIX, read_open
from qtcore.telemetry.otlp import TAIL, Json, attributes_of, dumps, head

_ERROR = 2
_SCOPE: Json = {"name": "qtcore.telemetry.inferred"}


@dataclass(frozen=True, slots=True)
class InferredSpan:
    """A span that was ended from outside; `traceparent` lets a later trace link to it."""

    name: str
    trace_id: str
    span_id: str

    @property
    def traceparent(self) -> str:
        """The span as a W3C traceparent."""
        return f"00-{self.trace_id}-{self.span_id}-01"


def end_open_spans(
    folder: Path, name: str, *, cause: str, reason: str, died_ns: int, into: LineFile
) -> list[InferredSpan]:
    """End what the dead process `name` (`host-main-3`) left open: `qt.end=inferred`, with the cause.

    The spans keep the dead process's resource but are written to the caller's file, since each file
    has one writer. `died_ns` is the unix time of death in nanoseconds. Call it once the process is
    known to be gone; its marks are removed.
    """
    marks = folder / f"{name}{SUFFIX}"
    if not marks.exists():
        return []
    resource, openings = read_open(marks)
    front = head(resource, _SCOPE)
    for opening in openings:
        into.write(front + dumps(_ended(opening, cause, reason, died_ns)) + TAIL)
    marks.unlink(missing_ok=True)
    return [InferredSpan(opening["name"], opening["traceId"], opening["spanId"]) for opening in openings]


def marked_processes(folder: Path) -> list[str]:
    """Names of the processes that have marks: they live, or died without anybody looking."""
    return sorted(marks.name.removesuffix(SUFFIX) for marks in folder.glob(f"*{SUFFIX}"))


def _ended(opening: Json, cause: str, reason: str, died_ns: int) -> Json:
    ending = {"qt.end": "inferred", "qt.end.cause": cause, "error.type": cause}
    return {
        **opening,
        "endTimeUnixNano": str(max(died_ns, int(opening["startTimeUnixNano"]))),
        "attributes": [*opening.get("attributes", []), *attributes_of(ending)],
        "status": {"code": _ERROR, "message": reason},
    }
