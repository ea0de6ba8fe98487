"""Plain text for terminals: tables that fit, colour only where it is wanted."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_COLOURS = {
    "healthy": "32",
    "off": "2",
    "degraded": "33",
    "unknown": "35",
    "critical": "31",
    "failed": "31;1",
}
_MARGIN = 2
_FOLD = "    "
_NARROWEST_LAST_COLUMN = 16
_ENOUGH_FOR_LAST_COLUMN = 28


def say(text: str = "") -> None:
    """One line or block on standard output."""
    sys.stdout.write(text + "\n")


def say_json(document: Any) -> None:
    """One JSON document on standard output."""
    say(json.dumps(document, indent=2, ensure_ascii=False, default=str))


def wants_colour() -> bool:
    """Whether standard output is a terminal whose user has not asked for plain text."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def terminal_width() -> int:
    """Columns of the terminal; 160 where there is none."""
    return shutil.get_terminal_size((160, 24)).columns if sys.stdout.isatty() else 160


def coloured(text: str, status: str) -> str:
    """The text in the colour of a status, where colour is wanted."""
    code = _COLOURS.get(status)
    return f"\033[{code}m{text}\033[0m" if code and wants_colour() else text


def table(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    status_column: str | None = None,
    spare: Sequence[str] = (),
) -> str:
    """Rows under upper-case headings; where the terminal is narrow, `spare` columns go, then the last one is cut."""
    columns = _fitting(rows, columns, spare) if sys.stdout.isatty() else columns
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    headings = [column.replace("_", " ").upper() for column in columns]
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    if sys.stdout.isatty():  # where there is no terminal, somebody greps and wants the whole
        room = terminal_width() - sum(widths[:-1]) - _MARGIN * (len(widths) - 1)
        widths[-1] = min(widths[-1], max(room, _NARROWEST_LAST_COLUMN))
    lines = [_line(headings, widths)]
    for row, texts in zip(rows, cells, strict=True):
        line = _line(texts, widths)
        if status_column:
            status = _cell(row.get(status_column))
            line = line.replace(status, coloured(status, status), 1) if _is_word(line, status) else line
        lines.append(line)
    return "\n".join(lines)


def _fitting(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], spare: Sequence[str]) -> Sequence[str]:
    """The columns without as many of the spare ones, in their order, as leave the last one room to say something."""
    kept = list(columns)
    for name in spare:
        widths = [max([len(column), *(len(_cell(row.get(column))) for row in rows)]) for column in kept[:-1]]
        if sum(widths) + _MARGIN * len(widths) + _ENOUGH_FOR_LAST_COLUMN <= terminal_width():
            break
        kept.remove(name)
    return kept


def folded(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], margin: int = 0) -> str:
    """A table of everything: on a narrow terminal a row takes as many lines as it needs, each under its headings."""
    parts = [table(rows, part).splitlines() for part in _parts(rows, columns, terminal_width() - margin)]
    lines = (line if not index else _FOLD + line for row in zip(*parts, strict=True) for index, line in enumerate(row))
    return "\n".join(lines)


def _parts(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], width: int) -> list[list[str]]:
    if not sys.stdout.isatty():
        return [list(columns)]
    parts: list[list[str]] = [[]]
    taken = 0
    for column in columns:
        needed = max([len(column), *(len(_cell(row.get(column))) for row in rows)])
        if parts[-1] and taken + needed > width:
            parts.append([])
            taken = len(_FOLD)
        parts[-1].append(column)
        taken += needed + _MARGIN
    return parts


def flowing(parts: Sequence[str], separator: str = " · ") -> str:
    """Parts of a line, on as many lines as the terminal needs; colours must not be in them."""
    lines = [""]
    for part in parts:
        longer = f"{lines[-1]}{separator}{part}" if lines[-1] else part
        if lines[-1] and sys.stdout.isatty() and len(longer) > terminal_width():
            lines.append(part)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def _is_word(line: str, word: str) -> bool:
    return word in line.split()


def _line(texts: Sequence[str], widths: Sequence[int]) -> str:
    fitted = [_fitted(text, width) for text, width in zip(texts, widths, strict=True)]
    return (" " * _MARGIN).join(fitted).rstrip()


def _fitted(text: str, width: int) -> str:
    return text.ljust(width) if len(text) <= width else text[: width - 1] + "…"


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case list() | tuple() | dict():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return " ".join(str(value).split())
