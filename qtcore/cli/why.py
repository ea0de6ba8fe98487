"""`qt why NAME`: what a plugin is doing, since when, and what led to it; or what the code of a finding means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.asking import refuse_unused
from qtcore.cli.exits import Exit, exit_of
from qtcore.cli.output import coloured, say, say_json
from qtcore.cli.why_code import PREFIX, tell_code
from qtcore.config.problem import did_you_mean
from qtcore.documents import Facts
from qtcore.errors import ConfigurationError, EnvironmentRefused, RecordsDamaged
from qtcore.health.model import Condition, Finding
from qtcore.kernel.words import Autonomy, Cause
from qtcore.records.home import Home
from qtcore.records.journal_event import EventKind, JournalEvent
from qtcore.records.journal_reader import JournalReader
from qtcore.records.state_file import StateFile
from qtcore.records.state_reader import read_state
from qtcore.report.current import current_status
from qtcore.report.durations import ago, clock_time, duration, moment
from qtcore.report.status_text import not_running_line
from qtcore.wording import counted

app = new_app()

_MOST_EVENTS = 15
_TOLD = [kind for kind in EventKind if kind is not EventKind.GENERATION_RESERVED]
"""That a number was reserved is for `qt events`; the transition beside it says the same."""
_TRACEBACK_LINES = 12
_CURRENT = "Current thread"
_SAID_ON_PURPOSE = frozenset({Cause.NOT_READY, Cause.NEEDS_OPERATOR})
"""The sentence says it all; where in the code it was raised helps nobody."""


@app.command()
def why(
    name: Annotated[str, typer.Argument(metavar="NAME", help="a plugin, or the code of a finding")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Lifecycle, reason, findings and the last entries of the journal about one plugin; or what a code means."""
    place = Home.find(home)
    if name.startswith(PREFIX):
        tell_code(place, name, as_json=as_json)
        return Exit.HEALTHY
    refuse_unused(place)
    status = current_status(place)
    line = next((plugin for plugin in status["plugins"] if plugin["name"] == name), None)
    if line is None:
        known = [plugin["name"] for plugin in status["plugins"]]
        raise ConfigurationError(f'there is no plugin "{name}" on this home{did_you_mean(name, known)}')
    states = {state.plugin: state for state in read_state(place.state) if isinstance(state, StateFile)}
    state, events = states.get(name), _events(place, name)
    if as_json:
        say_json(_document(line, state, events))
    else:
        for text in _told(status, line, state, events):
            say(text)
    return exit_of(line["status"], running=status["running"])


def _events(home: Home, name: str) -> list[JournalEvent]:
    """About the plugin, and about its host's death where it is the culprit."""
    try:
        with JournalReader.open(home.journal) as journal:
            return journal.read(plugin=name, kinds=_TOLD, limit=_MOST_EVENTS, newest=True)
    except (EnvironmentRefused, RecordsDamaged):
        return []


def _document(line: dict[str, Any], state: StateFile | None, events: list[JournalEvent]) -> dict[str, Any]:
    return {
        "schema": 1,
        "plugin": line,
        "reason": state.reason if state else "",
        "state": state.model_dump(mode="json") if state else None,
        "events": [event.model_dump(mode="json") for event in events],
    }


def _told(
    status: dict[str, Any], line: dict[str, Any], state: StateFile | None, events: list[JournalEvent]
) -> Iterator[str]:
    now = moment(status["at"])
    assert now is not None  # noqa: S101 - `at` is required
    since = moment(line["since"])
    if not status["running"]:
        yield not_running_line(moment(status["supervisor"]["since"]), now)
    word = coloured(line["status"], line["status"])
    yield f"{line['name']} is {line['lifecycle']} and {word} since {clock_time(since)} ({ago(since, now)} ago)"
    if line["summary"]:
        yield f"  says      {line['summary']}"
    if state is not None:
        yield from _state_lines(state, now.timestamp())
    if line["autonomy"] != Autonomy.ENFORCED:
        yield f"  autonomy  {line['autonomy']}: what it would have done is in the journal as `would_have`"
    yield f"  host      {line['host'] or '-'}, pid {line['pid'] or '-'}"
    yield f"  life      generation {line['generation']}, {counted(line['restarts'], 'restart')}"
    if events:
        yield "what happened, newest last:"
    for event in events:
        yield from _event_lines(event)


def _state_lines(state: StateFile, now_s: float) -> Iterator[str]:
    if state.reason and state.reason != state.summary:
        yield f"  because   {state.reason}"
    if state.next_attempt_at:
        yield f"  next try  in {duration(state.next_attempt_at.timestamp() - now_s)}"
    for condition in state.conditions:
        yield _condition_line(condition)
    for name, progress in sorted(state.progress.items()):
        yield f"  progress  {name} {progress.count}"
    for finding in state.findings:
        yield from _finding_lines(finding)


def _condition_line(condition: Condition) -> str:
    return f"  {condition.name:11} {condition.status.value}: {condition.reason}"


def _finding_lines(finding: Finding) -> Iterator[str]:
    yield f"  finding   {finding.severity.value} {finding.code}: {finding.summary}"
    for label in ("cause", "consequence", "fix", "verify"):
        if text := getattr(finding, label):
            yield f"            {label}: {text}"


def _event_lines(event: JournalEvent) -> Iterator[str]:
    trace = f"  [trace {event.trace_id}]" if event.trace_id else ""
    yield f"  {clock_time(event.at.wall)}  {_what(event)}{event.reason}{trace}"
    for text in _evidence(event.details) if event.cause not in _SAID_ON_PURPOSE else ():
        yield f"      {text}"


def _what(event: JournalEvent) -> str:
    details = event.details
    if "before" in details and "after" in details:
        return f"{details['before']} → {details['after']}: "
    return f"{event.kind.value.replace('_', ' ')}: "


def _evidence(details: Facts) -> Iterator[str]:
    """The end of a traceback is what names the place, and in a dump of all stacks the top of the current one."""
    traceback, stacks = details.get("traceback"), details.get("stacks")
    if isinstance(traceback, str):
        yield from traceback.strip().splitlines()[-_TRACEBACK_LINES:]
    if isinstance(stacks, str):
        yield from stacks[max(0, stacks.find(_CURRENT)) :].strip().splitlines()[:_TRACEBACK_LINES]
