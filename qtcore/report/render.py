"""Sets the report as plain text or as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from qtcore.report.document import ReportDocument
from qtcore.report.sections import Section, Table, banner_lines, sections

_GAP = "  "


def as_text(report: ReportDocument) -> str:
    """For terminals and mails."""
    lines = banner_lines(report)
    for section in sections(report):
        lines += ["", section.title.upper(), *(line for line in _text_lines(section))]
    return "\n".join(lines)


def as_markdown(report: ReportDocument) -> str:
    """For issues, wikis and files."""
    first, *rest = banner_lines(report)
    lines = ["# Report", "", f"**{first}**", "", *rest]
    for section in sections(report):
        lines += ["", f"## {section.title}", *_markdown_lines(section)]
    return "\n".join(lines) + "\n"


def _text_lines(section: Section) -> Iterator[str]:
    for part in section.parts:
        match part:
            case str():
                yield _GAP + part
            case Table():
                yield from (_GAP + line for line in _text_table(part))
            case tuple():
                yield from (f"{_GAP * 2}- {point}" for point in part)


def _text_table(table: Table) -> Iterator[str]:
    cells = [table.headings, *table.rows]
    widths = [max(len(row[index]) for row in cells) for index in range(len(table.headings))]
    for row in cells:
        yield _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _markdown_lines(section: Section) -> Iterator[str]:
    for part in section.parts:
        yield ""
        match part:
            case str():
                yield _escaped(part)
            case Table():
                yield from _markdown_table(part)
            case tuple():
                yield from (f"- {_escaped(point)}" for point in part)


def _markdown_table(table: Table) -> Iterator[str]:
    yield _markdown_row(table.headings)
    yield _markdown_row(("---",) * len(table.headings))
    yield from (_markdown_row(row) for row in table.rows)


def _markdown_row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(_escaped(cell).replace("|", r"\|") for cell in cells) + " |"


def _escaped(text: str) -> str:
    """Plugins' texts must not turn into markup."""
    for sign in ("\\", "`", "*", "_", "<", "[", "#"):
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
