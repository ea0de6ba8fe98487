"""`qt check`: everything that can be known before the first process starts; starts nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Annotated, Any

import anyio
import typer

from qtcore.cli.app import ConfigOption, HomeOption, JsonOption, new_app
from qtcore.cli.exits import Exit
from qtcore.cli.files import configuration_path
from qtcore.cli.output import say, say_json
from qtcore.config.check import Checked, check_configuration
from qtcore.config.effective import EffectiveValue, effective_values
from qtcore.config.problem import ConfigurationRefused, Problem, Weight
from qtcore.records.home import Home
from qtcore.wording import counted

app = new_app()


@app.command()
def check(
    config: ConfigOption = None,
    values: Annotated[bool, typer.Option("--values", help="show every effective value and its source")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Check the configuration, the environment and every plugin against each other."""
    path = configuration_path(config)
    cache = Home.find(home).cache
    try:
        checked = anyio.run(check_configuration, path, os.environ, {}, cache)
    except ConfigurationRefused as refused:
        if not as_json:
            raise
        say_json({"ok": False, "problems": _as_json(refused.problems), "values": [], "audit": None})
        return Exit.USAGE
    found = effective_values(checked.configuration, checked.manifests)
    if as_json:
        audit = checked.audit.model_dump(mode="json", by_alias=True)
        values_found = [value.as_json() for value in found]
        say_json({"ok": True, "problems": _as_json(checked.problems), "values": values_found, "audit": audit})
    else:
        _tell(checked, found if values else [])
    return Exit.HEALTHY


def _tell(checked: Checked, values: Iterable[EffectiveValue]) -> None:
    for value in values:
        say(f"{value.name} = {value.shown}  ({value.source.where})")
    for weight in (Weight.FINDING, Weight.NOTE):
        for problem in checked.problems:
            if problem.weight is weight:
                code = f"{problem.code}: " if problem.code else ""
                say(f"{weight.value}: {code}{problem}")
    plugins = checked.configuration.sections.plugins
    enabled = sum(section.runs for section in plugins.values())
    hosts = len({section.host for section in plugins.values() if section.runs})
    what = f"{counted(enabled, 'plugin')} in {counted(hosts, 'host')}"
    say(f"{checked.configuration.path}: {what} fit together; nothing was started")


def _as_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [
        {
            "weight": item.weight.value,
            "code": item.code,
            "where": item.where,
            "plugin": item.plugin,
            "sentence": item.sentence,
            "names": list(item.names),
        }
        for item in problems
    ]
