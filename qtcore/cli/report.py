"""`qt report`: what a person should know, with evidence; works when nothing runs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from qtcore.cli.app import HomeOption, JsonOption, new_app
from qtcore.cli.exits import Exit, exit_of
from qtcore.cli.output import say, say_json, table, terminal_width, wants_colour
from qtcore.errors import EnvironmentRefused
from qtcore.records.home import Home
from qtcore.report.archive import kept_reports
from qtcore.report.chapters import page_of
from qtcore.report.document import ReportDocument
from qtcore.report.page import Page
from qtcore.report.rendering.markdown import as_markdown
from qtcore.report.rendering.terminal import as_text
from qtcore.report.words import Language, Words

_DEFAULT = "show"
_HOURS = 24.0


class _ShowsByDefault(TyperGroup):
    """`qt report` and `qt report FILE` mean `qt report show …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)


app = new_app("Show a report (the default), list those that are kept, or compare two.", cls=_ShowsByDefault)


class Format(StrEnum):
    """How the report is set."""

    TERMINAL = "terminal"
    MD = "md"
    HTML = "html"
    JSON = "json"


LanguageOption = Annotated[Language | None, typer.Option("--language", help="en or no; default: application.language")]


@app.command()
def show(
    file: Annotated[
        Path | None, typer.Argument(help="set a report that was stored as JSON, instead of one of now")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="how it is set")] = Format.TERMINAL,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write to this file instead")] = None,
    hours: Annotated[float, typer.Option("--hours", min=0, help="how far back healing and episodes are told")] = _HOURS,
    language: LanguageOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """Counts, findings by cause, steps, score, what was healed and how it was proven."""
    document = _stored(file) if file else _gathered(Home.find(home), hours)
    _put(_set(document, Format.JSON if as_json else form, language, to_file=output is not None), output)
    return exit_of(document.status.value, running=document.running)


@app.command(name="list")
def list_reports(home: HomeOption = None, as_json: JsonOption = False) -> int:
    """Reports that are kept in the home, oldest first."""
    rows = [
        {"at": f"{kept.at:%Y-%m-%dT%H:%M:%S}", "bytes": kept.bytes, "data": str(kept.path), "page": str(kept.page)}
        for kept in kept_reports(Home.find(home).reports)
    ]
    if as_json:
        say_json(rows)
    else:
        say(table(rows, ("at", "bytes", "data"), spare=("bytes",)) if rows else "no report is kept here yet")
    return Exit.HEALTHY


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="a stored report: a file, or a time such as 2026-11-23T08:00")],
    after: Annotated[str | None, typer.Argument(help="the same; default: now")] = None,
    language: LanguageOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> int:
    """What opened, what was resolved, and which statuses, scores and settings changed between two reports."""
    from qtcore.report.chapters.difference import page_of_difference
    from qtcore.report.difference import difference
    from qtcore.report.stored import find_report

    place = Home.find(home)
    first = find_report(place, before)
    second = find_report(place, after) if after else _gathered(place, _HOURS)
    changed = difference(first, second)
    if as_json:
        say(changed.model_dump_json(indent=2, by_alias=True))
    else:
        words = Words.of(language or Language.named(second.language), {**first.norwegian, **second.norwegian})
        say(_on_screen(page_of_difference(changed, words)))
    return Exit.HEALTHY


def _stored(file: Path) -> ReportDocument:
    from qtcore.report.stored import load_report

    return load_report(file)


def _gathered(home: Home, hours: float) -> ReportDocument:
    from qtcore.report.gather import gather

    return gather(home, hours)


def _set(document: ReportDocument, form: Format, language: Language | None, *, to_file: bool) -> str:
    match form:
        case Format.TERMINAL:
            page = page_of(document, language)
            return as_text(page) if to_file else _on_screen(page)
        case Format.MD:
            return as_markdown(page_of(document, language)).rstrip("\n")
        case Format.HTML:
            from qtcore.report.rendering.html import as_html  # it costs more than all others together

            return as_html(page_of(document, language)).rstrip("\n")
        case Format.JSON:
            return document.model_dump_json(indent=2, by_alias=True)


def _on_screen(page: Page) -> str:
    """As wide as the terminal; where there is none, somebody greps and wants whole lines."""
    if not sys.stdout.isatty():
        return as_text(page)
    return as_text(page, terminal_width(), colour=wants_colour())


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
