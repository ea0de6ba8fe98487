"""The traces kept under a home, read from their files; no process needs to run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from qtcore.errors import ConfigurationError
from qtcore.telemetry.open_spans import SUFFIX, read_open
from qtcore.telemetry.routine import is_routine
from qtcore.telemetry.span_record import SpanRecord, process_of, span_from, spans_in

_SIGNAL_KEYS = ("qt.signal", "qt.signal_id", "signal", "signal_id")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which traces to list; everything left out matches all."""

    plugin: str | None = None
    error: bool = False
    since_ns: int = 0
    signal: str | None = None
    name: str | None = None
    routine: bool = True
    """Also health checks and timers in which nothing failed."""


@dataclass(slots=True)
class TraceSummary:
    """One trace in a list."""

    trace_id: str
    root: str = ""
    start_ns: int = 0
    end_ns: int = 0
    spans: int = 0
    errors: int = 0
    open: int = 0
    inferred: int = 0
    routine: bool = False
    plugins: set[str] = field(default_factory=set)
    processes: set[str] = field(default_factory=set)
    signals: set[str] = field(default_factory=set)

    @property
    def duration_ns(self) -> int:
        """From the first start to the last end known so far."""
        return self.end_ns - self.start_ns

    def add(self, span: SpanRecord) -> None:
        """Count one more span of this trace."""
        if not span.parent_id or not self.root:
            self.root = span.name
            self.routine = is_routine(span.attributes, is_root=not span.parent_id)
        self.start_ns = min(self.start_ns or span.start_ns, span.start_ns)
        self.end_ns = max(self.end_ns, span.end_ns or span.start_ns)
        self.spans += 1
        self.errors += span.error is not None
        self.open += span.end_ns is None
        self.inferred += span.inferred
        self.processes.add(span.process)
        if span.plugin:
            self.plugins.add(span.plugin)
        self.signals.update(str(span.attributes[key]) for key in _SIGNAL_KEYS if key in span.attributes)

    def matches(self, wanted: Wanted) -> bool:
        """Whether the whole trace is asked for."""
        return (
            (wanted.plugin is None or wanted.plugin in self.plugins)
            and (wanted.routine or not self.routine or self.errors > 0)
            and (not wanted.error or self.errors > 0)
            and self.end_ns >= wanted.since_ns
            and (wanted.signal is None or wanted.signal in self.signals)
            and (wanted.name is None or wanted.name in self.root)
        )


class TraceStore:
    """The folder of traces. `unreadable` counts the lines that made no sense in the last reading."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.unreadable = 0

    def summaries(self, wanted: Wanted = Wanted(), *, limit: int | None = None) -> list[TraceSummary]:
        """The matching traces, newest last; with `limit` only the newest."""
        found: dict[str, TraceSummary] = {}
        for span in self.spans():
            found.setdefault(span.trace_id, TraceSummary(span.trace_id)).add(span)
        matching = sorted(
            (summary for summary in found.values() if summary.matches(wanted)), key=lambda summary: summary.start_ns
        )
        return matching[-limit:] if limit else matching

    def trace(self, prefix: str) -> list[SpanRecord]:
        """All spans of the one trace whose id starts so. Raises ConfigurationError when it is none or several."""
        spans = list(self.spans(prefix.lower()))
        ids = sorted({span.trace_id for span in spans})
        if not ids:
            raise ConfigurationError(f"no trace in {self._folder} starts with {prefix}; `qt trace` lists what there is")
        if len(ids) > 1:
            raise ConfigurationError(
                f"{prefix} is the start of {len(ids)} traces: {', '.join(ids[:5])}; give more of it"
            )
        return spans

    def spans(self, prefix: str = "") -> Iterator[SpanRecord]:
        """Each span once, of the traces whose id starts so.

        A span that was written by its own process wins over one ended by inference, and both over
        one that is still marked as open.
        """
        self.unreadable = 0
        sought = f'"traceId":"{prefix}'.encode("ascii", "replace")
        # Inferred ends and open marks are few; they are held back until all written spans are known.
        held: dict[str, SpanRecord] = {}
        written: set[str] = set()
        for span in self._finished(sought):
            if not span.trace_id.startswith(prefix):
                continue
            if span.inferred:
                held[span.span_id] = span
            elif span.span_id not in written:
                written.add(span.span_id)
                yield span
        for span in self._open():
            if span.trace_id.startswith(prefix):
                held.setdefault(span.span_id, span)
        yield from (span for span in held.values() if span.span_id not in written)

    def _finished(self, sought: bytes) -> Iterator[SpanRecord]:
        for path in self._files():
            with path.open("rb") as lines:
                yield from self._parsed(line for line in lines if sought in line)

    def _parsed(self, lines: Iterable[bytes]) -> Iterator[SpanRecord]:
        for line in lines:
            try:
                yield from list(spans_in(orjson.loads(line)))
            except (ValueError, KeyError, TypeError, AttributeError):
                self.unreadable += 1

    def _files(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.glob("*.jsonl") if not path.name.endswith(SUFFIX))

    def _open(self) -> Iterator[SpanRecord]:
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            try:
                resource, openings = read_open(path)
            except FileNotFoundError:  # its process ended just now
                continue
            yield from (span_from(opening, process_of(resource)) for opening in openings)
