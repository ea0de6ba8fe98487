"""`qt logs`: the log lines of all processes in order of time."""

from __future__ import annotations

import time
from collections import deque
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.asking import refuse_unused
from qtcore.cli.output import coloured, say, say_json
from qtcore.config.problem import did_you_mean
from qtcore.records.home import Home
from qtcore.telemetry.log_store import LogFilter, LogStore
from qtcore.telemetry.moments import parse_since

app = new_app()

FOLLOW_S = 0.25
"""How often a followed file is looked at."""

_SHOWN_APART = frozenset(
    {"time", "level", "event", "plugin", "generation", "process", "trace_id", "span_id", "exception"}
)
_COLOUR_OF_LEVEL = {"warning": "degraded", "error": "failed", "critical": "failed"}


@app.command()
def command(
    *,
    plugin: Annotated[
        str | None, typer.Argument(help="only this plugin, or this process (supervisor, host-main)")
    ] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="go on with what is written from now on")] = False,
    level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"], typer.Option(help="only lines at least this grave")
    ] = "debug",
    since: Annotated[str | None, typer.Option(help="only lines after: 10m, 2h, or a UTC time")] = None,
    trace: Annotated[str | None, typer.Option(help="only lines of the trace whose id starts so")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=0, help="how many of the newest lines")] = 100,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Show log lines; with --follow --json one JSON object per line."""
    after = parse_since(since, datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") if since else ""
    wanted = LogFilter(plugin=plugin, level=level, since=after, trace_id=trace)
    place = Home.find(home)
    refuse_unused(place)
    store = LogStore(place.logs)
    follower = store.follower()
    newest = deque(store.lines(wanted), maxlen=limit)
    if as_json and not follow:
        say_json({"schema": 1, "lines": list(newest)})
        return 0
    for line in newest:
        _show(line, as_json=as_json)
    if not newest and not as_json:
        say("no log line matches" + _known_writers(place, plugin))
    while follow:
        time.sleep(FOLLOW_S)
        for line in follower.new(wanted):
            _show(line, as_json=as_json)
    return 0


def _known_writers(home: Home, wanted: str | None) -> str:
    """Where a name was given that nobody has, the names there are."""
    names = {path.stem for path in home.logs.glob("*.jsonl")} | {path.stem for path in home.state.glob("*.json")}
    return did_you_mean(wanted, names) if wanted is not None and wanted not in names else ""


def _show(line: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say(orjson.dumps(line).decode())
        return
    level = str(line.get("level", "info"))
    who = str(line.get("plugin") or line.get("process"))
    if "generation" in line:
        who = f"{who}#{line['generation']}"
    facts = " ".join(f"{key}={_fact(value)}" for key, value in line.items() if key not in _SHOWN_APART)
    trace = f" trace={str(line['trace_id'])[:12]}" if "trace_id" in line else ""
    text = f"{line.get('time', '?')!s:27} {level:8} {who:24} {line.get('event', '')}"
    say(coloured(f"{text}  {facts}{trace}".rstrip(), _COLOUR_OF_LEVEL.get(level, "")))
    if "exception" in line:
        say("\n".join(f"    {row}" for row in str(line["exception"]).splitlines()))


def _fact(value: Any) -> str:
    return value if isinstance(value, str) and value and " " not in value else orjson.dumps(value).decode()
