"""The score: 0–10 per plugin, 0–100 overall, every deduction named so that anyone can redo the sum.

Formula version 1. A plugin starts at 10 and loses points for its status, for each open finding by
severity, and for restarts; never below 0. `off` plugins have no score and do not count. The overall
score is ten times the mean, vital plugins counted twice, and is then capped by the worst thing there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qtcore.health.model import Finding, Severity, Status
from qtcore.wording import counted

FORMULA_VERSION = 1
FULL = 10
VITAL_WEIGHT = 2

_STATUS_POINTS = {
    Status.FAILED: 10,
    Status.CRITICAL: 7,
    Status.UNKNOWN: 5,
    Status.DEGRADED: 3,
    Status.HEALTHY: 0,
    Status.OFF: 0,
}
_FINDING_POINTS = {Severity.LOW: 0, Severity.MEDIUM: 1, Severity.HIGH: 2, Severity.CRITICAL: 4}
RESTARTS_PER_POINT = 3
MOST_FOR_RESTARTS = 2


@dataclass(frozen=True, slots=True)
class Deduction:
    """Points lost, and why."""

    points: int
    reason: str


@dataclass(frozen=True, slots=True)
class Scored:
    """One plugin's score with its sum."""

    plugin: str
    vital: bool
    status: Status
    score: int | None
    deductions: tuple[Deduction, ...]


@dataclass(frozen=True, slots=True)
class Overall:
    """The score of the whole: `mean` before the caps, and the cap that applied, if any."""

    score: int | None
    mean: int | None
    cap: Deduction | None
    version: int = FORMULA_VERSION


def score_plugin(plugin: str, status: Status, findings: Iterable[Finding], restarts: int, *, vital: bool) -> Scored:
    """The plugin's score; None for one that is off."""
    if status is Status.OFF:
        return Scored(plugin, vital, status, None, ())
    deductions = [Deduction(_STATUS_POINTS[status], f"status {status.value}")]
    deductions += [
        Deduction(_FINDING_POINTS[finding.severity], f"finding {finding.code} ({finding.severity.value})")
        for finding in findings
    ]
    lost = min(restarts // RESTARTS_PER_POINT, MOST_FOR_RESTARTS)
    deductions.append(Deduction(lost, counted(restarts, "restart")))
    lossy = tuple(deduction for deduction in deductions if deduction.points)
    return Scored(plugin, vital, status, max(0, FULL - sum(d.points for d in lossy)), lossy)


def score_overall(plugins: Sequence[Scored]) -> Overall:
    """Ten times the weighted mean, capped by hard failures; None when everything is off."""
    counted = [(plugin.score, VITAL_WEIGHT if plugin.vital else 1) for plugin in plugins if plugin.score is not None]
    if not counted:
        return Overall(None, None, None)
    weight = sum(weight for _score, weight in counted)
    mean = 10 * sum(score * weight for score, weight in counted) // weight
    cap = _cap(plugins)
    return Overall(min(mean, 100 - cap.points) if cap else mean, mean, cap)


def _cap(plugins: Sequence[Scored]) -> Deduction | None:
    """The lowest ceiling that applies; `points` is what it leaves short of 100."""
    ceilings = [
        Deduction(100 - ceiling, f"capped at {ceiling}: {plugin.plugin} is {plugin.status.value}")
        for plugin in plugins
        if (ceiling := _ceiling(plugin)) is not None
    ]
    return max(ceilings, key=lambda deduction: deduction.points, default=None)


def _ceiling(plugin: Scored) -> int | None:
    match plugin.status:
        case Status.FAILED:
            return 40 if plugin.vital else 70
        case Status.CRITICAL:
            return 50 if plugin.vital else 75
        case Status.UNKNOWN if plugin.vital:
            return 60
        case _:
            return None
