"""`qt up`: check everything, then supervise until told to stop."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Annotated

import anyio
import typer

from qtcore.cli.app import ConfigOption, HomeOption, new_app
from qtcore.cli.files import configuration_path
from qtcore.cli.output import say
from qtcore.config.check import told_wholly
from qtcore.config.configuration import load_configuration
from qtcore.config.problem import ConfigurationRefused
from qtcore.errors import ConfigurationError
from qtcore.records.home import Home
from qtcore.supervisor.main import Run, run

app = new_app()

_HELP = """Start everything and stay; Ctrl-C stops it in order.

Options that plugins.yaml declares under `options` may be given too, as --NAME VALUE.
"""


@app.command(help=_HELP, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def up(
    context: typer.Context,
    config: ConfigOption = None,
    home: HomeOption = None,
    for_s: Annotated[
        float | None, typer.Option("--for", min=0, help="stop after these seconds, counted from when all are ready")
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="no live table")] = False,
) -> int:
    place = Home.find(home)
    try:
        configuration = load_configuration(configuration_path(config), os.environ, options_of(context.args))
    except ConfigurationRefused as refused:
        raise anyio.run(told_wholly, refused, place.cache) from None
    return run(configuration, place, Run(headless=headless, for_s=for_s, say=say))


def options_of(words: Sequence[str]) -> Mapping[str, str]:
    """`--NAME VALUE` and `--NAME=VALUE` by name. Raises ConfigurationError for anything else."""
    rest = list(words)
    found: dict[str, str] = {}
    while rest:
        word = rest.pop(0)
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not name:
            raise ConfigurationError(f'"{word}" is no option; see `qt up --help`')
        if not equals:
            if not rest or rest[0].startswith("--"):
                raise ConfigurationError(f"{word} needs a value, as {word} VALUE; see `qt up --help`")
            value = rest.pop(0)
        found[name] = value
    return found
