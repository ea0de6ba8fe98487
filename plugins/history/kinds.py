"""What can be wrong with the kept candles: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Remedy, Severity

_FETCH = Remedy.safe("call history.fetch", "asks the venue now for the bars that are due", "`qt data check` is content")

STALE = FindingKind(
    code="QT-HISTORY-STALE",
    title="the kept candles are old",
    severity=Severity.MEDIUM,
    cause="the venue gives no new candles, or requests wait for their weight",
    consequence="the next training would not know the newest market",
    fix="see `qt why feed` and `qt logs`: the venue gives no new candles, or requests wait for weight",
    verify="`qt status` shows history healthy",
    remedies=(_FETCH,),
)
DAMAGED = FindingKind(
    code="QT-HISTORY-DAMAGED",
    title="kept candles cannot be used",
    severity=Severity.MEDIUM,
    cause="the disk, a person or another program wrote into the files",
    consequence="training goes without these symbols",
    fix="the heal sets the files aside and fetches them anew",
    verify="qt data check",
    remedies=(Remedy.safe("heal", "sets the files aside and fetches them anew", "`qt data check` is content"),),
    healable=True,
)
GAPS = FindingKind(
    code="QT-HISTORY-GAPS",
    title="bars are missing inside the kept candles",
    severity=Severity.LOW,
    cause="the venue was away at that time, or nobody asked while it still had them",
    consequence="no labels and no features around the holes",
    fix="`qt data import` a dump that has them; the venue itself no longer does",
    verify="qt data check",
    remedies=(Remedy.manual("qt data import", "adds the bars of a dump that has them"),),
)

KINDS = (STALE, DAMAGED, GAPS)
