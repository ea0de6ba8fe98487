"""`qt call PLUGIN.ACTION [JSON]`: run an action of a plugin and show its result."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from qtcore.cli.app import DryRunOption, HomeOption, JsonOption, new_app
from qtcore.cli.asking import ask_home
from qtcore.cli.exits import Exit
from qtcore.cli.output import say, say_json
from qtcore.cli.values import shown
from qtcore.control.client import ANSWER_TIMEOUT_S
from qtcore.errors import ConfigurationError
from qtcore.records.home import Home

app = new_app()

LONGEST_CALL_S = 3600.0


@app.command()
def call(
    action: Annotated[str, typer.Argument(metavar="PLUGIN.ACTION")],
    argument: Annotated[str, typer.Argument(metavar="[JSON]", help="the action's parameters as a JSON object")] = "{}",
    timeout_s: Annotated[float | None, typer.Option("--timeout", help="seconds; default: the action's own")] = None,
    dry_run: DryRunOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Call an action of a plugin."""
    plugin, dot, name = action.partition(".")
    if not (plugin and dot and name):
        raise ConfigurationError(f'"{action}" names no action; write PLUGIN.ACTION, for example feed.summary')
    return call_and_show(Home.find(home), plugin, name, _object(argument), timeout_s, dry_run=dry_run, as_json=as_json)


def call_and_show(
    home: Home,
    plugin: str,
    name: str,
    argument: dict[str, Any],
    timeout_s: float | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Call through the supervisor and print the result."""
    if dry_run:
        say(f"would call {plugin}.{name} with {json.dumps(argument)}")
        return Exit.HEALTHY
    arguments = {"plugin": plugin, "action": name, "argument": argument, "timeout_s": timeout_s}
    waiting_s = LONGEST_CALL_S if timeout_s is None else timeout_s + ANSWER_TIMEOUT_S
    result = ask_home(home, "call", arguments, timeout_s=waiting_s)
    say_json(result) if as_json else say(shown(result))
    return Exit.HEALTHY


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"the argument is not JSON ({error.msg} at character {error.pos + 1}); "
            "write an object such as '{\"n\": 3}'"
        ) from None
    if not isinstance(value, dict):
        raise ConfigurationError("the argument must be a JSON object, such as '{\"n\": 3}'")
    return value
