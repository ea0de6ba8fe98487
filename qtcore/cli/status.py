"""`qt status`: one line per plugin, now or live."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from typing import Annotated, Any

import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.exits import Exit, exit_of
from qtcore.cli.output import say, say_json
from qtcore.errors import EnvironmentRefused
from qtcore.records.home import Home
from qtcore.report.current import current_status
from qtcore.report.status_text import status_text

app = new_app()

PERIOD_S = 1.0
_CLEAR = "\033[H\033[J"


@app.command()
def status(
    home: HomeOption = None,
    as_json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="repaint every second until Ctrl-C")] = False,
    hint: Annotated[str, typer.Option(hidden=True, help="last line of the live view")] = "Ctrl-C leaves this view",
    of: Annotated[
        int | None, typer.Option(hidden=True, help="the supervisor whose view this is: it ends it, and Ctrl-C is its")
    ] = None,
) -> int:
    """One line per plugin: status, lifecycle, host, restarts and what it says about itself."""
    place = Home.find(home)
    if watch:
        return _watched(place, hint, _Pace() if of is None else _PaceOf(of))
    document = current_status(place)
    say_json(document) if as_json else say(status_text(document))
    return exit_of(document["overall"]["status"], running=document["running"])


class _Pace:
    """Until Ctrl-C."""

    def wait(self) -> bool:
        """Whether to go on, after a period."""
        time.sleep(PERIOD_S)
        return True


class _PaceOf(_Pace):
    """As long as the supervisor lives that started this view; Ctrl-C and hang-up are for that one to obey."""

    def __init__(self, pid: int) -> None:
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self._poll = select.poll()
        try:
            self._poll.register(os.pidfd_open(pid), select.POLLIN)
            self._gone = os.getppid() != pid
        except ProcessLookupError:
            self._gone = True

    def wait(self) -> bool:
        """Whether to go on, after a period or at the supervisor's death."""
        return not self._gone and not self._poll.poll(PERIOD_S * 1000)


def _watched(home: Home, hint: str, pace: _Pace) -> int:
    document: dict[str, Any] = {}
    while True:
        try:
            document = current_status(home)
            screen = status_text(document)
        except EnvironmentRefused as error:
            screen = str(error)
        if sys.stdout.isatty():
            screen = f"{_CLEAR}{screen}\n\n{where_things_are(home)}\n{hint}"
        sys.stdout.write(screen + "\n")
        sys.stdout.flush()
        if not pace.wait():
            say("the supervisor was killed, and its plugins ended with it; `qt up` goes on from the records")
            return Exit.NOT_RUNNING


def where_things_are(home: Home) -> str:
    """The folders and databases of a home, for the foot of the live view."""
    databases = sorted(path.name for path in home.root.glob("*.db") if path != home.journal)
    rows = [("state", home.state), ("logs", home.logs), ("traces", home.traces), ("journal", home.journal)]
    rows += [("database", home.root / name) for name in databases]
    return "\n".join(f"{label:8} {path}" for label, path in rows)
