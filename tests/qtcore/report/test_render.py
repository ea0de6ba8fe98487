"""The report as people see it, held by golden files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qtcore.report.chapters import page_of
from qtcore.report.document import ReportDocument
from qtcore.report.rendering.markdown import as_markdown
from qtcore.report.rendering.terminal import as_text
from qtcore.report.words import Language

GOLDEN = Path(__file__).parent / "golden"


def _text(report: ReportDocument, language: Language) -> str:
    return as_text(page_of(report, language))


def _narrow(report: ReportDocument, language: Language) -> str:
    return as_text(page_of(report, language), 72)


def _markdown(report: ReportDocument, language: Language) -> str:
    return as_markdown(page_of(report, language))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(("name", "render"), [("txt", _text), ("72.txt", _narrow), ("md", _markdown)])
def test_report_is_set_as_agreed(
    report: ReportDocument, name: str, render: Callable[[ReportDocument, Language], str], language: Language
) -> None:
    """Every chapter, in each setting and language; look at the difference before changing the golden file."""
    agreed = (GOLDEN / f"report.{language.value}.{name}").read_text(encoding="utf-8")
    assert render(report, language).rstrip("\n") == agreed.rstrip("\n")


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 132, 200])
def test_no_line_is_wider_than_the_terminal(report: ReportDocument, width: int) -> None:
    """Nothing runs over the edge, except a command or a path that is one long word."""
    for line in as_text(page_of(report), width).splitlines():
        assert len(line) <= width or " " not in line.strip() or "█" in line


def test_first_line_of_a_dead_system_says_since_when(report: ReportDocument) -> None:
    """Nobody can take old records for the present."""
    dead = report.model_copy(update={"running": False})
    assert as_text(page_of(dead)).startswith("NOT RUNNING since 2026-11-23 08:55:00 UTC (3 h 5 min ago)")


def test_markdown_of_plugins_cannot_become_markup(report: ReportDocument) -> None:
    """What plugins say is text, not tables, links or headings."""
    component = report.components[0]
    line = component.line.model_copy(update={"summary": "# [x](http://y) | *z* `q`\nnew"})
    text = _markdown(
        report.model_copy(update={"components": (component.model_copy(update={"line": line}),)}), Language.EN
    )
    assert r"\# \[x](http://y) \| \*z\* \`q\` new" in text


def test_colour_is_only_added(report: ReportDocument) -> None:
    """Without its escape sequences the coloured text is the plain one."""
    import re

    coloured = as_text(page_of(report), 100, colour=True)
    assert re.sub("\033\\[[0-9;]*m", "", coloured) == as_text(page_of(report), 100)
    assert "\033[" in coloured
