"""The judge: what was observed against what `drills.yaml` expected (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from qtcore.drills.document import Drill, Expected, Refused
from qtcore.drills.observing import Seen
from qtcore.drills.results import CheckLine, DrillResult, DrillRun, Figures, TwinResult

AT_ONCE_S = 0.05
"""A finding may seem to be opened so much before the act that it follows has returned."""


@dataclass(frozen=True, slots=True)
class Heading:
    """The causes of the report at one moment, the first one first; each with what was folded under it."""

    at_s: float
    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a start ended that should be refused; `code` is None where it was not."""

    code: int | None
    said: str
    after_s: float


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that was seen of one drill; times are seconds since the fault, of recovery since its end."""

    findings: tuple[Seen, ...] = ()
    known: frozenset[str] = frozenset()
    headings: tuple[Heading, ...] = ()
    refusal: Refusal | None = None
    handling: tuple[CheckLine, ...] = ()
    recovery: tuple[CheckLine, ...] = ()
    harm: dict[str, tuple[str, ...]] = field(default_factory=dict)
    error: str = ""
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Detection:
    """Whether and by what the fault was noticed, and what the report called its cause."""

    by: str = ""
    at_s: float | None = None
    first: str = ""
    cause_first: bool = False

    def within(self, limit_s: float) -> bool:
        """Whether it was noticed in time."""
        return self.at_s is not None and self.at_s <= limit_s


def judged(drill: Drill, seen: Observation) -> DrillResult:
    """The verdict on one drill."""
    detection = _found(drill.expect, seen) if drill.expect else _refusal(drill.refused, seen.refusal)
    at_s, in_time = detection.at_s, detection.within(drill.limits.detect_s)
    late = f", only after {at_s:.1f} s" if at_s is not None and not in_time else ""
    return DrillResult(
        id=drill.id,
        title=drill.title,
        system=drill.system,
        heal=drill.heal,
        expected=drill.expect.found if drill.expect else (),
        detected=in_time,
        by=f"{detection.by}{late}",
        detect_s=None if at_s is None else round(max(at_s, 0.0), 3),
        first=detection.first,
        cause_first=detection.cause_first,
        handling=seen.handling,
        handled=not seen.error and all(line.holds for line in seen.handling) and (in_time or drill.expect is not None),
        handle_s=_longest(seen.handling),
        recovery=seen.recovery,
        recovered=not seen.error and all(line.holds for line in seen.recovery),
        recover_s=_longest(seen.recovery),
        over=drill.over,
        findings=tuple(_told(one) for one in seen.findings),
        wrong_findings=wrong_in(drill, seen),
        harm={kind: found for kind, found in seen.harm.items() if found},
        error=seen.error,
        took_s=round(seen.took_s, 1),
    )


def _longest(lines: Iterable[CheckLine]) -> float | None:
    return max((round(line.after_s, 3) for line in lines if line.after_s is not None), default=None)


def _found(expected: Expected, seen: Observation) -> Detection:
    first = first_of(expected, seen)
    found = expected_in(expected, seen.findings)
    by = f"{found.code} of {found.plugin or 'the supervisor'}" if found else ""
    return Detection(by, found.opened_s if found else None, first, first in expected.first)


def _refusal(wanted: Refused | None, refusal: Refusal | None) -> Detection:
    if wanted is None or refusal is None or refusal.code is None:
        return Detection("it was not refused")
    said = f"exit {refusal.code}"
    if refusal.code != wanted.exit:
        return Detection(f"{said} instead of {wanted.exit}", None, said)
    if missing := [word for word in wanted.says if word not in refusal.said]:
        return Detection(f"{said}, but the sentence does not say {', '.join(missing)}", None, said)
    return Detection(said, refusal.after_s, said, cause_first=True)


def expected_in(expected: Expected, findings: Iterable[Seen]) -> Seen | None:
    """The first finding since the fault that is what was expected."""
    fitting = [
        one
        for one in findings
        if one.opened_s >= -AT_ONCE_S
        and one.code in expected.found
        and expected.plugin in (None, one.plugin, one.subject)
        and (not expected.subject or expected.subject == one.subject or expected.subject in one.text)
    ]
    return min(fitting, key=lambda one: one.opened_s, default=None)


def first_of(expected: Expected, seen: Observation) -> str:
    """The code at the head of the last report in which something of the fault stood.

    Where it was over before a report was looked at, the finding that was opened first stands for it.
    """
    for codes in (frozenset(expected.found), expected.allowed):  # what heals at once leaves its effects a moment longer
        for heading in reversed(seen.headings):
            fresh = [group for group in heading.groups if set(group) - seen.known]
            if any(set(group) & codes for group in fresh):
                return fresh[0][0]
    opened = [one for one in seen.findings if one.opened_s >= -AT_ONCE_S and one.code not in seen.known]
    return min(opened, key=lambda one: one.opened_s).code if opened else ""


def wrong_in(drill: Drill, seen: Observation) -> tuple[str, ...]:
    """Findings that are neither expected, nor declared as effects, nor true of the undisturbed system."""
    allowed = drill.expect.allowed if drill.expect else frozenset()
    return tuple(
        f"{_told(one)}{' (before the fault)' if one.opened_s < -AT_ONCE_S else ''}"
        for one in seen.findings
        if one.code not in seen.known and (one.code not in allowed or one.opened_s < -AT_ONCE_S)
    )


def figures_of(drills: Sequence[DrillResult], twins: Sequence[TwinResult]) -> Figures:
    """The sums."""
    detect = [one.detect_s for one in drills if one.detect_s is not None]
    recover = [one.recover_s for one in drills if one.recover_s is not None and one.recovered]
    harms = [one.harm for one in drills] + [one.harm for one in twins]
    return Figures(
        run=len(drills),
        passed=sum(one.passed for one in drills),
        detected=sum(one.detected for one in drills),
        detect_p50_s=share_below(detect, 0.50),
        detect_p95_s=share_below(detect, 0.95),
        cause_first=sum(one.cause_first for one in drills),
        handled=sum(one.handled for one in drills),
        recovered=sum(one.recovered for one in drills),
        recover_p50_s=share_below(recover, 0.50),
        recover_p95_s=share_below(recover, 0.95),
        findings=sum(len(one.findings) for one in drills),
        wrong_findings=sum(len(one.wrong_findings) for one in drills),
        twins=len(twins),
        twins_raised=sum(len(one.raised) for one in twins),
        harm={kind: sum(len(one.get(kind, ())) for one in harms) for kind in sorted({k for one in harms for k in one})},
    )


def together(runs: Sequence[DrillRun]) -> DrillRun:
    """Several runs as one: of each drill and of each twin what came of it last."""
    drills = {one.id: one for run in runs for one in run.drills}
    twins = {one.system: one for run in runs for one in run.twins}
    first = runs[0]
    return first.model_copy(
        update={
            "machine": "; ".join(dict.fromkeys(run.machine for run in runs)),
            "took_s": sum(run.took_s for run in runs),
            "figures": figures_of([*drills.values()], [*twins.values()]),
            "drills": tuple(drills.values()),
            "twins": tuple(twins.values()),
            "not_yet": {name: title for name, title in first.not_yet.items() if name not in drills},
        }
    )


def share_below(values: Sequence[float], share: float) -> float | None:
    """The smallest value that this share of all does not exceed; None without values."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(share * 100) // 100) - 1)] if ordered else None


def _told(one: Seen) -> str:
    about = f" about {one.subject}" if one.subject else ""
    return f"{one.code} of {one.plugin or 'the supervisor'}{about}"
