"""`qt watch`: wait until everything is healthy and stays so; for scripts and for people in a hurry."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.exits import Exit, exit_of
from qtcore.cli.output import say, say_json
from qtcore.errors import ConfigurationError
from qtcore.records.home import Home
from qtcore.report.current import current_status
from qtcore.report.status_text import counts_line

app = new_app()

PERIOD_S = 0.2
IDLE = "not running yet"


@app.command()
def watch(
    until: Annotated[str, typer.Option("--until", help="the status to wait for")] = "healthy",
    for_s: Annotated[float, typer.Option("--for", help="seconds that it must hold without a break")] = 0.0,
    timeout_s: Annotated[float, typer.Option("--timeout", help="give up after these seconds")] = 60.0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Wait until the overall status is reached and has held; ends with its exit code, or that of what was seen last."""
    if until not in {"healthy", "degraded"}:
        raise ConfigurationError(f'"{until}" cannot be waited for; use --until healthy or --until degraded')
    document, held = _awaited(Home.find(home), until, for_s, timeout_s, quiet=as_json)
    if as_json:
        say_json(document)
    if held:
        return Exit.HEALTHY
    code = exit_of(document["overall"]["status"], running=document["running"])
    return code or Exit.DEGRADED  # healthy now, but not for as long as asked


def _awaited(home: Home, until: str, for_s: float, timeout_s: float, *, quiet: bool) -> tuple[dict[str, Any], bool]:
    """The status seen last, and whether it held for `for_s` before time was up."""
    enough = {"healthy"} if until == "healthy" else {"healthy", "degraded"}
    deadline, since, last_line = time.monotonic() + timeout_s, None, ""
    while True:
        document = current_status(home)
        now = time.monotonic()
        good = document["running"] and document["overall"]["status"] in enough
        since = (since or now) if good else None
        line = f"{document['overall']['status']}: {counts_line(document['counts'])}" if document["running"] else IDLE
        if line != last_line and not quiet:
            say(line)
            last_line = line
        held = since is not None and now - since >= for_s
        if held or now >= deadline:
            return document, held
        time.sleep(PERIOD_S)
