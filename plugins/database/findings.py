"""What can be wrong with the history, told for people."""

from __future__ import annotations

from plugins.store import Trouble
from qtcore import Finding, Remedy, RemedyKind, Severity

REBUILT = "QT-DATABASE-REBUILT"
DAMAGED = "QT-DATABASE-DAMAGED"
REPLACED = "QT-DATABASE-REPLACED"
UNWRITABLE = "QT-DATABASE-UNWRITABLE"
LAG = "QT-DATABASE-LAG"
DISK = "QT-DATABASE-DISK"
NO_BACKUP = "QT-DATABASE-BACKUP"

_RESTART = Remedy(
    kind=RemedyKind.SAFE, act="restart", effect="sets the file aside, puts the newest backup back and catches up"
)
_CAUSES = {
    Trouble.FULL: ("the disk is full or fails", "free space on the disk of the home folder"),
    Trouble.LOCKED: ("another program holds the history for itself", "end what else has the file open"),
    Trouble.READ_ONLY: ("the disk or the file may only be read", "mend the permissions of the file or its disk"),
    Trouble.AWAY: ("the database server does not answer", "look at the server and the way to it"),
}


def rebuilt_finding(damage: str, kept: str, from_backup: str) -> Finding:
    """The file was lost or damaged, and what there is of it was put together again."""
    return Finding(
        code=REBUILT,
        severity=Severity.HIGH,
        summary="the history was lost or damaged and is rebuilt from its backup and the exchange's fills",
        evidence={"damage": damage, "kept": kept, "from_backup": from_backup},
        cause="the disk, a person or another program removed the file or wrote into it",
        consequence="fills, trades and funding are complete again; signals and equity since the backup are not",
        fix="look at what was kept and at the disk's health; `qt db restore` puts another backup in place",
        verify="qt db check",
    )


def damaged_finding(damage: str) -> Finding:
    """The file was found damaged while it is in use."""
    return Finding(
        code=DAMAGED,
        severity=Severity.CRITICAL,
        summary="the history's file is damaged",
        evidence={"damage": damage},
        cause="the disk or something else wrote into the file",
        consequence="signals and trades cannot be relied on until it is rebuilt",
        fix="none needed: a restart sets the file aside and rebuilds it from its backup and the exchange",
        verify="qt db check",
        remedies=(_RESTART,),
    )


def replaced_finding(file: str) -> Finding:
    """Somebody removed or replaced the file under everybody's hands."""
    return Finding(
        code=REPLACED,
        severity=Severity.CRITICAL,
        summary="the history's file was removed or replaced while it is in use",
        evidence={"file": file},
        cause="a person or another program moved, deleted or restored it without stopping first",
        consequence="what is written now goes into a file that nobody will find",
        fix="none needed: what the lost file holds is copied into `backups`; a restart opens what is there, or puts "
        "that copy back, and catches up",
        verify="qt db check",
        remedies=(_RESTART,),
        healable=True,
    )


def unwritable_finding(trouble: Trouble, said: str, waiting: int) -> Finding:
    """Nothing can be recorded just now."""
    cause, fix = _CAUSES.get(trouble, ("the database refuses for a reason of its own", "see the log of `database`"))
    return Finding(
        code=UNWRITABLE,
        severity=Severity.HIGH,
        summary=f"the history takes nothing at the moment: {said}",
        evidence={"trouble": trouble.value, "said": said, "equity_rows_waiting": waiting},
        cause=cause,
        consequence="signals cannot be stored, so none are sent and nothing is entered; stops on the venue stay, "
        "fills wait in exchange.db and are not lost",
        fix=f"{fix}; it is tried again every few seconds",
        verify="this finding is resolved by itself; `qt db check`",
    )


def lag_finding(behind: int | None, age_s: float | None, failing: str | None) -> Finding:
    """The exchange knows more than the history."""
    return Finding(
        code=LAG,
        severity=Severity.MEDIUM,
        summary=f"the history is {behind} fills behind, last complete {age_s or 0:.0f} s ago",
        evidence={"behind": behind, "age_s": age_s, "failing": failing},
        cause=failing or "fills were missed",
        consequence="trades and reports lack the newest executions; trading itself does not need them",
        fix="none needed once the exchange answers; it catches up by itself",
        verify="qt trades",
        healable=failing is None,  # nothing here can mend an exchange that does not answer
    )


def disk_finding(free_mb: float, limit_mb: float) -> Finding:
    """The disk is nearly full."""
    return Finding(
        code=DISK,
        severity=Severity.HIGH,
        summary=f"only {free_mb:.0f} MB are free where the history is kept",
        evidence={"free_mb": free_mb, "limit_mb": limit_mb},
        cause="the disk is filling up",
        consequence="when it is full, nothing can be recorded and entries stop",
        fix="free space, or move the home folder to a larger disk",
        verify="df -h",
    )


def backup_finding(said: str) -> Finding:
    """The last backup that was due was not made."""
    return Finding(
        code=NO_BACKUP,
        severity=Severity.MEDIUM,
        summary=f"no backup of the history could be made: {said}",
        evidence={"said": said},
        cause="the disk is full or fails, or the folder of backups cannot be written",
        consequence="if the file is lost too, signals and equity since the last backup are gone",
        fix="free space or mend permissions, then `qt db backup`",
        verify="qt db backups",
    )
