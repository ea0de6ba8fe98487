"""A trace drawn as text: who did what, when, for how long, and where it broke."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from qtcore.telemetry.moments import duration_text, time_text
from qtcore.telemetry.span_record import SpanRecord

_NARROWEST_BAR = 10


@dataclass(frozen=True, slots=True)
class WaterfallLine:
    """One line; `mood` is what a terminal may colour by: plain, error, inferred, open."""

    text: str
    mood: str = "plain"


def waterfall(spans: Sequence[SpanRecord], *, width: int = 100, running: bool = True) -> list[WaterfallLine]:
    """The whole trace, parents above children in order of start, in lines of at most `width` where possible.

    Bars: `=` ended, `~` ended by inference, `.` not ended; without a supervisor (`running`) nothing is open any more.
    """
    start = min(span.start_ns for span in spans)
    end = max(span.end_ns or span.start_ns for span in spans)
    rows = list(_in_order(spans))
    labels = [f"{'  ' * depth}{_label(span)}" for depth, span in rows]
    label_width = min(max(map(len, labels)), width // 2)
    bar_width = max(_NARROWEST_BAR, width - label_width - 26)
    lines = [_title(spans, start, end), WaterfallLine(f"started {time_text(start)} UTC"), WaterfallLine("")]
    for label, (_, span) in zip(labels, rows, strict=True):
        bar = _bar(span, start, end, bar_width)
        took = duration_text(span.end_ns - span.start_ns) if span.end_ns is not None else unended(running)
        offset = duration_text(span.start_ns - start)
        lines.append(WaterfallLine(f"{label:<{label_width}}  +{offset:>9} |{bar}| {took}".rstrip(), _mood(span)))
        lines.extend(_remarks(span, label))
    return lines


def unended(running: bool) -> str:
    """How to speak of a span without an end."""
    return "open" if running else "never ended"


def _title(spans: Sequence[SpanRecord], start: int, end: int) -> WaterfallLine:
    processes = sorted({span.process for span in spans})
    errors = sum(span.error is not None for span in spans)
    parts = [
        f"trace {spans[0].trace_id}",
        duration_text(end - start),
        _count(len(spans), "span"),
        f"{_count(len(processes), 'process', 'processes')}: {', '.join(processes)}",
    ]
    return WaterfallLine(
        " · ".join([*parts, _count(errors, "error")] if errors else parts), "error" if errors else "plain"
    )


def _in_order(spans: Sequence[SpanRecord]) -> Iterator[tuple[int, SpanRecord]]:
    """Depth first; a span whose parent is not in the trace stands at the top."""
    known = {span.span_id for span in spans}
    children: dict[str, list[SpanRecord]] = defaultdict(list)
    for span in sorted(spans, key=lambda span: (span.start_ns, span.span_id)):
        children[span.parent_id if span.parent_id in known else ""].append(span)
    waiting = [(0, span) for span in reversed(children[""])]
    while waiting:
        depth, span = waiting.pop()
        yield depth, span
        waiting.extend((depth + 1, child) for child in reversed(children[span.span_id]))


def _label(span: SpanRecord) -> str:
    who = f"{span.plugin} @ {span.process}" if span.plugin else span.process
    return f"{span.name} ({who})"


def _bar(span: SpanRecord, start: int, end: int, width: int) -> str:
    whole = max(1, end - start)
    left = min(width - 1, (span.start_ns - start) * width // whole)
    last = span.end_ns if span.end_ns is not None else end
    right = max(left + 1, min(width, -(-(last - start) * width // whole)))
    ink = "." if span.end_ns is None else "~" if span.inferred else "="
    return " " * left + ink * (right - left) + " " * (width - right)


def _remarks(span: SpanRecord, label: str) -> Iterator[WaterfallLine]:
    indent = " " * (len(label) - len(label.lstrip()) + 2)
    if span.inferred:
        cause = span.attributes.get("qt.end.cause", "unknown")
        yield WaterfallLine(f"{indent}! ended by inference ({cause}): {span.error}", "inferred")
    elif span.error is not None:
        yield WaterfallLine(f"{indent}! {span.error or 'failed'}", "error")
    for trace_id in span.links:
        yield WaterfallLine(f"{indent}> follows trace {trace_id}")


def _mood(span: SpanRecord) -> str:
    if span.inferred:
        return "inferred"
    if span.error is not None:
        return "error"
    return "open" if span.end_ns is None else "plain"


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
