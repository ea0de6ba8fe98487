"""What a rule is: a pure function from what is seen to what is suspicious, and how long it may be so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from plugins.auditor.view import Moment, Scene
from plugins.domain import Posture
from qtcore import FindingKind, Remedy, RemedyKind

SHOW = Remedy(
    kind=RemedyKind.MANUAL,
    act="qt invariants",
    effect="shows every rule with what it looked at and what it saw",
    expected="the rule's verdict is `holds`",
)


def by_hand(act: str, effect: str, expected: str = "") -> Remedy:
    """An act for a person."""
    return Remedy(kind=RemedyKind.MANUAL, act=act, effect=effect, expected=expected)


def after_a_yes(act: str, effect: str, expected: str = "") -> Remedy:
    """An act that is carried out once a person agrees: it interrupts what may be well, or costs money."""
    return Remedy(kind=RemedyKind.CONFIRM, act=act, effect=effect, expected=expected)


def by_itself(act: str, effect: str, expected: str = "") -> Remedy:
    """An act that anybody may carry out: it repairs from the owner's authority and cannot do harm."""
    return Remedy(kind=RemedyKind.SAFE, act=act, effect=effect, expected=expected)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Something that should not be so, about one subject, at one look."""

    kind: FindingKind
    subject: str
    summary: str
    evidence: Mapping[str, object] = field(default_factory=dict)
    cause: str = ""
    """Where more is known than the kind's usual one."""
    patience_s: float | None = None
    """How long it may be so before it counts; default: the rule's."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One look of one rule: how many things it looked at, and what it thinks of them.

    `unseen` says why there was nothing to look at, which is never the same as that all is well.
    """

    looked_at: int
    suspicions: tuple[Suspicion, ...] = ()
    unseen: str = ""
    seen_s: float | None = None
    """When what it judges by was observed (monotonic real seconds), where that was not now: judging it again adds
    nothing."""


Check = Callable[[Scene, Moment], Verdict]


@dataclass(frozen=True, slots=True)
class Rule:
    """One invariant. `needs` are the plugins whose restart explains a while of disorder.

    While one of its suspicions stands it claims `posture`, and `repair` (an action of the owner) is asked for.
    """

    name: str
    says: str
    looks_at: str
    incidents: tuple[str, ...]
    check: Check
    kinds: tuple[FindingKind, ...]
    patience_s: float
    needs: frozenset[str] = frozenset()
    posture: Posture = Posture.NORMAL
    repair: str = ""
    settle_s: float = 5.0
    """How long after a restart of what it needs a rule says nothing new."""


def unseen(what: str) -> Verdict:
    """There was nothing to look at."""
    return Verdict(0, (), what)


def verdict(looked_at: int, suspicions: Iterable[Suspicion]) -> Verdict:
    """What was looked at, and what is wrong with it."""
    return Verdict(looked_at, tuple(suspicions))


def missing(scene: Scene, *needed: str) -> str:
    """Which of the named parts of the scene are not known, in words; empty when all are."""
    absent = [name for name in needed if getattr(scene, name) is None]
    said = (f"{name}: {scene.unseen.get(name, 'not known yet')}" for name in absent)
    return "; ".join(said)
