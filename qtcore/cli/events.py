"""`qt events`: the journal."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.asking import refuse_unused
from qtcore.cli.output import say, say_json
from qtcore.records.home import Home
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.records.journal_reader import JournalReader

app = new_app()

FOLLOW_S = 0.25
"""How often a followed journal is asked."""


@app.command()
def command(
    *,
    since: Annotated[int | None, typer.Option(min=0, metavar="SEQ", help="only events after this one")] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="go on with what is recorded from now on")] = False,
    plugin: Annotated[str | None, typer.Option(help="only events about this plugin")] = None,
    kind: Annotated[list[EventKind] | None, typer.Option(help="only events of this kind; may be repeated")] = None,
    trace: Annotated[str | None, typer.Option(help="only events of this trace (whole id)")] = None,
    limit: Annotated[
        int, typer.Option("-n", "--limit", min=1, help="how many: the newest, or with --since the next")
    ] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show what happened, in order; with --follow --json one JSON object per line."""
    kinds = tuple(kind or ())
    place = Home.find(home)
    refuse_unused(place)
    with JournalReader.open(place.journal) as journal:
        seen = journal.bounds()[1] if since is None else since
        events = journal.read(since or 0, limit, plugin=plugin, kinds=kinds, trace_id=trace, newest=since is None)
        if as_json and not follow:
            say_json({"schema": 1, "events": [event.model_dump(mode="json") for event in events]})
            return 0
        while True:
            for event in events:
                say(event.model_dump_json() if as_json else text_of(event))
                seen = max(seen, event.seq)
            if not follow:
                return 0
            time.sleep(FOLLOW_S)
            events = journal.read(seen, plugin=plugin, kinds=kinds, trace_id=trace)


def text_of(event: JournalEvent) -> str:
    """One event as one line."""
    who = event.plugin or event.host or "-"
    if event.generation is not None:
        who = f"{who}#{event.generation}"
    cause = f"[{event.cause.value}] " if event.cause else ""
    when = f"{event.at.wall:%Y-%m-%d %H:%M:%S}.{event.at.wall.microsecond // 1_000:03}"
    return f"{event.seq:>7}  {when}  {event.kind.value:20} {who:24} {_change(event)}{cause}{event.reason}"


def _change(event: JournalEvent) -> str:
    """For a transition, from where to where."""
    before, after = event.details.get("before"), event.details.get("after")
    return f"{before} -> {after}: " if before and after else ""
