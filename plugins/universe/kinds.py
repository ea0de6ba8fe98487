"""What can be wrong with the universe: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Remedy, Severity

_REFRESH = Remedy.safe("call universe.refresh", "chooses again now", "`qt universe` lists symbols")

EMPTY = FindingKind(
    code="QT-UNIVERSE-EMPTY",
    title="no symbol may trade",
    severity=Severity.HIGH,
    cause="nothing is listed",
    consequence="no signals are made and nothing is entered; open positions are looked after",
    fix="see `qt universe` for the reason of each symbol; correct include, exclude or the bounds",
    verify="`qt universe` lists symbols",
    remedies=(_REFRESH, Remedy.manual("qt universe", "tells why each symbol is refused")),
)
OLD = FindingKind(
    code="QT-UNIVERSE-OLD",
    title="the universe could not be chosen anew",
    severity=Severity.MEDIUM,
    cause="the feed does not say what it covers",
    consequence="symbols that have become unfit may still trade; those that the venue ends are refused at once",
    fix="see to the feed; the universe follows by itself",
    verify="`qt universe` answers; `qt status` shows universe healthy",
    remedies=(_REFRESH, Remedy.manual("qt why feed", "tells why the feed does not answer")),
)

KINDS = (EMPTY, OLD)
