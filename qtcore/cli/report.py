"""`qt report`: what a person should know, with evidence; works when nothing runs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.exits import exit_of
from qtcore.cli.output import say, terminal_width, wants_colour
from qtcore.errors import EnvironmentRefused
from qtcore.records.home import Home
from qtcore.report.chapters import page_of
from qtcore.report.document import ReportDocument
from qtcore.report.gather import gather
from qtcore.report.rendering.markdown import as_markdown
from qtcore.report.rendering.terminal import as_text
from qtcore.report.words import Language

app = new_app()


class Format(StrEnum):
    """How the report is set."""

    TERMINAL = "terminal"
    MD = "md"
    HTML = "html"
    JSON = "json"


@app.command()
def report(
    form: Annotated[Format, typer.Option("--format", help="how it is set")] = Format.TERMINAL,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write to this file instead")] = None,
    hours: Annotated[float, typer.Option("--hours", min=0, help="how far back healing and episodes are told")] = 24.0,
    language: Annotated[Language | None, typer.Option("--language", help="default: application.language")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Counts, findings by cause, steps, score, what was healed and how it was proven."""
    document = gather(Home.find(home), hours)
    _put(_set(document, Format.JSON if as_json else form, language, to_file=output is not None), output)
    return exit_of(document.status.value, running=document.running)


def _set(document: ReportDocument, form: Format, language: Language | None, *, to_file: bool) -> str:
    match form:
        case Format.TERMINAL:
            shown = not to_file and sys.stdout.isatty()
            width = terminal_width() if shown else None
            return as_text(page_of(document, language), width, colour=shown and wants_colour())
        case Format.MD:
            return as_markdown(page_of(document, language)).rstrip("\n")
        case Format.HTML:
            from qtcore.report.rendering.html import as_html  # it costs more than all others together

            return as_html(page_of(document, language)).rstrip("\n")
        case Format.JSON:
            return document.model_dump_json(indent=2, by_alias=True)


def _put(text: str, output: Path | None) -> None:
    if output is None:
        say(text)
        return
    try:
        output.touch(mode=0o600)
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise EnvironmentRefused(f"the report cannot be written to {output}: {error.strerror}") from None
    say(f"wrote {output}")
