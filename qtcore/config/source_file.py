"""A YAML file as plain data that remembers where each value stands.

The scalars follow YAML 1.2 (only `true` and `false` are booleans; no dates, no base-60 numbers),
because `autonomy: off` must mean the word *off*.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from qtcore.config.problem import ConfigurationRefused, Place, Problem

Path_ = tuple[str | int, ...]
"""Keys and indices from the top of the file to a value."""

_PLAIN_SCALARS = (
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("tag:yaml.org,2002:int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    (
        "tag:yaml.org,2002:float",
        r"^(?:[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
        list("-+0123456789."),
    ),
)


class _Loader(yaml.CSafeLoader):
    """The safe loader with YAML 1.2 scalars."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _tag, _pattern, _first in _PLAIN_SCALARS:
    _Loader.add_implicit_resolver(_tag, re.compile(_pattern), _first)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """The data of one file; `places` tells where each key stands, `values` where each value begins."""

    name: str
    data: Any
    places: dict[Path_, Place] = field(default_factory=dict)
    values: dict[Path_, Place] = field(default_factory=dict)
    sha256: str = ""
    """Of the file's bytes."""

    def place(self, path: Path_) -> Place:
        """Where the key at `path` stands, or the nearest thing around it."""
        return self._nearest(self.places, path)

    def value_place(self, path: Path_) -> Place:
        """Where the value at `path` begins, or the nearest thing around it."""
        return self._nearest(self.values, path)

    def _nearest(self, known: dict[Path_, Place], path: Path_) -> Place:
        while path and path not in known:
            path = path[:-1]
        return known.get(path, Place(self.name, 1, 1))


def read_source(path: Path, name: str | None = None) -> SourceFile:
    """Read a YAML file. Raises ConfigurationRefused with the position of whatever is wrong."""
    name = name or path.name
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationRefused(
            [Problem(f"there is no {path}; `qt init` writes one, or name another with --config")]
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigurationRefused(
            [Problem(f"byte {error.start} is not UTF-8; save the file as UTF-8", where=name)]
        ) from None
    except OSError as error:
        raise ConfigurationRefused([Problem(f"it cannot be read: {error.strerror}", where=str(path))]) from None
    return parse_source(text, name)


def parse_source(text: str, name: str) -> SourceFile:
    """Parse YAML text. Raises ConfigurationRefused with the position of whatever is wrong."""
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            return _Reading(name, loader, hashlib.sha256(text.encode()).hexdigest()).run(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise ConfigurationRefused([_syntax_problem(error, name)]) from None
    except yaml.reader.ReaderError as error:
        raise ConfigurationRefused(
            [Problem(f"character {error.character!r} is not allowed in YAML; remove it", where=name)]
        ) from None


def _syntax_problem(error: yaml.MarkedYAMLError, name: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    where = str(Place(name, mark.line + 1, mark.column + 1)) if mark else name
    context = f" {error.context}" if error.context else ""
    return Problem(
        f"this is not valid YAML: {error.problem}{context}; correct it here or on the line above", where=where
    )


class _Reading:
    """One walk over the node tree."""

    def __init__(self, name: str, loader: _Loader, sha256: str) -> None:
        self._sha256 = sha256
        self._loader = loader
        self._file = SourceFile(name, None)
        self._problems: list[Problem] = []
        self._open: set[yaml.Node] = set()

    def run(self, root: yaml.Node | None) -> SourceFile:
        data = None if root is None else self._value((), root)
        if self._problems:
            raise ConfigurationRefused(self._problems)
        return SourceFile(self._file.name, data, self._file.places, self._file.values, self._sha256)

    def _value(self, path: Path_, node: yaml.Node) -> Any:
        self._file.values[path] = self._place_of(node)
        self._file.places.setdefault(path, self._place_of(node))
        if isinstance(node, yaml.ScalarNode):
            return self._loader.construct_object(node)
        if node in self._open:
            self._problems.append(Problem("this alias contains itself; write the value out", where=str(path[-1])))
            return None
        self._open.add(node)
        if isinstance(node, yaml.MappingNode):
            data: Any = dict(self._pairs(path, node))
        else:
            data = [self._value((*path, index), item) for index, item in enumerate(node.value)]
        self._open.discard(node)
        return data

    def _pairs(self, path: Path_, node: yaml.MappingNode) -> Iterator[tuple[str, Any]]:
        seen: dict[str, Place] = {}
        for key_node, value_node in node.value:
            place = self._place_of(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._problems.append(Problem("a key must be a plain word", where=str(place)))
                continue
            key = str(key_node.value)
            if key in seen:
                sentence = f'"{key}" stands here a second time (first on line {seen[key].line}); keep one of them'
                self._problems.append(Problem(sentence, where=str(place)))
                continue
            seen[key] = place
            self._file.places[(*path, key)] = place
            yield key, self._value((*path, key), value_node)

    def _place_of(self, node: yaml.Node) -> Place:
        return Place(self._file.name, node.start_mark.line + 1, node.start_mark.column + 1)
