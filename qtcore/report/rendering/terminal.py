"""Sets the page for terminals and mails: as wide as there is room, colour only where it is wanted."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from qtcore.report.page import (
    Banner,
    Block,
    Card,
    Chapter,
    Chart,
    Grid,
    Heading,
    Mark,
    Page,
    Points,
    Steps,
    Text,
    Timeline,
)
from qtcore.report.rendering.columns import widths_for, wrapped
from qtcore.report.section import Bars, Curves

_INDENT = "  "
_GAP = "  "
_JOINT = " · "
_NARROWEST = 24
_BAR_CELLS = 24
_COLOURS = {
    "healthy": "32",
    "off": "2",
    "low": "2",
    "degraded": "33",
    "medium": "33",
    "high": "33;1",
    "unknown": "35",
    "critical": "31",
    "failed": "31;1",
    "mode": "1",
}


def as_text(page: Page, width: int | None = None, *, colour: bool = False) -> str:
    """The page in lines of at most `width` signs, or as long as they are where nobody says."""
    setter = _Setter(width, colour)
    lines = list(setter.banner(page))
    for chapter in page.chapters:
        lines += ["", *setter.chapter(chapter)]
    if page.foot:
        lines += ["", *setter.paragraph(page.foot, 0)]
    return "\n".join(line.rstrip() for line in lines)


@dataclass(frozen=True, slots=True)
class _Setter:
    width: int | None
    colour: bool

    def banner(self, page: Page) -> Iterator[str]:
        banner = page.banner
        if banner.alarm:
            yield from self._toned(self.paragraph(banner.alarm, 0), "critical")
        if banner.figures:
            yield from self._flowing(banner)
        for line in banner.lines:
            yield from self.paragraph(line, 0)

    def chapter(self, chapter: Chapter) -> Iterator[str]:
        yield self._coloured(chapter.title.upper(), "mode")
        for index, block in enumerate(chapter.blocks):
            if index and isinstance(block, Card | Steps | Heading | Chart | Timeline):
                yield ""
            yield from self.block(block)

    def block(self, block: Block) -> Iterator[str]:
        match block:
            case Text():
                yield from self._toned(self.paragraph(block.text, 1), block.tone)
            case Heading():
                yield from self.paragraph(f"{block.text} ({block.note})" if block.note else block.text, 1)
            case Points():
                for point in block.points:
                    yield from self.paragraph(point, 2, "- ")
            case Grid():
                yield from self.grid(block)
            case Card():
                yield from self.card(block, 1)
            case Steps():
                yield from self.steps(block)
            case Chart():
                yield from self.chart(block)
            case Timeline():
                yield from self.paragraph(block.told, 1)

    def grid(self, grid: Grid, depth: int = 1) -> Iterator[str]:
        if grid.caption:
            yield from self.paragraph(f"{grid.caption}:", depth)
        pad = _INDENT * depth
        texts = [[_plain(cell) for cell in row] for row in grid.rows]
        room = None if self.width is None else max(self.width - len(pad), _NARROWEST)
        widths = widths_for([list(grid.headings), *texts], room, len(_GAP))
        if widths is None:
            yield from self._stacked(grid, texts, depth)
            return
        yield from self._row(list(grid.headings), widths, grid, pad)
        for row, cells in zip(grid.rows, texts, strict=True):
            tones = [cell.tone if isinstance(cell, Mark) else "" for cell in row]
            yield from self._row(cells, widths, grid, pad, tones)

    def _row(
        self, cells: list[str], widths: list[int], grid: Grid, pad: str, tones: list[str] | None = None
    ) -> Iterator[str]:
        columns = [wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
        for number in range(max(map(len, columns))):
            parts = []
            for index, (column, width) in enumerate(zip(columns, widths, strict=True)):
                text = column[number] if number < len(column) else ""
                fitted = text.rjust(width) if index in grid.numeric else text.ljust(width)
                tone = tones[index] if tones else ""
                parts.append(fitted.replace(text, self._coloured(text, tone), 1) if tone and text else fitted)
            yield pad + _GAP.join(parts)

    def _stacked(self, grid: Grid, texts: list[list[str]], depth: int) -> Iterator[str]:
        """For terminals that are too narrow for the columns: each row as lines of its own."""
        for cells in texts:
            for index, (heading, cell) in enumerate(zip(grid.headings, cells, strict=True)):
                yield from self.paragraph(f"{heading}: {cell}", depth if not index else depth + 1)

    def card(self, card: Card, depth: int) -> Iterator[str]:
        badge = card.badge.text
        lines = list(self.paragraph(f"{badge}  {card.heading}", depth))
        lines[0] = lines[0].replace(badge, self._coloured(badge, card.badge.tone), 1)
        yield from lines
        yield from self.paragraph(card.lead, depth + 1)
        for field in card.fields:
            yield from self.paragraph(f"{field.label}: {field.text}" if field.label else field.text, depth + 1, "- ")
        if card.note:
            yield from self.paragraph(card.note, depth + 1, "- ")
        if card.below:
            yield from self.paragraph(f"{card.below_title}:", depth + 1)
            for below in card.below:
                yield from self.card(below, depth + 2)

    def steps(self, steps: Steps) -> Iterator[str]:
        yield from self._toned(self.paragraph(steps.title, 1), steps.tone)
        for step in steps.steps:
            yield from self.paragraph(step.what, 2, f"{step.number}. ")
            yield from self.paragraph(f"$ {step.command}", 4)
            yield from self.paragraph(f"=> {step.expected}; {step.takes}", 4)

    def chart(self, chart: Chart) -> Iterator[str]:
        match chart.chart:
            case Curves():
                yield from self.paragraph(f"{chart.chart.title}: {chart.told}", 1)
                yield from (_INDENT * 2 + line for line in chart.sparks)
            case Bars():
                yield from self.paragraph(_with_unit(chart.chart), 1)
                yield from (_INDENT * 2 + line for line in bar_lines(chart.chart))

    def paragraph(self, text: str, depth: int, mark: str = "") -> Iterator[str]:
        pad = _INDENT * depth
        if self.width is None:
            yield pad + mark + text
            return
        yield from textwrap.wrap(
            text,
            max(self.width, _NARROWEST),
            initial_indent=pad + mark,
            subsequent_indent=pad + " " * len(mark),
            break_on_hyphens=False,
        ) or [pad + mark]

    def _flowing(self, banner: Banner) -> Iterator[str]:
        line, length = banner.name, len(banner.name)
        for figure in banner.figures:
            part = figure.spoken
            if self.width is not None and length + len(_JOINT) + len(part) > self.width:
                yield line
                line, length = "", 0
            joint = _JOINT if length else ""
            length += len(joint) + len(part)
            if isinstance(figure.value, Mark):
                part = part.replace(figure.value.text, self._coloured(figure.value.text, figure.value.tone))
            line += joint + part
        yield line

    def _toned(self, lines: Iterator[str], tone: str) -> Iterator[str]:
        for line in lines:
            yield self._coloured(line, tone)

    def _coloured(self, text: str, tone: str) -> str:
        code = _COLOURS.get(tone) if self.colour else None
        return f"\033[{code}m{text}\033[0m" if code and text else text


def bar_lines(bars: Bars) -> Iterator[str]:
    """Each bar as a line of blocks with its value; the longest is the largest."""
    if not bars.bars:
        return
    labels = max(len(bar.label) for bar in bars.bars)
    figures = [f"{bar.value:g}" for bar in bars.bars]
    room = max(map(len, figures))
    most = max((abs(bar.value) for bar in bars.bars), default=0) or 1
    for bar, figure in zip(bars.bars, figures, strict=True):
        cells = "█" * max(round(abs(bar.value) / most * _BAR_CELLS), 1 if bar.value else 0)
        yield f"{bar.label.ljust(labels)}  {figure.rjust(room)}  {cells}{'  ' + bar.note if bar.note else ''}"


def _with_unit(bars: Bars) -> str:
    return f"{bars.title} ({bars.unit}):" if bars.unit else f"{bars.title}:"


def _plain(cell: str | Mark) -> str:
    return " ".join((cell.text if isinstance(cell, Mark) else cell).split())
