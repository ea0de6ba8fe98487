"""What can be wrong with the history: what is always true of each kind of trouble."""

from __future__ import annotations

from qtcore import FindingKind, Reach, Remedy, Severity

_CHECK = Remedy.manual("qt db check", "says whether the history is whole, and which backups there are")
_RESTART = Remedy.safe(
    "restart",
    "sets the file aside, puts the newest backup back and catches up",
    "`qt db check` finds the history whole",
)
_FULL_DISK = ("QT-DATABASE-DISK", "QT-LOGS-DISK", "QT-STATE-UNWRITABLE", "QT-JOURNAL-UNWRITABLE")

REBUILT = FindingKind(
    code="QT-DATABASE-REBUILT",
    title="the history was rebuilt",
    severity=Severity.HIGH,
    cause="the disk, a person or another program removed the file or wrote into it",
    consequence="fills, trades and funding are complete again; signals and equity since the backup are not",
    fix="look at what was kept and at the disk's health; `qt db restore` puts another backup in place",
    verify="qt db check",
    remedies=(_CHECK, Remedy.manual("qt db restore", "puts another backup in place, while everything is stopped")),
)
ELSEWHERE = FindingKind(
    code="QT-DATABASE-ELSEWHERE",
    title="the history is opened in another place than before",
    severity=Severity.HIGH,
    cause="QUANTUM_TRADER_DATABASE_URL or QT_DATABASE__URL names another file, or has been taken away",
    consequence="fills, trades and funding are complete here too, for they come from the exchange; signals and equity "
    "until now are only in the other file",
    fix="decide which is meant: set or unset QUANTUM_TRADER_DATABASE_URL and start again, or move the file that the "
    "summary names away, and this one counts from then on",
    verify="`qt db check` names the file that is meant, and this is not found at the next start",
    remedies=(
        Remedy.manual(
            "unset QUANTUM_TRADER_DATABASE_URL",
            "opens the history in the home folder, which fetches what it lacks from the exchange",
            "`qt db check` names the file in the home folder",
        ),
        _CHECK,
    ),
    reach=Reach.NOTHING,  # it works there as well as here
    root=True,
)
DAMAGED = FindingKind(
    code="QT-DATABASE-DAMAGED",
    title="the history's file is damaged",
    severity=Severity.CRITICAL,
    cause="the disk or something else wrote into the file",
    consequence="signals and trades cannot be relied on until it is rebuilt",
    fix="none needed: a restart sets the file aside and rebuilds it from its backup and the exchange",
    verify="qt db check",
    remedies=(_RESTART,),
)
REPLACED = FindingKind(
    code="QT-DATABASE-REPLACED",
    title="the history's file was removed or replaced while in use",
    severity=Severity.CRITICAL,
    cause="a person or another program moved, deleted or restored it without stopping first",
    consequence="what is written now goes into a file that nobody will find",
    fix="none needed: what the lost file holds is copied into `backups`; a restart opens what is there, or puts that "
    "copy back, and catches up",
    verify="qt db check",
    remedies=(_RESTART, Remedy.safe("heal", "copies what the lost file holds into `backups`")),
    healable=True,
)
UNWRITABLE = FindingKind(
    code="QT-DATABASE-UNWRITABLE",
    title="the history takes nothing",
    severity=Severity.HIGH,
    cause="the database refuses for a reason of its own",
    consequence="signals cannot be stored, so none are sent and nothing is entered; stops on the venue stay, fills "
    "wait in exchange.db and are not lost",
    fix="as the cause says: free space, end what else holds the file, mend its permissions, or bring the server back; "
    "it is tried again every few seconds",
    verify="this finding is resolved by itself; `qt db check`",
    remedies=(
        Remedy.confirm(
            """call logs.prune '{"keep_days": 0}'""",
            "deletes all older parts of logs in the home, which frees space where there are any",
        ),
        Remedy.manual("df -h", "shows which disk is full", "the history is written again within seconds"),
        Remedy.manual("qt logs database", "shows what the database said"),
    ),
    effect_of=_FULL_DISK,
)
LAG = FindingKind(
    code="QT-DATABASE-LAG",
    title="the exchange knows more than the history",
    severity=Severity.MEDIUM,
    cause="fills were missed",
    consequence="trades and reports lack the newest executions; trading itself does not need them",
    fix="none needed once the exchange answers; it catches up by itself",
    verify="qt trades",
    remedies=(Remedy.safe("heal", "fetches all fills of the exchange again", "the history is no fill behind"),),
    healable=True,
)
DISK = FindingKind(
    code="QT-DATABASE-DISK",
    title="little space is left for the history",
    severity=Severity.HIGH,
    cause="the disk is filling up",
    consequence="when it is full, nothing can be recorded and entries stop",
    fix="free space, or move the home folder to a larger disk",
    verify="df -h",
    remedies=(
        Remedy.confirm(
            """call logs.prune '{"keep_days": 0}'""",
            "deletes all older parts of logs in the home, which frees space where there are any",
        ),
        Remedy.manual("df -h", "shows what fills which disk"),
    ),
    effect_of=("QT-LOGS-DISK",),
)
NO_BACKUP = FindingKind(
    code="QT-DATABASE-BACKUP",
    title="no backup of the history could be made",
    severity=Severity.MEDIUM,
    cause="the disk is full or fails, or the folder of backups cannot be written",
    consequence="if the file is lost too, signals and equity since the last backup are gone",
    fix="free space or mend permissions, then `qt db backup`",
    verify="qt db backups",
    remedies=(Remedy.safe("call database.backup", "tries to make the backup now", "`qt db backups` lists a new one"),),
    effect_of=_FULL_DISK,
)

KINDS = (REBUILT, ELSEWHERE, DAMAGED, REPLACED, UNWRITABLE, LAG, DISK, NO_BACKUP)

DISK_FULL = "the disk is full or fails"
HELD = "another program holds the history for itself"
READ_ONLY = "the disk or the file may only be read"
AWAY = "the database server does not answer"
