"""`qt trace`: which traces there are, and one of them drawn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.asking import refuse_unused
from qtcore.cli.output import coloured, say, say_json, table, terminal_width
from qtcore.records.home import Home
from qtcore.telemetry.moments import duration_text, parse_since, time_text
from qtcore.telemetry.span_record import SpanRecord
from qtcore.telemetry.store import TraceStore, TraceSummary, Wanted
from qtcore.telemetry.waterfall import unended, waterfall

app = new_app()

_COLUMNS = ("started", "took", "spans", "errors", "trace", "name", "plugins")
_COLOUR_OF_MOOD = {"error": "failed", "inferred": "degraded", "open": "unknown", "plain": ""}


@app.command()
def command(
    *,
    trace_id: Annotated[str | None, typer.Argument(metavar="[TRACE]", help="draw the trace whose id starts so")] = None,
    plugin: Annotated[str | None, typer.Option(help="only traces in which this plugin took part")] = None,
    error: Annotated[bool, typer.Option("--error", help="only traces with a failure")] = False,
    since: Annotated[str | None, typer.Option(help="only traces that ended after: 10m, 2h, or a UTC time")] = None,
    signal: Annotated[str | None, typer.Option(help="only the trace of this signal")] = None,
    name: Annotated[str | None, typer.Option(help="only traces whose first span's name contains this")] = None,
    routine: Annotated[bool, typer.Option("--all", help="also checks and timers in which nothing failed")] = False,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="how many, newest last")] = 30,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """List traces, newest last, or draw one."""
    found = Home.find(home)
    refuse_unused(found)
    store = TraceStore(found.traces)
    if trace_id is not None:
        _show_one(store.trace(trace_id), as_json=as_json, running=found.running)
        return 0
    now = datetime.now(UTC)
    since_ns = round(parse_since(since, now).timestamp() * 1e9) if since else 0
    wanted = Wanted(plugin=plugin, error=error, since_ns=since_ns, signal=signal, name=name, routine=routine)
    summaries = store.summaries(wanted, limit=limit)
    if as_json:
        say_json({"schema": 1, "traces": [_document(summary) for summary in summaries], "unreadable": store.unreadable})
    else:
        _show_list(summaries, store.unreadable, running=found.running)
    return 0


def _show_list(summaries: Sequence[TraceSummary], unreadable: int, *, running: bool) -> None:
    if summaries:
        say(table([_row(summary, running) for summary in summaries], _COLUMNS))
        say("`qt trace TRACE` draws one; the first few figures of its id are enough")
    else:
        say("no trace matches; --all also lists checks and timers")
    if unreadable:
        say(f"{unreadable} lines could not be read as spans and were left out")


def _show_one(spans: Sequence[SpanRecord], *, as_json: bool, running: bool) -> None:
    if as_json:
        ordered = sorted(spans, key=lambda span: span.start_ns)
        say_json({"schema": 1, "trace_id": spans[0].trace_id, "spans": [_span_document(span) for span in ordered]})
        return
    for line in waterfall(spans, width=terminal_width(), running=running):
        say(coloured(line.text, _COLOUR_OF_MOOD[line.mood]))


def _row(summary: TraceSummary, running: bool) -> dict[str, Any]:
    took = duration_text(summary.duration_ns)
    return {
        "started": time_text(summary.start_ns),
        "took": f"{took} ({unended(running)})" if summary.open else took,
        "spans": summary.spans,
        "errors": summary.errors or "",
        "trace": summary.trace_id[:12],
        "name": summary.root,
        "plugins": ", ".join(sorted(summary.plugins)),
    }


def _document(summary: TraceSummary) -> dict[str, Any]:
    return {
        "trace_id": summary.trace_id,
        "name": summary.root,
        "start_unix_ns": summary.start_ns,
        "duration_ns": summary.duration_ns,
        "spans": summary.spans,
        "errors": summary.errors,
        "open": summary.open,
        "inferred": summary.inferred,
        "plugins": sorted(summary.plugins),
        "processes": sorted(summary.processes),
        "signals": sorted(summary.signals),
    }


def _span_document(span: SpanRecord) -> dict[str, Any]:
    return {
        "span_id": span.span_id,
        "parent_id": span.parent_id or None,
        "name": span.name,
        "process": span.process,
        "plugin": span.plugin,
        "start_unix_ns": span.start_ns,
        "end_unix_ns": span.end_ns,
        "error": span.error,
        "inferred": span.inferred,
        "attributes": span.attributes,
        "follows": list(span.links),
    }
