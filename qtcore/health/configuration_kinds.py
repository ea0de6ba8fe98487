"""What may be wrong with the settings although each of them is valid."""

from __future__ import annotations

from qtcore.health.kinds import FindingKind
from qtcore.health.model import Remedy, Severity

_OVER = "`qt check` does not name it any more"
_EDIT = Remedy.manual(
    "qt check", "shows whether the settings fit, once plugins.yaml was edited; a new `qt up` takes them over"
)

CHANGED = FindingKind(
    code="QT-CONFIG-CHANGED",
    title="plugins.yaml is not what runs",
    severity=Severity.LOW,
    cause="somebody changed the file since the start",
    consequence="what the file says and what happens differ, until a start takes it over",
    fix="`qt check`, then `qt down` and `qt up`; or put the file back as it was",
    verify="`qt report` does not name it any more",
    remedies=(Remedy.manual("qt check", "says whether the changed file would start"),),
)
CONFLICT = FindingKind(
    code="QT-CONFIG-CONFLICT",
    title="settings contradict each other",
    severity=Severity.HIGH,
    cause="two settings that speak of one thing have values that cannot both be meant",
    consequence="parts of the application follow different ones, and nobody can tell which was meant",
    fix="decide which value is meant, and remove or correct the other",
    verify=_OVER,
    remedies=(_EDIT,),
)
CHAIN = FindingKind(
    code="QT-CONFIG-CHAIN",
    title="thresholds that let nothing through",
    severity=Severity.HIGH,
    cause="a later threshold asks for more than what an earlier step can ever give",
    consequence="everything is refused at that step, although each setting looks reasonable alone",
    fix="compare the values in the evidence, and correct the one that was not meant",
    verify=_OVER,
    remedies=(_EDIT,),
)
OWNERS = FindingKind(
    code="QT-CONFIG-OWNERS",
    title="one limit with two owners",
    severity=Severity.MEDIUM,
    cause="two plugins have a setting of their own for the same limit, with different values",
    consequence="the stricter one decides, and changing the other does nothing",
    fix="give both the same value, or leave the limit to one of them",
    verify=_OVER,
    remedies=(_EDIT,),
)
FRESHNESS = FindingKind(
    code="QT-CONFIG-FRESHNESS",
    title="a freshness limit shorter than the period",
    severity=Severity.MEDIUM,
    cause="data counts as old sooner than the next can come",
    consequence="it is called stale between any two arrivals, although all is well",
    fix="let the limit be at least twice the period that the evidence names",
    verify=_OVER,
    remedies=(_EDIT,),
)
INTERVAL = FindingKind(
    code="QT-CONFIG-INTERVAL",
    title="an interval too short for its work",
    severity=Severity.MEDIUM,
    cause="a period is shorter than what is done in it usually takes, or than what the other side allows",
    consequence="rounds are skipped or pile up, and the machine or the venue is asked for more than it gives",
    fix="let the interval be longer than the work that the evidence names",
    verify=_OVER,
    remedies=(_EDIT,),
)
UNKNOWN = FindingKind(
    code="QT-CONFIG-UNKNOWN",
    title="a variable that nobody knows",
    severity=Severity.LOW,
    cause="it is misspelt, or belongs to a version or program that is not here",
    consequence="it sets nothing, although somebody has set it",
    fix="correct its name (`qt check` proposes one where it is near), or unset it",
    verify=_OVER,
    remedies=(Remedy.manual("qt check", "shows whether anything is left over, once it was unset"),),
)
UNUSED = FindingKind(
    code="QT-CONFIG-UNUSED",
    title="a setting without effect",
    severity=Severity.LOW,
    cause="it belongs to something that is switched off, or another setting outranks it",
    consequence="whoever changes it will see nothing change",
    fix="remove it, or switch on what it belongs to",
    verify=_OVER,
    remedies=(_EDIT,),
)
MISSING = FindingKind(
    code="QT-CONFIG-MISSING",
    title="a setting or variable that is needed is missing",
    severity=Severity.MEDIUM,
    cause="what is switched on needs it, and neither the file nor the environment has it",
    consequence="the part that needs it does not work, or works with less",
    fix="set what the summary names, or switch off what needs it",
    verify=_OVER,
    remedies=(Remedy.manual("qt check", "shows whether anything is still missing, once it was set"),),
)

KINDS = (CHANGED, CONFLICT, CHAIN, OWNERS, FRESHNESS, INTERVAL, UNKNOWN, UNUSED, MISSING)
