"""The scorecard: each plugin's sum, and the overall one."""

from __future__ import annotations

from collections.abc import Iterable

from qtcore.health.score import Deduction, Scored, score_overall, score_plugin
from qtcore.records.state_file import StateFile
from qtcore.report.document import Cap, Component, DeductionLine, Scorecard, ScoreLine


def scorecard_of(components: Iterable[Component], states: dict[str, StateFile]) -> Scorecard:
    """By the formula of `qtcore.health.score`, with everything that is needed to redo it."""
    listed = list(components)
    scored = [_scored(component, states.get(component.line.name)) for component in listed]
    overall = score_overall(scored)
    areas = {component.line.name: component.area for component in listed}
    caps = [] if overall.cap is None else [_cap(overall.cap)]
    return Scorecard(
        formula_version=overall.version,
        score=overall.score,
        mean=overall.mean,
        caps=tuple(caps),
        plugins=tuple(_line(item, areas[item.plugin]) for item in scored),
    )


def _cap(deduction: Deduction) -> Cap:
    _ceiling, _, reason = deduction.reason.partition(": ")
    return Cap(ceiling=100 - deduction.points, reason=reason)


def _scored(component: Component, state: StateFile | None) -> Scored:
    line = component.line
    findings = state.findings if state else ()
    return score_plugin(line.name, line.status, findings, line.restarts, vital=component.vital)


def _line(item: Scored, area: str) -> ScoreLine:
    return ScoreLine(
        plugin=item.plugin,
        area=area,
        vital=item.vital,
        status=item.status,
        score=item.score,
        deductions=tuple(DeductionLine(points=lost.points, reason=lost.reason) for lost in item.deductions),
    )
