"""Sets the page as Markdown, for issues, wikis and files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qtcore.report.page import Block, Card, Cell, Chart, Grid, Heading, Mark, Page, Points, Steps, Text, Timeline
from qtcore.report.rendering.terminal import bar_lines
from qtcore.report.section import Bars, Curves


def as_markdown(page: Page) -> str:
    """The page; what plugins say cannot turn into markup."""
    banner = page.banner
    lines = [f"# {escaped(banner.title)}"]
    if banner.alarm:
        lines += ["", f"**{escaped(banner.alarm)}**"]
    if banner.figures:
        lines += ["", f"**{escaped(' · '.join(figure.spoken for figure in banner.figures))}**"]
    if banner.lines:
        lines += ["", *(f"{escaped(line)}  " for line in banner.lines[:-1]), escaped(banner.lines[-1])]
    for chapter in page.chapters:
        lines += ["", f"## {escaped(chapter.title)}"]
        for block in chapter.blocks:
            lines += ["", *_block(block)]
    if page.foot:
        lines += ["", "---", "", escaped(page.foot)]
    return "\n".join(lines) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Text():
            yield f"**{escaped(block.text)}**" if block.tone else escaped(block.text)
        case Heading():
            yield f"### {escaped(block.text)}"
            if block.note:
                yield from ("", f"*{escaped(block.note)}*")
        case Points():
            yield from (f"- {escaped(point)}" for point in block.points)
        case Grid():
            yield from _grid(block)
        case Card():
            yield from _card(block, "")
        case Steps():
            yield from _steps(block)
        case Chart():
            yield from _chart(block)
        case Timeline():
            yield escaped(block.told)


def _grid(grid: Grid) -> Iterator[str]:
    if grid.caption:
        yield from (f"{escaped(grid.caption)}:", "")
    yield _row(grid.headings)
    yield "| " + " | ".join("---:" if index in grid.numeric else "---" for index in range(len(grid.headings))) + " |"
    yield from (_row(row) for row in grid.rows)


def _row(cells: Iterable[Cell]) -> str:
    return "| " + " | ".join(_cell(cell).replace("|", r"\|") for cell in cells) + " |"


def _card(card: Card, indent: str) -> Iterator[str]:
    head = f"**{escaped(card.badge.text)}** {escaped(card.heading)}"
    yield f"{indent}- {head}" if indent else f"### {head}"
    below = f"{indent}  " if indent else ""
    yield from ("", f"{below}{escaped(card.lead)}", "")
    for field in card.fields:
        text = _code(field.text) if field.code else escaped(field.text)
        yield f"{below}- {escaped(field.label)}: {text}" if field.label else f"{below}- {text}"
    if card.note:
        yield f"{below}- {escaped(card.note)}"
    if card.below:
        yield from ("", f"{below}{escaped(card.below_title)}:", "")
        for item in card.below:
            yield from _card(item, f"{below}  " if below else "  ")


def _steps(steps: Steps) -> Iterator[str]:
    yield from (f"### {escaped(steps.title)}", "")
    for step in steps.steps:
        yield f"{step.number}. {escaped(step.what)}  "
        yield f"   {_code(step.command)}  "
        yield f"   {escaped(step.expected)}; {escaped(step.takes)}"


def _chart(chart: Chart) -> Iterator[str]:
    match chart.chart:
        case Curves():
            yield f"{escaped(chart.chart.title)}: {escaped(chart.told)}"
            for line in chart.sparks:
                yield from ("", f"`{line}`")
        case Bars():
            unit = f" ({escaped(chart.chart.unit)})" if chart.chart.unit else ""
            yield from (f"{escaped(chart.chart.title)}{unit}:", "", "```")
            yield from (line.replace("`", "'") for line in bar_lines(chart.chart))
            yield "```"


def _cell(cell: Cell) -> str:
    return escaped(cell.text if isinstance(cell, Mark) else cell)


def _code(text: str) -> str:
    flat = " ".join(text.split())
    return f"``{flat}``" if "`" in flat else f"`{flat}`"


def escaped(text: str) -> str:
    """Plugins' texts must not turn into markup."""
    for sign in ("\\", "`", "*", "_", "<", "[", "#"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
