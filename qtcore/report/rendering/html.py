"""Sets the page as one HTML file: no script, nothing from outside, light and dark, fit for paper."""

from __future__ import annotations

import re
from functools import cache

import jinja2
from markupsafe import Markup, escape

from qtcore.report.page import Block, Mark, Page
from qtcore.report.rendering import charts
from qtcore.report.section import Bars, Curves
from qtcore.report.words import Language, Words

_COMMAND = re.compile(r"`([^`\n]+)`")


def as_html(page: Page) -> str:
    """The page; everything that plugins say is escaped."""
    words = Words.of(Language(page.language))
    return _template().render(page=page, words=words, banner=page.banner, draw=_Drawing(words), said=words)


class _Drawing:
    """What the template asks for charts."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def plot(self, chart: Curves, told: str) -> charts.Plot:
        return charts.curves(chart, told, self._words)

    def strips(self, chart: Bars) -> list[Markup]:
        return charts.bars(chart)

    timeline = staticmethod(charts.timeline)


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("qtcore.report.rendering", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["kind"] = _kind
    environment.filters["prose"] = prose
    environment.tests["mark"] = lambda value: isinstance(value, Mark)
    return environment.get_template("report.html")


def prose(text: str) -> Markup:
    """The text with `commands` between backticks set as such."""
    return Markup(_COMMAND.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _kind(block: Block | Curves | Bars) -> str:
    return type(block).__name__.lower()
