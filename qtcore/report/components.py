"""What runs: each plugin's line with its area and the answers to the five questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from qtcore.config.cached_manifests import cached_manifests
from qtcore.health.model import Condition
from qtcore.health.questions import QUESTIONS
from qtcore.records.state_file import StateFile
from qtcore.report.document import Component, Question
from qtcore.report.status_document import PluginLine


def components_of(
    lines: Sequence[PluginLine], states: Mapping[str, StateFile], vital: frozenset[str]
) -> tuple[Component, ...]:
    """One for each line of the status, in its order."""
    return tuple(_component(line, states.get(line.name), vital=line.name in vital) for line in lines)


def vital_plugins(cache: Path) -> frozenset[str]:
    """Which plugins declare themselves vital, by the manifests that were read last."""
    return frozenset(name for name, manifest in cached_manifests(cache).items() if manifest.get("vital"))


def _component(line: PluginLine, state: StateFile | None, *, vital: bool) -> Component:
    conditions = state.conditions if state else ()
    return Component(
        line=line,
        area=state.area if state else "",
        vital=vital,
        questions=tuple(_questions(conditions)),
        conditions=tuple(item for item in conditions if item.name not in QUESTIONS),
    )


def _questions(conditions: Iterable[Condition]) -> Iterable[Question]:
    named = {item.name: item for item in conditions}
    for name in QUESTIONS:
        if found := named.get(name):
            yield Question(name=name, status=found.status, reason=found.reason)
