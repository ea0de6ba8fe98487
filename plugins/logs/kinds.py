"""What can be wrong with disk and logs: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Reach, Remedy, Severity

DISK = FindingKind(
    code="QT-LOGS-DISK",
    title="the disk of the home is nearly full",
    severity=Severity.HIGH,
    cause="the home, or something else on its disk, keeps growing",
    consequence="once the disk is full, journal, ledgers and history take no more writes, and entries stop",
    fix="free space on that disk, or move the home; `qt call logs.prune` deletes old parts of logs and traces",
    verify="`qt why logs` shows the space",
    remedies=(
        Remedy.safe(
            "heal", "deletes older parts of logs, and the oldest traces of ended processes", "more space is free"
        ),
        Remedy.manual("df -h", "shows what else is on that disk"),
    ),
    healable=True,
    root=True,
    reach=Reach.EVERYTHING,
)
ROTATION = FindingKind(
    code="QT-LOGS-ROTATION",
    title="logs have outgrown their limit",
    severity=Severity.MEDIUM,
    cause="a log could not be renamed or begun anew, so its writer goes on with the old file",
    consequence="they take the space that ledgers need",
    fix="see who may write and rename in the logs folder; older parts may be deleted by hand",
    verify="`qt why logs` shows the sizes",
    remedies=(Remedy.safe("heal", "deletes old parts of logs", "all logs are within their limit"),),
    healable=True,
)
ERRORS = FindingKind(
    code="QT-LOGS-ERRORS",
    title="a plugin logs many errors",
    severity=Severity.MEDIUM,
    cause="what it says most often stands in the summary",
    consequence="something fails again and again without ending the plugin",
    fix="`qt errors` names it; then `qt logs NAME --level error` and `qt why NAME`",
    verify="`qt errors` shows the rate falling",
    remedies=(Remedy.manual("qt errors", "shows who logs errors, and what mostly"),),
    reach=Reach.NOTHING,
)

KINDS = (DISK, ROTATION, ERRORS)
