"""What to do first: one step for each cause, with its command, what one sees then, and how long it takes (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from qtcore.health.model import Finding, Remedy, RemedyKind, Severity
from qtcore.report.document import FindingGroup, Step

_RULE_OF_THUMB_S = {RemedyKind.SAFE: 30.0, RemedyKind.CONFIRM: 120.0, RemedyKind.MANUAL: 600.0}
"""How long it takes where nobody has measured it: by itself, after a yes, by a person who must look."""
_OWN_ACTS = ("restart", "start", "release")
_URGENCY = {
    Severity.CRITICAL: Severity.CRITICAL,
    Severity.HIGH: Severity.HIGH,
    Severity.MEDIUM: Severity.MEDIUM,
    Severity.LOW: Severity.MEDIUM,
}
_ORDER = list(reversed(Severity))


def steps_for(groups: Iterable[FindingGroup], lasted_s: Mapping[str, tuple[float, ...]]) -> tuple[Step, ...]:
    """The most urgent first; effects need no step of their own, for they go with their cause."""
    steps = [_step(group, lasted_s.get(group.cause.code, ())) for group in groups]
    return tuple(sorted(steps, key=lambda step: _ORDER.index(step.priority)))


def _step(group: FindingGroup, lasted_s: tuple[float, ...]) -> Step:
    finding = group.cause
    remedy = finding.remedies[0] if finding.remedies else _look(finding)
    return Step(
        priority=_URGENCY[group.severity],
        plugin=finding.plugin,
        code=finding.code,
        subject=finding.subject,
        what=finding.title or finding.summary,
        kind=remedy.kind,
        command=command_of(remedy, finding.plugin),
        does=remedy.effect,
        expected=remedy.expected or finding.verify or "`qt report` does not name it any more",
        takes_s=round(_median(lasted_s), 1) if lasted_s else _RULE_OF_THUMB_S[remedy.kind],
        measured=len(lasted_s),
    )


def _median(values: tuple[float, ...]) -> float:
    """Written out: the library's costs more to load than all steps to make."""
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _look(finding: Finding) -> Remedy:
    act = f"qt why {finding.plugin}" if finding.plugin else "qt status"
    return Remedy.manual(act, finding.fix or "shows what is known of it")


def command_of(remedy: Remedy, plugin: str | None) -> str:
    """The act as a person types it; what only the supervisor can do is done through `qt doctor --fix`."""
    act, _, rest = remedy.act.partition(" ")
    if act == "heal" and not rest:
        return "qt doctor --fix"
    if act in _OWN_ACTS and not rest:
        return f"qt {act} {plugin}" if plugin else f"qt {act} NAME"
    if act in {"call", *_OWN_ACTS}:
        return f"qt {remedy.act}"
    return remedy.act
