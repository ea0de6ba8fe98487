"""How typer is set up here, and what all commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from qtcore.errors import ConfigurationError

HomeOption = Annotated[Path | None, typer.Option("--home", help="the home folder; default: QT_HOME, else ./var")]
JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="only say what would happen")]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="default: QT_CONFIG, else ./plugins.yaml")]


def new_app(help_text: str | None = None, cls: type[TyperGroup] | None = None) -> typer.Typer:
    """A typer app in our manner: plain text, errors left to us."""
    return typer.Typer(
        cls=cls,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        help=help_text,
    )


def invoke(app: typer.Typer, arguments: Sequence[str], name: str) -> int:
    """Run a command; its function returns the exit code. Raises ConfigurationError for wrong usage."""
    command = typer.main.get_command(app)
    try:
        result = command.main(args=list(arguments), prog_name=name, standalone_mode=False)
    except typer.TyperException as error:
        message = error.format_message().rstrip(".")
        raise ConfigurationError(f"{message}; see `{name} --help`") from None
    return int(result or 0)
