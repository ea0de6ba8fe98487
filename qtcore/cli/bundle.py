"""`qt bundle`: one file for somebody elsewhere, complete and without secrets; works when nothing runs."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from qtcore.bundle.document import BundleLine
from qtcore.bundle.making import SECONDS, make_bundle
from qtcore.cli.app import ConfigOption, HomeOption, JsonOption, new_app
from qtcore.cli.asking import refuse_unused
from qtcore.cli.exits import Exit
from qtcore.cli.files import configuration_of
from qtcore.cli.output import say
from qtcore.doctor.check import Patient
from qtcore.records.home import Home

app = new_app()


@app.command()
def bundle(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="default: qt-bundle-TIME.zip here")] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=0.5, help="how long it may take")] = SECONDS,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Put status, report, journal, states, settings, logs, traces and facts of this machine into one file."""
    found = Home.find(home)
    refuse_unused(found)
    file = output or Path(f"qt-bundle-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip")
    made = make_bundle(Patient(found, configuration_of(found, config), dict(os.environ)), file, seconds=seconds)
    say(made.model_dump_json(indent=2)) if as_json else _tell(made)
    return Exit.HEALTHY


def _tell(made: BundleLine) -> None:
    say(f"wrote {made.file}: {made.parts} parts, {made.bytes / 2**20:.1f} MB, in {made.took_s:.1f} s")
    say(f"{made.removed} secrets were taken out; host and user are called host-1 and user-1")
    for item in made.left_out:
        say(f"left out: {item.what} ({item.because})")
    say(f"look at it anywhere with `qt doctor --bundle {made.file}`")
