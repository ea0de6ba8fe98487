"""The scorecard: each plugin's sum, and the overall one."""

from __future__ import annotations

from collections.abc import Sequence

from qtcore.health.model import Finding
from qtcore.health.score import Deduction, Scored, score_overall, score_plugin
from qtcore.report.document import Cap, Component, DeductionLine, FindingGroup, Scorecard, ScoreLine


def scorecard_of(components: Sequence[Component], groups: Sequence[FindingGroup]) -> Scorecard:
    """By the formula of `qtcore.health.score`, with everything that is needed to redo it."""
    findings = [finding for group in groups for finding in (group.cause, *group.effects)]
    effects = frozenset(effect.fingerprint for group in groups for effect in group.effects)
    scored = [_scored(component, findings, effects) for component in components]
    overall = score_overall(scored, findings)
    areas = {component.line.name: component.area for component in components}
    return Scorecard(
        formula_version=overall.version,
        score=overall.score,
        mean=overall.mean,
        caps=tuple(map(_cap, overall.caps)),
        plugins=tuple(_line(item, areas[item.plugin]) for item in scored),
    )


def _cap(deduction: Deduction) -> Cap:
    _ceiling, _, reason = deduction.reason.partition(": ")
    return Cap(ceiling=100 - deduction.points, reason=reason)


def _scored(component: Component, findings: Sequence[Finding], effects: frozenset[str]) -> Scored:
    line = component.line
    own = [finding for finding in findings if finding.plugin == line.name]
    return score_plugin(line.name, line.status, own, line.restarts, vital=component.vital, effects=effects)


def _line(item: Scored, area: str) -> ScoreLine:
    return ScoreLine(
        plugin=item.plugin,
        area=area,
        vital=item.vital,
        status=item.status,
        score=item.score,
        deductions=tuple(DeductionLine(points=lost.points, reason=lost.reason) for lost in item.deductions),
    )
