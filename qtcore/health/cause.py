"""Root cause: which findings are the effects of which others (pure).

Four rules say that one finding explains another, the surest first:

1. *said*: the finding's evidence names the plugin because of which it is there (`because_of`);
2. *known*: the finding's kind names the other's code among its usual causes (`effect_of`); where any plugin may have
   that code (it is down), it must be this one's plugin or one that it depends on;
3. *shared host*: several plugins of one host report the same at the same time;
4. *upstream*: the other belongs to a plugin that this one's plugin depends on, directly or over others, or it reaches
   everything; and the reason does not lie in the finding itself (`root`). It must be at most one degree milder, and not
   merely low, unless its plugin is away altogether: what hardly hurts at the source explains no disaster further down.

A cause opens before its effect, or at most `LATE_S` after it, for cadences differ; at most `TOGETHER_S` after it where
a plugin goes away, which is seen at once. No rule makes a cause of what lies downstream of its effect. Where rules
contradict each other the surer one holds, so that there are no circles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from qtcore.health import plugin_kinds
from qtcore.health.model import Finding, Reach, Severity

LATE_S = 120.0
"""So much later than its effect a cause may be found."""
TOGETHER_S = 10.0
"""Findings within this time may be one event."""
_ABOUT_ANY = frozenset(kind.code for kind in plugin_kinds.KINDS)
"""Codes that any plugin may have."""
_AWAY = frozenset(
    kind.code
    for kind in (
        plugin_kinds.DOWN,
        plugin_kinds.HUNG,
        plugin_kinds.STOPPED,
        plugin_kinds.QUARANTINED,
        plugin_kinds.WAITS,
    )
)
"""A plugin that is away explains what lacks it, however mild its own finding is: a person may have stopped it."""
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Relations:
    """Whom one plugin depends on and where it lives."""

    host: str | None = None
    needs: frozenset[str] = frozenset()
    wants: frozenset[str] = frozenset()
    reads_from: frozenset[str] = frozenset()
    """The plugins whose topics it reads or whose actions it calls."""


@dataclass(frozen=True, slots=True)
class Group:
    """A cause with everything that is there because of it, the gravest effect first."""

    cause: Finding
    effects: tuple[Finding, ...] = ()

    @property
    def severity(self) -> Severity:
        """The gravest of all that belongs to it."""
        return max((self.cause, *self.effects), key=lambda finding: _RANK[finding.severity]).severity


def fold(findings: Iterable[Finding], relations: Mapping[str, Relations]) -> tuple[Group, ...]:
    """Each finding exactly once, as a cause or under one; the gravest and deepest cause first."""
    upstream = upstreams(relations)
    order = _order(upstream)
    listed = sorted(findings, key=order)
    links = _Links(listed, upstream)
    scene = _Scene(upstream, relations)
    for concerns, rule in _RULES:
        explicable = [(index, finding) for index, finding in enumerate(listed) if concerns(finding)]
        for cause, other in enumerate(listed):
            for effect, finding in explicable:
                if cause != effect and rule(other, finding, scene):
                    links.tie(cause, effect)
    groups: dict[int, list[Finding]] = {index: [] for index in range(len(listed)) if not links.causes[index]}
    for index, finding in enumerate(listed):
        if index not in groups:
            groups[links.deepest(index)].append(finding)
    made = [Group(listed[index], tuple(effects)) for index, effects in groups.items()]
    return tuple(sorted(made, key=lambda group: (-_RANK[group.severity], order(group.cause))))


def effects_of(groups: Iterable[Group]) -> frozenset[str]:
    """The fingerprints of everything that is there because of something else."""
    return frozenset(effect.fingerprint for group in groups for effect in group.effects)


def upstreams(relations: Mapping[str, Relations]) -> dict[str, frozenset[str]]:
    """For each plugin everybody it depends on, over any number of steps, never itself.

    Where plugins depend on each other in a circle, the weaker tie gives way: needs before wants before topics.
    """
    found: dict[str, set[str]] = {name: set() for name in relations}
    ties: tuple[Callable[[Relations], frozenset[str]], ...] = (
        lambda item: item.needs,
        lambda item: item.wants,
        lambda item: item.reads_from,
    )
    for tie in ties:
        for name in sorted(relations):
            for source in sorted(tie(relations[name]) & relations.keys() - {name}):
                if name not in found[source]:
                    _join(found, name, source)
    return {name: frozenset(sources) for name, sources in found.items()}


def _join(found: dict[str, set[str]], name: str, source: str) -> None:
    gained = found[source] | {source}
    for other in [name, *(other for other, sources in found.items() if name in sources)]:
        found[other] |= gained


def _order(upstream: Mapping[str, frozenset[str]]) -> Callable[[Finding], tuple[int, int, str, str]]:
    """What decides between causes: the gravest, then the deepest, then the oldest, then the name."""

    def key(finding: Finding) -> tuple[int, int, str, str]:
        depth = len(upstream.get(finding.plugin, ())) if finding.plugin else -1
        return (-_RANK[finding.severity], depth, _opened(finding), finding.fingerprint)

    return key


def _opened(finding: Finding) -> str:
    return finding.opened_at.isoformat() if finding.opened_at else ""


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the rules know besides the two findings."""

    upstream: Mapping[str, frozenset[str]]
    relations: Mapping[str, Relations]

    def feeds(self, cause: Finding, effect: Finding) -> bool:
        """The cause's plugin lies upstream of the effect's."""
        return cause.plugin is not None and cause.plugin in self.upstream.get(effect.plugin or "", ())

    def host_of(self, finding: Finding) -> str | None:
        """Where the finding's plugin lives."""
        found = self.relations.get(finding.plugin or "")
        return found.host if found else None


