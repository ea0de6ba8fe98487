"""`qt drill list|run|page`: rehearsed faults, carried out on a real system in a folder of its own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from qtcore.cli.app import ConfigOption, JsonOption, new_app
from qtcore.cli.exits import Exit
from qtcore.cli.files import configuration_path
from qtcore.cli.output import say, say_json, table
from qtcore.drills.document import Drills
from qtcore.drills.judging import together
from qtcore.drills.loading import FILE, chosen, read_drills
from qtcore.drills.results import DrillResult, DrillRun, TwinResult
from qtcore.drills.running import Wish, run_drills
from qtcore.drills.staged import Rehearsed, run_staged, staged_named
from qtcore.drills.telling import LISTED, ROW, figures_lines, line_of, listed, page_of, row_of
from qtcore.errors import ConfigurationError

app = new_app("Rehearse faults and see whether they are found, named, handled and over.")


@app.command(name="list")
def list_drills(config: ConfigOption = None, as_json: JsonOption = False) -> int:
    """Every drill, and the incidents that nobody has drilled yet."""
    drills, _ = _drills(config)
    rows = list(listed(drills))
    say_json({"schema": 1, "drills": rows}) if as_json else say(table(rows, LISTED, spare=("system", "heal")))
    return Exit.HEALTHY


@app.command()
def run(
    ids: Annotated[list[str], typer.Argument(help="names of drills, or `all`", metavar="ID…")],
    parallel: Annotated[int, typer.Option(min=1, max=16, help="how many systems run at once")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="of the simulated market")] = 1,
    keep: Annotated[Path | None, typer.Option(help="keep the folders of the systems here")] = None,
    no_twins: Annotated[bool, typer.Option("--no-twins", help="leave out the undisturbed runs")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> int:
    """Carry drills out; ends with 0 only if each one and each twin passed. Progress goes to standard error.

    One in stages, like the night of the seed, is run alone.
    """
    drills, application = _drills(config)
    if (name := staged_named(drills, ids)) is not None:
        return _staged(run_staged(drills, name, application, keep.absolute() if keep else None, _note), as_json)
    wish = Wish(
        drills=drills,
        chosen=chosen(drills, ids),
        application=application,
        seed=seed,
        parallel=parallel,
        keep=keep.absolute() if keep else None,
        twins=not no_twins,
    )
    done = run_drills(wish, _tell)
    if as_json:
        say_json(done.model_dump(mode="json", by_alias=True))
    else:
        say(table([row_of(one) for one in done.drills], ROW, spare=("title", "over_s")))
        say()
        say("\n".join(f"{name:38} {value}" for name, value in figures_lines(done.figures)))
    return Exit.HEALTHY if done.passed else Exit.DEGRADED


@app.command()
def page(
    files: Annotated[list[Path], typer.Argument(help="what `qt drill run … --json` printed; the last one counts")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="default: standard output")] = None,
) -> int:
    """Write the page about a run, in Markdown."""
    text = page_of(together([_run_in(file) for file in files]))
    output.write_text(text, encoding="utf-8") if output else say(text.rstrip("\n"))
    return Exit.HEALTHY


def _staged(rehearsed: Rehearsed, as_json: bool) -> int:
    say_json(rehearsed.document) if as_json else say(rehearsed.shown)
    return Exit.HEALTHY if rehearsed.passed else Exit.DEGRADED


def _note(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201


def _run_in(file: Path) -> DrillRun:
    try:
        return DrillRun.model_validate_json(file.read_bytes())
    except (ValueError, OSError) as error:
        raise ConfigurationError(
            f"{file} is no run of drills ({str(error).splitlines()[0]}); `qt drill run all --json > {file}` writes one"
        ) from None


def _drills(config: Path | None) -> tuple[Drills, Path]:
    """The drills beside the configuration, and the folder of both."""
    application = configuration_path(config).absolute().parent
    return read_drills(application / FILE), application


def _tell(result: DrillResult | TwinResult) -> None:
    print(line_of(result), file=sys.stderr, flush=True)  # noqa: T201
