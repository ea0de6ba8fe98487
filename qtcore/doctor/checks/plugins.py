"""Each plugin by its state file, and what is open about the supervisor itself."""

from __future__ import annotations

from dataclasses import dataclass

from qtcore.control.client import NotAnswering, NotRunning, ask
from qtcore.control.report_facts import ReportFacts
from qtcore.doctor.check import Check, Fine, Patient, Skipped, Trouble, Verdict
from qtcore.doctor.checks.supervisor import ANSWER_WITHIN_S
from qtcore.health.home_kinds import UNWELL
from qtcore.health.model import Finding, Status
from qtcore.records.state_file import StateFile
from qtcore.records.state_reader import DamagedState, read_state

_WELL = frozenset({Status.HEALTHY, Status.OFF})


@dataclass(frozen=True, slots=True)
class OfPlugin:
    """Looks at one plugin."""

    plugin: str

    def __call__(self, patient: Patient) -> Verdict:
        state = next(
            (state for state in read_state(patient.home.state, patient.now) if state.plugin == self.plugin), None
        )
        match state:
            case None:
                return Skipped("it has no state yet")
            case DamagedState():
                return Skipped("its state file cannot be read, which is told already")
            case StateFile() if not patient.elsewhere and not patient.home.running:
                return Skipped(f"nothing runs; it is {state.summary or state.status.value}")
            case StateFile():
                return _told(state)


def _told(state: StateFile) -> Verdict:
    findings = tuple(_owned(finding, state.plugin) for finding in state.findings)
    said = f"{state.status.value}, {state.summary}" if state.summary else state.status.value
    if findings:
        return Trouble(findings)
    if state.status in _WELL:
        return Fine(said)
    return Trouble((_owned(UNWELL.found(said), state.plugin),))


def _owned(finding: Finding, plugin: str) -> Finding:
    return (
        UNWELL.complete(owned)
        if (owned := finding.model_copy(update={"plugin": plugin})).code == UNWELL.code
        else owned
    )


def of_supervisor(patient: Patient) -> Verdict:
    """Open findings about the supervisor itself and its configuration."""
    if not patient.home.running:
        return Skipped("nothing runs")
    try:
        answer = ask(patient.home.run_dir, "report_facts", timeout_s=ANSWER_WITHIN_S)
    except (NotRunning, NotAnswering):
        return Skipped("the supervisor does not answer, which is told already")
    facts = ReportFacts.model_validate(answer)
    return Trouble.of(facts.findings, "nothing is open about the supervisor itself")


CHECKS = (Check("supervisor.findings", of_supervisor),)
