"""A trace with everything in it, for drawing and reading."""

from __future__ import annotations

from qtcore.telemetry.span_record import SpanRecord

TRACE = "5f0c" * 8
START = 1_795_392_000_000_000_000
MS = 1_000_000


def span(
    name: str,
    start_ms: float,
    end_ms: float | None,
    *,
    parent: str = "",
    process: str = "supervisor-1",
    error: str | None = None,
    plugin: str | None = None,
    inferred: bool = False,
    links: tuple[str, ...] = (),
) -> SpanRecord:
    """One span; its id is its name."""
    attributes = {"qt.plugin": plugin} if plugin else {}
    if inferred:
        attributes |= {"qt.end": "inferred", "qt.end.cause": "signal"}
    return SpanRecord(
        trace_id=TRACE,
        span_id=name,
        parent_id=parent,
        name=name,
        start_ns=START + round(start_ms * MS),
        end_ns=None if end_ms is None else START + round(end_ms * MS),
        process=process,
        error=error,
        attributes=attributes,
        links=links,
    )


RECOVERY = [
    span("episode.recovery", 0, 1_250, plugin="feed", links=("77" * 16,)),
    span("notice", 0, 3, parent="episode.recovery"),
    span("decide", 3, 3.4, parent="episode.recovery"),
    span("start", 10, 62, parent="episode.recovery", plugin="feed", error="its host died"),
    span("plugin.start", 12, 60, parent="start", plugin="feed", process="host-data-3", inferred=True, error="SIGKILL"),
    span("again", 100, 180, parent="episode.recovery", plugin="feed"),
    span("plugin.start.2", 104, 178, parent="again", plugin="feed", process="host-data-4"),
    span("re-check", 180, None, parent="episode.recovery"),
    span("warm up", 600, 900, parent="lost", process="host-data-4"),
]
