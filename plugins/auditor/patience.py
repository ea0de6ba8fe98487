"""When a suspicion counts: only what is seen at more than one look, for as long as its rule says, and not in a restart.

One pure machine for all rules. A subject that is left alone for a moment is free again; a rule that cannot look keeps
what it has found and finds nothing new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from plugins.auditor.rules.rule import Rule, Suspicion, Verdict
from plugins.auditor.view import Life, age_s

FREE_S = 1.5
"""Unseen for so long, it is over."""

LONGEST_S = 45.0
"""A plugin that is on its way for longer explains nothing any more."""

ON_ITS_WAY = frozenset({"waiting", "starting", "healing", "backoff", "stopping"})

Key = tuple[str, str, str]
"""Rule, code and subject."""


@dataclass(frozen=True, slots=True)
class Case:
    """One suspicion over time, in monotonic real seconds."""

    rule: Rule
    suspicion: Suspicion
    since_s: float
    seen_s: float
    counts: bool


Cases = Mapping[Key, Case]


def judged(cases: Cases, rule: Rule, seen: Verdict, now_s: float, *, disturbed: bool) -> dict[Key, Case]:
    """All cases after one look of one rule."""
    if seen.unseen:
        return dict(cases)
    named = {(rule.name, suspicion.kind.code, suspicion.subject): suspicion for suspicion in seen.suspicions}
    after = {
        key: case for key, case in cases.items() if key[0] != rule.name or key in named or now_s - case.seen_s < FREE_S
    }
    for key, suspicion in named.items():
        observed_s = now_s if seen.seen_s is None else seen.seen_s
        noted = _noted(after.get(key), rule, suspicion, observed_s, disturbed=disturbed)
        after[key] = replace(noted, seen_s=now_s)
    return after


def _noted(before: Case | None, rule: Rule, suspicion: Suspicion, now_s: float, *, disturbed: bool) -> Case:
    patience_s = rule.patience_s if suspicion.patience_s is None else suspicion.patience_s
    if before is None or (disturbed and not before.counts):
        return Case(rule, suspicion, now_s, now_s, counts=patience_s == 0 and not disturbed)
    counts = before.counts or now_s - before.since_s >= patience_s
    return replace(before, suspicion=suspicion, seen_s=now_s, counts=counts)


def counting(cases: Cases) -> list[Case]:
    """Those that are findings, in the order of the rules' gravity as given."""
    return [case for case in cases.values() if case.counts]


def is_disturbed(rule: Rule, lives: Mapping[str, Life], wall: datetime) -> bool:
    """Whether something that a rule needs has just come back, or is on its way."""
    return any(_explains(life, rule.settle_s, wall) for name in rule.needs if (life := lives.get(name)) is not None)


def _explains(life: Life, settle_s: float, wall: datetime) -> bool:
    since_s = age_s(life.since, wall)
    if life.lifecycle in ON_ITS_WAY:
        return since_s < LONGEST_S
    return life.lifecycle == "running" and since_s < settle_s


def subjects(found: Iterable[Case]) -> str:
    """What cases are about, for a sentence."""
    return ", ".join(sorted({case.suspicion.subject for case in found if case.suspicion.subject}))
