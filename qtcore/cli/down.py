"""`qt down`: stop everything in order and wait until it is gone."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from qtcore.cli.app import DryRunOption, HomeOption, JsonOption, new_app
from qtcore.cli.asking import ask_home
from qtcore.cli.exits import Exit
from qtcore.cli.output import say, say_json
from qtcore.control.client import NotRunning
from qtcore.errors import EnvironmentRefused
from qtcore.records.home import Home
from qtcore.wording import counted

app = new_app()

_LOOK_EVERY_S = 0.05


@app.command()
def down(
    reason: Annotated[str, typer.Option("--reason", help="kept in the journal")] = "asked by the operator",
    timeout_s: Annotated[float, typer.Option("--timeout", help="seconds to wait for the end")] = 60.0,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Stop all plugins in reverse order of their dependencies, then the supervisor."""
    place = Home.find(home)
    if not place.running:
        raise NotRunning(f"nothing runs on the home {place.root}; there is nothing to stop")
    began_s = time.monotonic()
    acted = ask_home(place, "down", {"reason": reason, "dry_run": dry_run})
    if not dry_run:
        _wait_gone(place, timeout_s)
    took_s = time.monotonic() - began_s
    if as_json:
        say_json({**acted, "took_s": round(took_s, 3)})
    elif dry_run:
        say(acted["sentence"])
    else:
        say(f"stopped {counted(len(acted['affected']), 'plugin')} and the supervisor in {took_s:.1f} s")
    return Exit.HEALTHY


def _wait_gone(home: Home, timeout_s: float) -> None:
    """The lock is what the next `qt up` asks for, so its release is what counts as gone."""
    deadline = time.monotonic() + timeout_s
    while home.running:
        if time.monotonic() > deadline:
            raise EnvironmentRefused(
                f"still stopping after {timeout_s:g} s; see `qt status` for what is left, and ask again with --timeout"
            )
        time.sleep(_LOOK_EVERY_S)
