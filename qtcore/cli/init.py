"""`qt init`: a small working application in an empty folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qtcore.cli.app import new_app
from qtcore.cli.exits import Exit
from qtcore.cli.output import say
from qtcore.cli.scaffold import write_application

app = new_app()


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="where to write; default: here")] = Path()) -> int:
    """Write plugins.yaml, two plugins and their tests."""
    for path in write_application(folder):
        say(f"wrote {path}")
    say("now: `qt check` looks at it, `qt up` starts it, `qt status` shows it")
    return Exit.HEALTHY
