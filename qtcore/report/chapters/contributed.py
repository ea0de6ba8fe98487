"""What plugins have contributed: their figures in tables and charts, each with its age."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.report import section as kept
from qtcore.report.document import Contribution, ReportDocument
from qtcore.report.page import Block, Cell, Chart, Grid, Heading, Text
from qtcore.report.words import Words

_SPARKS = "▁▂▃▄▅▆▇█"


def contributed(report: ReportDocument, words: Words) -> Iterator[Block]:
    """A heading for each section, with its plugin and its age; a stale one says so first."""
    for contribution in report.contributions:
        for section in contribution.sections:
            yield Heading(words(section.title), _age(contribution, words))
            if contribution.stale:
                yield Text(words("Stale: nobody has renewed this; it may be wrong now."), "degraded")
            for block in section.blocks:
                yield _block(block, words)


def _age(contribution: Contribution, words: Words) -> str:
    age = words.duration(contribution.age_s)
    return words("by {plugin}, {age} old", plugin=contribution.plugin, age=age)


def _block(block: kept.Block, words: Words) -> Block:
    match block:
        case kept.Paragraph():
            return Text(words.said(block.text))
        case kept.Table():
            return _grid(block, words)
        case kept.Curves():
            lines = tuple(line.model_copy(update={"name": words(line.name)}) for line in block.lines)
            labels = {name: words(getattr(block, name)) for name in ("title", "x_label", "y_label")}
            sparks = tuple(spark([y for _x, y in line.points]) for line in lines if line.points)
            return Chart(block.model_copy(update={"lines": lines, **labels}), _told_curves(block, words), sparks)
        case kept.Bars():
            bars = tuple(
                bar.model_copy(update={"label": words.said(bar.label), "note": words.said(bar.note)})
                for bar in block.bars
            )
            told = ", ".join(f"{bar.label} {words.number(bar.value)}" for bar in bars)
            changed = {"bars": bars, "title": words(block.title), "unit": words(block.unit)}
            return Chart(block.model_copy(update=changed), told)


def _grid(table: kept.Table, words: Words) -> Grid:
    figures = frozenset(
        index
        for index in range(len(table.headings))
        if table.rows and all(_is_figure(row[index]) for row in table.rows if len(row) > index)
    )
    return Grid(tuple(map(words, table.headings)), tuple(_cells(row, words) for row in table.rows), figures)


def _cells(row: tuple[kept.Cell, ...], words: Words) -> tuple[Cell, ...]:
    return tuple(words.value(cell) for cell in row)


def _is_figure(cell: kept.Cell) -> bool:
    return cell is None or (isinstance(cell, int | float) and not isinstance(cell, bool))


def _told_curves(curves: kept.Curves, words: Words) -> str:
    """First, last, lowest and highest value of each line."""
    told = []
    for line in curves.lines:
        if not line.points:
            told.append(words("{name}: no points yet", name=words(line.name)))
            continue
        values = [y for _x, y in line.points]
        told.append(
            words(
                "{name}: from {first} to {last}, lowest {low}, highest {high}",
                name=words(line.name),
                first=words.number(values[0]),
                last=words.number(values[-1]),
                low=words.number(min(values)),
                high=words.number(max(values)),
            )
        )
    return "; ".join(told)


def spark(values: list[float], width: int = 40) -> str:
    """A curve in one line of text."""
    low, high = min(values), max(values)
    step = max(1, -(-len(values) // width))
    picked = [values[min(index + step, len(values)) - 1] for index in range(0, len(values), step)]
    span = (high - low) or 1.0
    return "".join(_SPARKS[round((value - low) / span * (len(_SPARKS) - 1))] for value in picked)
