"""What is wrong with a configuration, and where: one sentence each."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from qtcore.errors import ConfigurationError

if TYPE_CHECKING:
    from qtcore.config.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a text file, counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Weight(StrEnum):
    """What a problem means for the start."""

    ERROR = "error"
    """Nothing is started."""
    FINDING = "finding"
    """It starts, and the report names it."""
    NOTE = "note"
    """Only `qt check` tells it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, to whom, what, and the cure, in one sentence."""

    sentence: str
    weight: Weight = Weight.ERROR
    where: str | None = None
    """`plugins.yaml:12:5`, or the name of a variable or an option."""
    plugin: str | None = None
    code: str | None = None
    """Of the finding that it opens, where it has one."""
    names: tuple[str, ...] = ()
    """The settings or variables that it is about."""

    def __str__(self) -> str:
        subject = f"plugin {self.plugin}: " if self.plugin else ""
        return f"{self.where}: {subject}{self.sentence}" if self.where else f"{subject}{self.sentence}"


class ConfigurationRefused(ConfigurationError):
    """The configuration holds errors; `str()` is one line for each of them.

    `understood` is what can be looked at all the same, so that a person is told everything at once.
    """

    def __init__(self, problems: Sequence[Problem], understood: Configuration | None = None) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
        self.understood = understood


def refuse_if_wrong(problems: Iterable[Problem]) -> None:
    """Raise ConfigurationRefused when any of the problems is an error."""
    errors = [problem for problem in problems if problem.weight is Weight.ERROR]
    if errors:
        raise ConfigurationRefused(errors)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`, did you mean "x"?` for the nearest known name, or the known names when none is near."""
    names = sorted(set(known))
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f', did you mean "{near[0]}"?'
    if not names:
        return ""
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"; known here: {shown}"


def edits(a: str, b: str, limit: int) -> int:
    """Levenshtein distance of two names, or `limit + 1` once it is larger than `limit`."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        above, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (left != right))
        if min(row) > limit:
            return limit + 1
    return row[-1]
