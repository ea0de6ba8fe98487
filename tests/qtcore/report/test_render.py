"""The report as people see it, held by golden files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from qtcore.report.document import ReportDocument
from qtcore.report.render import as_markdown, as_text
from qtcore.report.sections import size

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(("name", "render"), [("report.txt", as_text), ("report.md", as_markdown)])
def test_report_is_set_as_agreed(report: ReportDocument, name: str, render: Callable[[ReportDocument], str]) -> None:
    """Every section, in both settings; look at the difference before changing the golden file."""
    assert render(report).rstrip("\n") == (GOLDEN / name).read_text(encoding="utf-8").rstrip("\n")


def test_first_line_of_a_dead_system_says_since_when(report: ReportDocument) -> None:
    """Nobody can take old records for the present."""
    dead = report.model_copy(update={"running": False})
    assert as_text(dead).startswith("NOT RUNNING since 2026-11-23 08:55:00 UTC (3 h 5 min ago)")


def test_markdown_of_plugins_cannot_become_markup(report: ReportDocument) -> None:
    """What plugins say is text, not tables, links or headings."""
    line = report.plugins[0].model_copy(update={"summary": "# [x](http://y) | *z* `q`\nnew"})
    text = as_markdown(report.model_copy(update={"plugins": (line,)}))
    assert r"\# \[x](http://y) \| \*z\* \`q\` new" in text


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 kB"), (5 << 40, "5.0 TB")])
def test_sizes(count: int, text: str) -> None:
    """Sizes are read at a glance."""
    assert size(count) == text
