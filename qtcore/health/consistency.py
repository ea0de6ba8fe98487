"""Shared facts: what several plugins say of one thing must agree (pure).

A fact whose name has a dot (`venue.endpoint`) is about something that others speak of too. Plugins are asked one after
the other, so they may disagree for a moment about what has just changed. It is a finding when the disagreement has
outlasted that: where neither side has changed its mind since it started, as with a setting, once both have been asked
again; where one of them has, as with a number of positions, once both cadences are over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from pydantic import JsonValue

MARGIN_S = 2.0
SETTLED_S = 3.0
"""Two who never changed their minds may disagree for so long: one may have read what the other has just written."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one running plugin says of one fact; `heard_s` is when it said so last (monotonic seconds)."""

    plugin: str
    generation: int
    value: JsonValue
    heard_s: float
    cadence_s: float

    @property
    def said(self) -> str:
        """The value in one way of writing it."""
        return json.dumps(self.value, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One fact about which these statements differ, since `since_s`."""

    fact: str
    statements: tuple[Statement, ...]
    since_s: float


@dataclass(frozen=True, slots=True)
class _Word:
    """What is remembered of one plugin's word about one fact."""

    generation: int
    said: str
    since_s: float
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Memory:
    """What must be known from before to tell how long a disagreement lasts."""

    words: Mapping[tuple[str, str], _Word] = field(default_factory=dict)
    """By (fact, plugin)."""
    since_s: Mapping[tuple[str, str, str], float] = field(default_factory=dict)
    """Since when two plugins disagree about a fact."""


def shared_facts(facts: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Those that others speak of, too; nothing is what it is called while its value is not known."""
    return {name: value for name, value in facts.items() if "." in name and value is not None}


def compare(
    said: Mapping[str, Iterable[Statement]], memory: Memory, now_s: float
) -> tuple[Memory, tuple[Disagreement, ...], frozenset[str]]:
    """What is remembered now, what disagrees for too long, and whom to ask again soon.

    `said` holds the statements about each fact, of running plugins whose answers have not run out.
    """
    words: dict[tuple[str, str], _Word] = {}
    since_s: dict[tuple[str, str, str], float] = {}
    lasting: dict[str, float] = {}
    ask: set[str] = set()
    for fact, statements in said.items():
        listed = sorted(statements, key=lambda item: item.plugin)
        for one in listed:
            words[fact, one.plugin] = _word(memory.words.get((fact, one.plugin)), one)
        for one, other in combinations(listed, 2):
            if one.said == other.said:
                continue
            pair = (fact, one.plugin, other.plugin)
            began_s = since_s[pair] = memory.since_s.get(pair, now_s)
            if _lasts((one, words[fact, one.plugin]), (other, words[fact, other.plugin]), began_s, now_s):
                lasting[fact] = min(began_s, lasting.get(fact, began_s))
            else:
                ask |= {one.plugin, other.plugin}
    found = tuple(Disagreement(fact, _all(said[fact]), at_s) for fact, at_s in sorted(lasting.items()))
    return Memory(words, since_s), found, frozenset(ask)


def _all(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(sorted(statements, key=lambda item: item.plugin))


def _word(before: _Word | None, now: Statement) -> _Word:
    if before is None or before.generation != now.generation:
        return _Word(now.generation, now.said, now.heard_s)
    if before.said == now.said:
        return before
    return _Word(now.generation, now.said, now.heard_s, changed=True)


def _lasts(one: tuple[Statement, _Word], other: tuple[Statement, _Word], began_s: float, now_s: float) -> bool:
    """Longer than the two may need to hear of the same change; both have spoken since it began."""
    (first, first_word), (second, second_word) = one, other
    if first_word.changed or second_word.changed:
        return now_s - began_s > first.cadence_s + second.cadence_s + MARGIN_S
    asked_again = min(first.heard_s, second.heard_s) > began_s
    return asked_again and now_s - began_s > SETTLED_S
