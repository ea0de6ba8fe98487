"""The report as one HTML file: whole by itself, safe, the same each time, and readable by machines for people."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtcore.report.chapters import page_of
from qtcore.report.document import ReportDocument
from qtcore.report.rendering.charts import axis
from qtcore.report.rendering.html import as_html
from qtcore.report.words import Language

GOLDEN = Path(__file__).parent / "golden"
VOID = {"meta", "link", "br", "hr", "img", "input", "rect", "path"}


class _Reader(HTMLParser):
    """Tags with their attributes; refuses tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.stack: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.stack == []
    return reader


@pytest.mark.parametrize("language", list(Language))
def test_page_is_set_as_agreed(report: ReportDocument, language: Language) -> None:
    """Look at the page itself before changing the golden file."""
    agreed = (GOLDEN / f"report.{language.value}.html").read_text(encoding="utf-8")
    assert as_html(page_of(report, language)) == agreed


def test_nothing_comes_from_outside_and_nothing_runs(report: ReportDocument) -> None:
    """No script, no address, no handler: it can be opened years later, anywhere."""
    html = as_html(page_of(report))
    reader = _read(html)
    assert not {"script", "link", "img", "iframe", "object", "form"} & {tag for tag, _ in reader.tags}
    for _tag, attributes in reader.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "srcset"}]
        assert (attributes.get("href") or "#").startswith("#")
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html
    assert "@import" not in html


def test_what_plugins_say_is_text(report: ReportDocument) -> None:
    """A summary full of markup stays a summary."""
    evil = "<script>alert(1)</script> \"' & `x<b>`"
    cause = report.groups[0].cause.model_copy(update={"summary": evil, "title": evil, "fix": evil})
    group = report.groups[0].model_copy(update={"cause": cause})
    component = report.components[0]
    line = component.line.model_copy(update={"summary": evil})
    html = as_html(
        page_of(
            report.model_copy(update={"groups": (group,), "components": (component.model_copy(update={"line": line}),)})
        )
    )
    assert "<script" not in html
    assert "<b>" not in html
    _read(html)


def test_it_is_accessible(report: ReportDocument) -> None:
    """Language, one first heading, labelled tables and drawings, links that lead somewhere."""
    reader = _read(as_html(page_of(report, Language.NO)))
    tags = reader.tags
    assert ("html", {"lang": "no"}) in tags
    assert sum(tag == "h1" for tag, _ in tags) == 1
    ids = {attributes["id"] for _, attributes in tags if "id" in attributes}
    assert {(attributes["href"] or "")[1:] for tag, attributes in tags if tag == "a"} <= ids
    for tag, attributes in tags:
        if tag == "svg":
            assert attributes.get("aria-label") or attributes.get("aria-hidden") == "true"
        if tag == "th":
            assert attributes.get("scope") in {"col", "row"}


def test_the_same_data_makes_the_same_page(report: ReportDocument) -> None:
    """To the byte, also after a way through JSON."""
    again = ReportDocument.model_validate_json(report.model_dump_json(by_alias=True))
    for language in Language:
        assert as_html(page_of(again, language)) == as_html(page_of(report, language))


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
@settings(max_examples=300, deadline=None)
def test_an_axis_holds_its_values_between_round_ends(one: float, other: float) -> None:
    """Few ticks, in order, around everything that is drawn."""
    low, high = sorted((one, other))
    span = axis(low, high)
    slack = (span.high - span.low) * 1e-6 + max(abs(low), abs(high)) * 1e-9
    assert span.low <= low + slack
    assert span.high >= high - slack
    assert 2 <= len(span.ticks) <= 7
    assert list(span.ticks) == sorted(span.ticks)


def test_every_figure_of_the_style_sheet_is_used(report: ReportDocument) -> None:
    """No class of the page without a rule for it, other than names that only group."""
    html = as_html(page_of(report))
    style, body = html.split("</style>")
    used = {name for classes in re.findall(r'class="([^"]*)"', body) for name in classes.split()}
    ruled = set(re.findall(r"\.([a-z][a-z0-9-]*)", style))
    assert used - ruled <= {"all", "row"}
