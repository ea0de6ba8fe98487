"""`qt doctor`: looks at everything at once, says what is wrong and what to do, and does it where it may."""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from qtcore.cli.app import ConfigOption, HomeOption, JsonOption, new_app
from qtcore.cli.files import configuration_of
from qtcore.cli.output import say
from qtcore.doctor.check import Patient
from qtcore.doctor.document import CheckState, DoctorDocument
from qtcore.doctor.examining import examine, subjects
from qtcore.doctor.mending import Mending
from qtcore.doctor.told import as_text, document_of, exit_of_doctor
from qtcore.errors import ConfigurationError
from qtcore.health.model import Finding, Remedy
from qtcore.records.home import Home

app = new_app()


@app.command()
def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="carry out safe remedies, and ask for the others")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="answer every question of --fix with yes")] = False,
    everything: Annotated[bool, typer.Option("--all", help="also name checks that had nothing to look at")] = False,
    bundle: Annotated[Path | None, typer.Option("--bundle", help="look at a bundle from elsewhere instead")] = None,
    config: ConfigOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Look at the home, the machine, the configuration and every plugin; works when nothing runs."""
    if bundle is not None:
        if fix:
            raise ConfigurationError(
                "a bundle cannot be mended; leave --fix out, or run it where the bundle comes from"
            )
        document = _of_bundle(bundle)
    else:
        document = _of_home(Home.find(home), config, fix=fix, yes=yes, as_json=as_json)
    say(document.model_dump_json(indent=2, by_alias=True) if as_json else as_text(document, everything=everything))
    return exit_of_doctor(document)


def _of_home(home: Home, config: Path | None, *, fix: bool, yes: bool, as_json: bool) -> DoctorDocument:
    begun = time.monotonic()
    patient = Patient(home, configuration_of(home, config), dict(os.environ))
    looked_at = subjects(patient)
    lines = examine(patient, looked_at)
    took_s = time.monotonic() - begun
    mending = Mending(patient, lambda finding, remedy: yes or _asked(finding, remedy, as_json=as_json))
    if fix:
        lines = [
            mending.mend(subject, line) if line.state is CheckState.TROUBLE else line
            for subject, line in zip(looked_at, lines, strict=True)
        ]
    return document_of(
        lines,
        at=datetime.now(UTC),
        home=str(home.root),
        running=home.running,
        took_s=took_s,
        receipt=mending.receipt,
    )


def _of_bundle(file: Path) -> DoctorDocument:
    from qtcore.bundle.analysing import opened

    begun = time.monotonic()
    with opened(file) as patient:
        lines = examine(patient, subjects(patient))
    return document_of(
        lines,
        at=patient.now.wall,
        home="the home that the bundle was made of",
        running=False,
        took_s=time.monotonic() - begun,
        bundle=str(file),
    )


def _asked(finding: Finding, remedy: Remedy, *, as_json: bool) -> bool:
    """One question on a terminal; where there is none, nobody has said yes."""
    if as_json or not sys.stdin.isatty():
        return False
    sys.stderr.write(f"{finding.code}: {finding.summary}\n")
    return typer.confirm(f"  {remedy.act} ({remedy.effect})?", default=False, err=True)
