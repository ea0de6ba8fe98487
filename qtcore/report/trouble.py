"""Every open finding, folded under its cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qtcore.health import supervisor_kinds
from qtcore.health.cause import Relations, fold
from qtcore.health.model import Finding
from qtcore.records.state_file import StateFile
from qtcore.report.document import FindingGroup, Mute
from qtcore.report.from_records import SILENT, Remembered
from qtcore.report.status_document import StatusDocument


def groups_of(
    states: Sequence[StateFile], status: StatusDocument, remembered: Remembered, own: Iterable[Finding]
) -> tuple[FindingGroup, ...]:
    """Findings of plugins and the supervisor's `own`, the gravest cause first; a supervisor that died is one, too."""
    found = [*own, *_about_the_supervisor(status, remembered)]
    for state in states:
        found += [finding.model_copy(update={"plugin": finding.plugin or state.plugin}) for finding in state.findings]
    relations: dict[str, Relations] = {state.plugin: state.relations for state in states}
    return tuple(
        FindingGroup(cause=group.cause, effects=group.effects, severity=group.severity)
        for group in fold(found, relations)
    )


def _about_the_supervisor(status: StatusDocument, remembered: Remembered) -> list[Finding]:
    if SILENT in status.supervisor.findings:
        pid = status.supervisor.pid
        return [supervisor_kinds.SILENT.found(f"the supervisor (pid {pid}) holds the home and does not answer")]
    if not status.running and remembered.run is not None and not remembered.run.ended_in_order:
        died = supervisor_kinds.DIED.found("the supervisor ended without stopping in order")
        at = remembered.run.last_event.wall
        return [died.model_copy(update={"opened_at": at, "last_seen_at": at})]
    return []


def mutes_of(groups: Iterable[FindingGroup]) -> tuple[Mute, ...]:
    """Findings that are open and of which nobody is told."""
    return tuple(
        Mute(fingerprint=finding.fingerprint, until=finding.muted_until, open=True)
        for group in groups
        for finding in (group.cause, *group.effects)
        if finding.muted_until is not None
    )
