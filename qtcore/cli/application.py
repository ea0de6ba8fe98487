"""Commands that the application's plugins offer: `qt funnel`, `qt kill on`, …, read from cached manifests.

A broken plugin cannot break `qt`: what cannot be read offers nothing.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtcore.cli.action_parser import action_parser
from qtcore.cli.commands import COMMANDS
from qtcore.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Offer:
    """One action that is also a command."""

    plugin: str
    use: str
    root: Path
    action: Mapping[str, Any]
    """The ActionSpec as JSON data."""

    @property
    def command(self) -> str:
        """The words after `qt`."""
        return str(self.action["command"]["name"])

    @property
    def help(self) -> str:
        """What it does, in a line."""
        return str(self.action["command"]["help"] or self.action["help"])


def offered_commands() -> dict[str, str]:
    """Command and help of everything the application offers, as far as it is known without looking at plugins."""
    return {offer.command: offer.help for offer in _offers(_home([]))}


def run_application_command(arguments: Sequence[str]) -> int:
    """Run `qt WORDS …` of the application. Raises ConfigurationError when nobody offers it."""
    home = _home(arguments)
    found = _match(_offers(home), arguments) or _match(_fresh_offers(home, arguments), arguments)
    if found is None:
        from qtcore.config.problem import did_you_mean

        known = [*COMMANDS, *(offer.command for offer in _offers(home))]
        asked = _words(arguments, known)
        raise ConfigurationError(f'there is no command "{asked}"{did_you_mean(asked, known)}')
    return _run(found, arguments[len(found.command.split()) :])


def _words(arguments: Sequence[str], known: Sequence[str]) -> str:
    """What was meant as the command: two words where the first one begins commands of two."""
    begins = any(name.startswith(arguments[0] + " ") for name in known)
    return " ".join(arguments[:2]) if begins else arguments[0]


def _match(offers: Sequence[Offer], arguments: Sequence[str]) -> Offer | None:
    fitting = [offer for offer in offers if offer.command.split() == [*arguments[: len(offer.command.split())]]]
    return max(fitting, key=lambda offer: len(offer.command.split()), default=None)


def _home(arguments: Sequence[str]) -> Path:
    """The home folder named among the arguments, before they can be parsed properly."""
    for before, argument in zip(["", *arguments], arguments, strict=False):
        if before == "--home":
            return Path(argument)
        if argument.startswith("--home="):
            return Path(argument.removeprefix("--home="))
    return Path(os.environ.get("QT_HOME") or "var")


def _offers(home: Path) -> list[Offer]:
    """From the cache alone, without importing anything heavy."""
    try:
        entries = json.loads((home / "cache" / "manifests.json").read_bytes())
        return [
            Offer(name, entry["inspected"]["manifest"]["use"], Path(entry["root"]), action)
            for name, entry in entries.items()
            for action in entry["inspected"]["manifest"]["actions"]
            if action["command"]
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []  # nothing has been looked at yet, or by another version


def _fresh_offers(home: Path, arguments: Sequence[str]) -> list[Offer]:
    """Look at the plugins of the configuration here, if there is one, and read the cache again."""
    import anyio

    from qtcore.cli.files import configuration_path
    from qtcore.config.configuration import load_configuration
    from qtcore.config.inspection import inspect as look

    path = configuration_path(None)
    if not path.exists() or arguments[0].startswith("-"):
        return []
    anyio.run(look, load_configuration(path, os.environ, {}), home / "cache")
    return _offers(home)


def _run(offer: Offer, arguments: Sequence[str]) -> int:
    parsed = vars(action_parser(offer.command, offer.help, offer.action["parameters"]).parse_args(list(arguments)))
    home, as_json, dry_run = parsed.pop("home"), parsed.pop("json"), parsed.pop("dry_run")
    argument = {name: value for name, value in parsed.items() if value is not None}
    if offer.action["offline"]:
        return _run_here(offer, argument, home, dry_run=dry_run, as_json=as_json)
    from qtcore.cli.call import call_and_show
    from qtcore.records.home import Home

    return call_and_show(
        Home.find(home), offer.plugin, offer.action["name"], argument, None, dry_run=dry_run, as_json=as_json
    )


def _run_here(offer: Offer, argument: dict[str, Any], home: Path | None, *, dry_run: bool, as_json: bool) -> int:
    """An offline action runs in this process, so that it works when everything is down."""
    from qtcore.cli.output import say, say_json
    from qtcore.cli.values import shown
    from qtcore.config.declarations import Unloadable, argument_model
    from qtcore.config.loading import load_class
    from qtcore.records.home import Home

    if dry_run:
        say(f"would run {offer.plugin}.{offer.action['name']} with {json.dumps(argument)}")
        return 0
    sys.path.insert(0, str(offer.root))
    try:
        function = getattr(load_class(offer.use), offer.action["name"])
    except Unloadable as error:
        raise ConfigurationError(f"plugin {offer.plugin} cannot be read: {error}") from None
    values = _checked(argument_model(inspect.unwrap(function), offer.action["name"]), argument, offer)
    result = _plain(function(Home.find(home).root, **values))
    say_json(result) if as_json else say(shown(result))
    return 0


def _checked(model: type[BaseModel], argument: dict[str, Any], offer: Offer) -> dict[str, Any]:
    from pydantic import ValidationError

    from qtcore.config.shape import misfits

    try:
        checked = model.model_validate(argument)
    except ValidationError as error:
        told = "; ".join(misfit.sentence for misfit in misfits(error, model))
        raise ConfigurationError(f"{told}; see `qt {offer.command} --help`") from None
    return {name: getattr(checked, name) for name in model.model_fields}


def _plain(value: Any) -> Any:
    """The result as JSON data; an action may be `async def`."""
    import anyio
    from pydantic_core import to_jsonable_python

    async def awaited() -> Any:
        return await value

    return to_jsonable_python(anyio.run(awaited) if inspect.isawaitable(value) else value)
