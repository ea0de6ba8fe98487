"""`qt status`: one line per plugin, now or live."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.exits import exit_of
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
) -> int:
    """One line per plugin: status, lifecycle, host, restarts and what it says about itself."""
    place = Home.find(home)
    if watch:
        return _watched(place, hint)
    document = current_status(place)
    say_json(document) if as_json else say(status_text(document))
    return exit_of(document["overall"]["status"], running=document["running"])


def _watched(home: Home, hint: str) -> int:
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
        time.sleep(PERIOD_S)


def where_things_are(home: Home) -> str:
    """The folders and databases of a home, for the foot of the live view."""
    databases = sorted(path.name for path in home.root.glob("*.db") if path != home.journal)
    rows = [("state", home.state), ("logs", home.logs), ("traces", home.traces), ("journal", home.journal)]
    rows += [("database", home.root / name) for name in databases]
    return "\n".join(f"{label:8} {path}" for label, path in rows)