def _said(cause: Finding, effect: Finding, _scene: _Scene) -> bool:
    told = cause.plugin is not None and effect.evidence.get("because_of") == cause.plugin != effect.plugin
    return told and cause.reach is not Reach.NOTHING and cause.severity is not Severity.LOW


def _known(cause: Finding, effect: Finding, scene: _Scene) -> bool:
    if cause.code not in effect.effect_of or cause.code == effect.code:
        return False
    alone = cause.code not in _ABOUT_ANY or effect.plugin is None
    return (alone or cause.plugin == effect.plugin or scene.feeds(cause, effect)) and _in_time(cause, effect)


def _shared_host(cause: Finding, effect: Finding, scene: _Scene) -> bool:
    host = scene.host_of(effect)
    same = cause.code == effect.code and cause.plugin != effect.plugin
    return same and host is not None and scene.host_of(cause) == host and _within(cause, effect, TOGETHER_S)


def _upstream(cause: Finding, effect: Finding, scene: _Scene) -> bool:
    if cause.reach is Reach.NOTHING or not (cause.reach is Reach.EVERYTHING or scene.feeds(cause, effect)):
        return False
    return _grave_enough(cause, effect) and _in_time(cause, effect)


_RULES: tuple[tuple[Callable[[Finding], bool], Callable[[Finding, Finding, _Scene], bool]], ...] = (
    (lambda effect: "because_of" in effect.evidence, _said),
    (lambda effect: bool(effect.effect_of), _known),
    (lambda effect: "host" in effect.evidence, _shared_host),
    (lambda effect: not effect.root, _upstream),
)
"""The surest first; each with what it may concern at all."""


def _grave_enough(cause: Finding, effect: Finding) -> bool:
    if cause.code in _AWAY:
        return True
    return cause.severity is not Severity.LOW and _RANK[cause.severity] >= _RANK[effect.severity] - 1


def _in_time(cause: Finding, effect: Finding) -> bool:
    if cause.opened_at is None or effect.opened_at is None:
        return True
    late_s = TOGETHER_S if cause.code in _AWAY else LATE_S
    return cause.opened_at <= effect.opened_at + timedelta(seconds=late_s)


def _within(one: Finding, other: Finding, seconds: float) -> bool:
    if one.opened_at is None or other.opened_at is None:
        return True
    return abs((one.opened_at - other.opened_at).total_seconds()) <= seconds


@dataclass(slots=True)
class _Links:
    """Which findings explain which, transitively, as sets of bits; refuses circles and causes from downstream."""

    listed: Sequence[Finding]
    upstream: Mapping[str, frozenset[str]]
    causes: list[int] = field(default_factory=list)
    effects: list[int] = field(default_factory=list)
    _barred: list[int] = field(default_factory=list)
    """For each finding those of plugins upstream of its own or of a cause's: none can be its effect."""

    def __post_init__(self) -> None:
        self.causes = [0] * len(self.listed)
        self.effects = [0] * len(self.listed)
        places: dict[str, int] = {}
        for index, finding in enumerate(self.listed):
            if finding.plugin is not None:
                places[finding.plugin] = places.get(finding.plugin, 0) | 1 << index
        self._barred = [
            sum(places.get(name, 0) for name in self.upstream.get(finding.plugin or "", ())) for finding in self.listed
        ]

    def tie(self, cause: int, effect: int) -> None:
        """Note that one explains the other, unless what is known already forbids it."""
        if self.causes[effect] >> cause & 1:
            return
        above = self.causes[cause] | 1 << cause
        below = self.effects[effect] | 1 << effect
        if (above | self._barred[cause]) & below:
            return
        for index in _bits(below):
            self.causes[index] |= above
            self._barred[index] |= self._barred[cause]
        for index in _bits(above):
            self.effects[index] |= below

    def deepest(self, effect: int) -> int:
        """The first, in order, of its causes that has no cause itself."""
        return next(index for index in _bits(self.causes[effect]) if not self.causes[index])


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
