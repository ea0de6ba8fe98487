"""Every fixed text of the report, found in the source: what is handed to `words` as a literal."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import qtcore.report

FOLDER = Path(qtcore.report.__file__).parent
_SAID = {"words", "self._words", "words.plural"}


def fixed_texts() -> set[str]:
    """All of them: literals of calls, of `map(words, (…))`, of tables of titles, and of the page's template."""
    found: set[str] = set()
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                found |= set(_of_call(node))
            if isinstance(node, ast.Assign | ast.AnnAssign) and path.parent.name == "chapters":
                found |= set(_of_table(node))
    return found


def _of_call(node: ast.Call) -> Iterator[str]:
    name = ast.unparse(node.func)
    if name in _SAID:
        yield from _literals(node.args)
    if name == "map" and ast.unparse(node.args[0]) == "words" and isinstance(node.args[1], ast.Tuple):
        yield from _literals(node.args[1].elts)


def _of_table(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    """`_CHAPTERS`, `_TITLES` and `_ANSWERS`, and templates that are too long for their call."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    name = ast.unparse(targets[0])
    if name == "_CHAPTERS" and isinstance(node.value, ast.Tuple):
        for entry in node.value.elts:
            if isinstance(entry, ast.Tuple):
                yield from _literals(entry.elts[1:2])
    if name == "_TITLES" and isinstance(node.value, ast.Tuple):
        for entry in node.value.elts:
            if isinstance(entry, ast.Tuple):
                yield from _literals(entry.elts)
    if name == "_ANSWERS" and isinstance(node.value, ast.Dict):
        yield from _literals(node.value.values)
    if name in {"many", "changed"} and node.value is not None:
        yield from _literals([node.value])


def _literals(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
            yield node.value
        if isinstance(node, ast.IfExp):
            yield from _literals([node.body, node.orelse])
