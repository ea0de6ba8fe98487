"""What can be wrong with the sources of signals: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Reach, Remedy, Severity

_SOURCES = "`qt sources` shows its figures"
_TRAIN = Remedy.confirm("call retraining.train", "trains all models now; takes minutes of processor time")
_VOTES = Remedy.manual("qt call models.votes", "shows which members count, and why others do not")
_ROLLBACK = Remedy.manual("qt models rollback MEMBER", "goes back to the version before")

NO_EDGE = FindingKind(
    code="QT-MODEL-NO-EDGE",
    title="a source that earns nothing",
    severity=Severity.LOW,
    cause="acting on these signals would have earned nothing that is surely above costs",
    consequence="where the supervisor's autonomy is enforced, their entries are stopped; otherwise they go on",
    fix="train on more or other data (`qt models train`), or live with a source that does not earn",
    verify="`qt sources` shows an interval above zero",
    remedies=(_TRAIN, Remedy.manual("qt sources", "shows what each source has brought")),
    reach=Reach.NOTHING,
)
BLIND = FindingKind(
    code="QT-MODEL-BLIND",
    title="sources are not judged any more",
    severity=Severity.MEDIUM,
    cause="a judgement failed or took longer than its deadline",
    consequence="verdicts run out, and with them the entries of the sources that they allow",
    fix="none is needed when it comes back by itself; otherwise see `qt logs model_supervisor`",
    verify="`qt sources` answers with young figures",
    remedies=(
        Remedy.confirm("restart", "reads the history of candles again and judges anew", "the judgement is young"),
    ),
)
CONFIDENCE = FindingKind(
    code="QT-MODEL-CONFIDENCE",
    title="a source whose confidence means nothing",
    severity=Severity.HIGH,
    cause="a model that is stuck, fed with constants, or answers on another scale",
    consequence="its confidence passes or fails thresholds for no reason",
    fix="`qt models list` shows what votes; `qt models rollback MEMBER` takes the version before",
    verify="`qt sources` shows confidences that differ and stay inside their scale",
    remedies=(_TRAIN, _ROLLBACK),
)
BIAS = FindingKind(
    code="QT-MODEL-BIAS",
    title="a source that leans to one side",
    severity=Severity.HIGH,
    cause="the source says one side more often than the market rewards it; a trend alone does not explain it",
    consequence="all positions stand or fall together, against what happens",
    fix="train anew, or roll back to the version before the lean began",
    verify="`qt sources` shows shares that do not differ by more than chance",
    remedies=(_TRAIN, _ROLLBACK),
)
CALIBRATION = FindingKind(
    code="QT-MODEL-CALIBRATION",
    title="a source that is right less often than it says",
    severity=Severity.MEDIUM,
    cause="the market is not what the calibration was fitted on",
    consequence="thresholds let pass what they were not meant for",
    fix="train anew; retraining does so by itself on this finding",
    verify="`qt sources` shows a calibration gap below the limit",
    remedies=(_TRAIN,),
)
DRIFT = FindingKind(
    code="QT-MODEL-DRIFT",
    title="a source that is not what it was",
    severity=Severity.LOW,
    cause="what goes in or comes out of the source is no longer what it was",
    consequence="what was learned before may not hold any more",
    fix="none at once; retraining takes it as a reason",
    verify="the change leaves `qt sources` one window of signals later",
    remedies=(_TRAIN,),
    reach=Reach.NOTHING,
)
COVERAGE = FindingKind(
    code="QT-MODEL-COVERAGE",
    title="a member that hardly ever counts",
    severity=Severity.MEDIUM,
    cause="it is absent, late, or has too little history for most symbols",
    consequence="the ensemble is made by the others alone",
    fix="`qt call models.votes` names the reason of each",
    verify=_SOURCES,
    remedies=(_VOTES,),
    effect_of=("QT-MODELS-FEW-MEMBERS", "QT-MODELS-UNTRAINED"),
)
FALLBACK = FindingKind(
    code="QT-MODEL-FALLBACK",
    title="the rule speaks in place of the models",
    severity=Severity.MEDIUM,
    cause="the ensemble has no view of most symbols",
    consequence="what trades is a rule, not what was trained",
    fix="`qt call models.votes` shows why members do not count",
    verify="`qt sources` shows a lower share",
    remedies=(_VOTES,),
    effect_of=("QT-MODELS-FEW-MEMBERS", "QT-MODELS-UNTRAINED", "QT-MODEL-COVERAGE"),
)
LATE = FindingKind(
    code="QT-MODEL-LATE",
    title="signals come late",
    severity=Severity.MEDIUM,
    cause="the machine is short of processors, or a member takes too long",
    consequence="prices have moved by the time an order leaves",
    fix="take a member out (DEEP=0), or fewer symbols",
    verify="`qt sources` shows the time",
    remedies=(Remedy.manual("qt sources", "shows how late, and which members are slow"),),
)

KINDS = (NO_EDGE, BLIND, CONFIDENCE, BIAS, CALIBRATION, DRIFT, COVERAGE, FALLBACK, LATE)
