"""The score: 0–10 per plugin, 0–100 overall, every deduction named so that anyone can redo the sum.

Formula version 2. A plugin starts at 10 and loses points for its status, for each open finding by severity, and for
restarts; never below 0. `off` plugins have no score and do not count. The overall score is ten times the mean, vital
plugins counted twice, rounded down, and is then capped by the worst thing there is.

Nothing is counted twice: a finding that says the same as the status or the restarts (that a plugin is down, idle,
cannot be asked) costs nothing of its own, and neither does the effect of another, under which it is printed. The
status of a plugin that only suffers does count, for its work is not done. What is acknowledged or muted counts as if
it were not: knowing of a trouble does not end it. Findings about the supervisor belong to no plugin and only cap.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from qtcore.health.model import Finding, Severity, Status
from qtcore.wording import counted

FORMULA_VERSION = 2
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
SAID_OTHERWISE = frozenset(
    {
        "QT-PLUGIN-DOWN",
        "QT-PLUGIN-HUNG",
        "QT-PLUGIN-IDLE",
        "QT-PLUGIN-SENSOR",
        "QT-PLUGIN-OUTDATED",
        "QT-PLUGIN-WAITS",
        "QT-PLUGIN-STOPPED",
        "QT-PLUGIN-QUARANTINED",
        "QT-PLUGIN-RESTARTS",
        "QT-VITAL-AWAY",
    }
)
"""What these findings say costs points already, as a status or as restarts."""
_PLUGIN_CEILINGS = {Severity.CRITICAL: 60}
_SUPERVISOR_CEILINGS = {Severity.CRITICAL: 50, Severity.HIGH: 80}
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
    """The score of the whole: `mean` before the caps, and every cap that holds, the lowest ceiling first."""

    score: int | None
    mean: int | None
    caps: tuple[Deduction, ...] = ()
    version: int = FORMULA_VERSION

    @property
    def cap(self) -> Deduction | None:
        """The lowest ceiling."""
        return self.caps[0] if self.caps else None


def score_plugin(
    plugin: str,
    status: Status,
    findings: Iterable[Finding],
    restarts: int,
    *,
    vital: bool,
    effects: Collection[str] = (),
) -> Scored:
    """The plugin's score; None for one that is off. `effects` are the fingerprints of what others are the cause of."""
    if status is Status.OFF:
        return Scored(plugin, vital, status, None, ())
    deductions = [Deduction(_STATUS_POINTS[status], f"status {status.value}")]
    deductions += [
        Deduction(_FINDING_POINTS[finding.severity], f"finding {finding.code} ({finding.severity.value})")
        for finding in findings
        if finding.code not in SAID_OTHERWISE and finding.fingerprint not in effects
    ]
    lost = min(restarts // RESTARTS_PER_POINT, MOST_FOR_RESTARTS)
    deductions.append(Deduction(lost, counted(restarts, "restart")))
    lossy = tuple(deduction for deduction in deductions if deduction.points)
    return Scored(plugin, vital, status, max(0, FULL - sum(d.points for d in lossy)), lossy)


def score_overall(plugins: Sequence[Scored], findings: Iterable[Finding] = ()) -> Overall:
    """Ten times the weighted mean, capped by hard failures; None when everything is off.

    `findings` are all that are open, those about the supervisor with them.
    """
    counted = [(plugin.score, VITAL_WEIGHT if plugin.vital else 1) for plugin in plugins if plugin.score is not None]
    if not counted:
        return Overall(None, None)
    weight = sum(weight for _score, weight in counted)
    mean = 10 * sum(score * weight for score, weight in counted) // weight
    caps = sorted(_caps(plugins, findings), key=lambda cap: (-cap.points, cap.reason))
    return Overall(min([mean, *(100 - cap.points for cap in caps)]), mean, tuple(dict.fromkeys(caps)))


def _caps(plugins: Sequence[Scored], findings: Iterable[Finding]) -> Iterator[Deduction]:
    """Every ceiling that applies; `points` is what it leaves short of 100."""
    for plugin in plugins:
        if (ceiling := _ceiling(plugin)) is not None:
            yield Deduction(100 - ceiling, f"capped at {ceiling}: {plugin.plugin} is {plugin.status.value}")
    for finding in findings:
        ceilings = _PLUGIN_CEILINGS if finding.plugin else _SUPERVISOR_CEILINGS
        if (ceiling := ceilings.get(finding.severity)) is not None:
            owner = finding.plugin or "supervisor"
            told = f"{finding.severity.value} finding {finding.code} of {owner}"
            yield Deduction(100 - ceiling, f"capped at {ceiling}: {told}")


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
