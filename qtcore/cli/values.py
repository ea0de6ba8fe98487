"""Shows the result of an action: a list of objects as a table, an object line by line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtcore.cli.figures import readable
from qtcore.cli.output import folded

_INDENT = "  "


def shown(value: Any, *, depth: int = 0) -> str:
    """A JSON value as text for people."""
    pad = _INDENT * depth
    match value:
        case []:
            return f"{pad}none"
        case [dict(), *_] if all(isinstance(row, dict) for row in value):
            return _indented(folded(_readable(value), _columns(value), len(pad)), pad)
        case list():
            return "\n".join(f"{pad}{_scalar(item)}" for item in value)
        case {}:
            return _object(value, depth) if value else f"{pad}none"
        case _:
            return f"{pad}{_scalar(value)}"


def _object(value: Mapping[str, Any], depth: int) -> str:
    pad = _INDENT * depth
    width = max(len(key) for key in value)
    lines = []
    for key, item in value.items():
        label = key.replace("_", " ")
        if isinstance(item, dict | list) and item:
            lines += [f"{pad}{label}", shown(item, depth=depth + 1)]
        else:
            lines.append(f"{pad}{label:<{width}}  {_scalar(item) if item not in ({}, []) else 'none'}")
    return "\n".join(lines)


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return readable(repr(value))
        case str():
            return readable(value)
        case _:
            return str(value)


def _readable(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {key: _scalar(item) if isinstance(item, str | float) else item for key, item in row.items()} for row in rows
    ]


def _indented(text: str, pad: str) -> str:
    return "\n".join(pad + line for line in text.splitlines())
