"""`qt watch`: wait until everything is healthy and stays so; its verdict is kept, and the next report tells it."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.exits import Exit, exit_of
from qtcore.cli.output import say, say_json
from qtcore.cli.watching import Watching
from qtcore.control.client import Declined, ask
from qtcore.errors import ConfigurationError, EnvironmentRefused
from qtcore.records.home import Home
from qtcore.report.current import current_status
from qtcore.report.durations import duration
from qtcore.report.status_text import counts_line

app = new_app()

PERIOD_S, LONG_PERIOD_S = 0.2, 1.0
"""How often the status is asked for; more rarely where it is to hold for long."""
LONG_S = 30.0
GRACE_S = 60.0
"""How long it may take until what is waited for is there; what must then hold comes on top."""
IDLE = "not running yet"
_STEPS = 10
_CLEAR_LINE = "\r\033[K"
_MOST_NAMES = 5


@app.command()
def watch(
    until: Annotated[str, typer.Option("--until", help="the status to wait for")] = "healthy",
    for_s: Annotated[float, typer.Option("--for", min=0, help="seconds that it must hold without a break")] = 0.0,
    timeout_s: Annotated[
        float | None, typer.Option("--timeout", help="give up after these seconds; default: a minute more than --for")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Wait until the overall status is reached and has held; ends with its exit code, or that of what was seen last.

    The verdict goes into the journal and the next report.
    """
    if until not in {"healthy", "degraded"}:
        raise ConfigurationError(f'"{until}" cannot be waited for; use --until healthy or --until degraded')
    place = Home.find(home)
    show = _Progress(until, for_s, quiet=as_json)
    document, seen, now_s = _watched(place, until, for_s, GRACE_S + for_s if timeout_s is None else timeout_s, show)
    held = seen.held(now_s)
    show.end(_verdict(seen, until, now_s, held=held))
    if not _recorded(place, seen, until, now_s, held=held) and not as_json:
        say("nothing runs that could keep this verdict")
    if as_json:
        say_json(document)
    if held:
        return Exit.HEALTHY
    code = exit_of(document["overall"]["status"], running=document["running"])
    return code or Exit.DEGRADED  # healthy now, but not for as long as asked


def _watched(
    home: Home, until: str, for_s: float, timeout_s: float, show: _Progress
) -> tuple[dict[str, Any], Watching, float]:
    """The status seen last, what was seen of it all, and when that ended."""
    enough = {"healthy"} if until == "healthy" else {"healthy", "degraded"}
    seen = Watching(for_s, time.monotonic())
    while True:
        document = current_status(home)
        now_s = time.monotonic()
        good = document["running"] and document["overall"]["status"] in enough
        seen = seen.see(good=good, why=_why(document), now_s=now_s)
        show.sighting(document, seen, now_s)
        if seen.held(now_s) or now_s - seen.began_s >= timeout_s:
            return document, seen, now_s
        time.sleep(LONG_PERIOD_S if for_s > LONG_S else PERIOD_S)


def _why(document: dict[str, Any]) -> str:
    """`degraded: feed, models`; who is to blame for the status of the whole."""
    if not document["running"]:
        return "not running"
    status = document["overall"]["status"]
    names = [plugin["name"] for plugin in document["plugins"] if plugin["status"] == status]
    more = [f"{len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return f"{status}: {', '.join(names[:_MOST_NAMES] + more)}" if names else status


def _verdict(seen: Watching, until: str, now_s: float, *, held: bool) -> str:
    watched = f"watched for {duration(now_s - seen.began_s)}: "
    if held:
        return watched + (f"{until} held for {duration(seen.for_s)}" if seen.for_s else until)
    if seen.breaks:
        return watched + f"{until} broke after {duration(seen.longest_s)}: {seen.why}"
    if seen.longest_s:
        return watched + f"{until} held for only {duration(seen.longest_s)} of {duration(seen.for_s)}"
    return watched + f"never {until}: {seen.why}"


def _recorded(home: Home, seen: Watching, until: str, now_s: float, *, held: bool) -> bool:
    """Whether the supervisor took the verdict; a reading must not fail because nobody does."""
    arguments = {
        "until": until,
        "for_s": seen.for_s,
        "held": held,
        "waited_s": round(now_s - seen.began_s, 3),
        "held_s": round(seen.longest_s, 3),
        "breaks": seen.breaks,
        "why": seen.why,
    }
    try:
        ask(home.run_dir, "watched", arguments)
    except (EnvironmentRefused, Declined):
        return False
    return True


class _Progress:
    """What people see meanwhile: a line that counts on a terminal, elsewhere one for each change and each tenth."""

    def __init__(self, until: str, for_s: float, *, quiet: bool) -> None:
        self._until = until
        self._for_s = for_s
        self._quiet = quiet
        self._live = sys.stdout.isatty()
        self._last = ""
        self._step = 0

    def sighting(self, document: dict[str, Any], seen: Watching, now_s: float) -> None:
        """The status now, and for how long it has been good."""
        if self._quiet:
            return
        line = f"{document['overall']['status']}: {counts_line(document['counts'])}" if document["running"] else IDLE
        good_s = 0.0 if seen.good_since_s is None else now_s - seen.good_since_s
        held = f"{self._until} for {good_s:.0f} of {self._for_s:g} s" if self._for_s and seen.good_since_s else ""
        if self._live:
            sys.stdout.write(_CLEAR_LINE + " · ".join(filter(None, (line, held))))
            sys.stdout.flush()
            return
        step = int(good_s / self._for_s * _STEPS) if self._for_s else 0
        if line != self._last:
            say(line)
        elif 0 < self._step < step < _STEPS or (step and not self._step):
            say(held)
        self._last, self._step = line, step

    def end(self, verdict: str) -> None:
        """The last word."""
        if not self._quiet:
            sys.stdout.write(_CLEAR_LINE if self._live else "")
            say(verdict)
