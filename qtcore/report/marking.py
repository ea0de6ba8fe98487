"""The scorecard: each plugin's sum, and the overall one."""

from __future__ import annotations

from collections.abc import Iterable

from qtcore.health.score import Deduction, Scored, score_overall, score_plugin
from qtcore.records.state_file import StateFile
from qtcore.report.document import Cap, Component, DeductionLine, FindingGroup, Scorecard, ScoreLine


def scorecard_of(
    components: Iterable[Component], states: dict[str, StateFile], groups: Iterable[FindingGroup] = ()
) -> Scorecard:
    """By the formula of `qtcore.health.score`, with everything that is needed to redo it."""
    listed = list(components)
    folded = tuple(groups)
    effects = frozenset(effect.fingerprint for group in folded for effect in group.effects)
    scored = [_scored(component, states.get(component.line.name), effects) for component in listed]
    overall = score_overall(scored, [item for group in folded for item in (group.cause, *group.effects)])
    areas = {component.line.name: component.area for component in listed}
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


def _scored(component: Component, state: StateFile | None, effects: frozenset[str]) -> Scored:
    line = component.line
    findings = state.findings if state else ()
    return score_plugin(line.name, line.status, findings, line.restarts, vital=component.vital, effects=effects)


def _line(item: Scored, area: str) -> ScoreLine:
    return ScoreLine(
        plugin=item.plugin,
        area=area,
        vital=item.vital,
        status=item.status,
        score=item.score,
        deductions=tuple(DeductionLine(points=lost.points, reason=lost.reason) for lost in item.deductions),
    )
