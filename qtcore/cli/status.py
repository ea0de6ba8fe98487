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
) -> int:
    """One line per plugin: status, lifecycle, host, restarts and what it says about itself."""
    place = Home.find(home)
    if watch:
        return _watched(place)
    document = current_status(place)
    say_json(document) if as_json else say(status_text(document))
    return exit_of(document["overall"]["status"], running=document["running"])


def _watched(home: Home) -> int:
    document: dict[str, Any] = {}
    while True:
        try:
            document = current_status(home)
            screen = status_text(document)
        except EnvironmentRefused as error:
            screen = str(error)
        footer = f"\nhome {home.root}\nCtrl-C leaves this view" if sys.stdout.isatty() else ""
        sys.stdout.write((_CLEAR if sys.stdout.isatty() else "") + screen + "\n" + footer + "\n")
        sys.stdout.flush()
        time.sleep(PERIOD_S)
