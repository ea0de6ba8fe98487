"""What can be wrong with learning: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Reach, Remedy, Severity

_TRAIN = Remedy.confirm(
    "call retraining.train",
    "trains all models now; takes minutes of processor time",
    "`qt models list` has a new version",
)

FAILED = FindingKind(
    code="QT-RETRAINING-FAILED",
    title="training failed",
    severity=Severity.MEDIUM,
    cause="the training process ended badly, or none of the members could be trained",
    consequence="the champions vote on; without any, the rule trades alone",
    fix="`qt logs retraining`; `qt models train` tries again",
    verify="`qt models list` shows a new version",
    remedies=(_TRAIN, Remedy.manual("qt logs retraining", "shows what went wrong")),
)
OVERDUE = FindingKind(
    code="QT-RETRAINING-OVERDUE",
    title="a training is due and none has begun",
    severity=Severity.MEDIUM,
    cause="the history does not answer, or holds too little",
    consequence="models grow old",
    fix="`qt why history`, `qt data check`",
    verify="`qt status` shows a training",
    remedies=(Remedy.safe("call history.fetch", "asks the venue now for the bars that are due"), _TRAIN),
)
STARVED = FindingKind(
    code="QT-RETRAINING-STARVED",
    title="there is nothing new to learn from",
    severity=Severity.MEDIUM,
    cause="the history gets no candles, or no trade has closed",
    consequence="a training now would make the same model again",
    fix="`qt why history` and `qt trades`",
    verify="`qt data check` shows newer candles",
    remedies=(Remedy.safe("call history.fetch", "asks the venue now for the bars that are due"),),
    reach=Reach.NOTHING,
    effect_of=("QT-HISTORY-STALE",),
)
INSTANT = FindingKind(
    code="QT-RETRAINING-INSTANT",
    title="a training took no time",
    severity=Severity.HIGH,
    cause="nothing was learned: a stand-in, an empty set, or a clock that stands still",
    consequence="what it made must not vote",
    fix="`qt models show MEMBER` tells what it learned from",
    verify="a training that takes its time",
    remedies=(Remedy.manual("qt models rollback MEMBER", "goes back to the version before"), _TRAIN),
)
UNCHANGED = FindingKind(
    code="QT-RETRAINING-UNCHANGED",
    title="training made the model that was there",
    severity=Severity.LOW,
    cause="it learned from the same decisions as before",
    consequence="nothing is newer than it was",
    fix="see whether the history grows: `qt data check`",
    verify="the next training makes another version",
    remedies=(Remedy.safe("call history.fetch", "asks the venue now for the bars that are due"),),
    reach=Reach.NOTHING,
)

KINDS = (FAILED, OVERDUE, STARVED, INSTANT, UNCHANGED)
