"""What is wrong with the history just now, told for people."""

from __future__ import annotations

from pathlib import Path

from plugins.database import kinds
from plugins.store import Trouble
from qtcore import Finding

_CAUSES = {
    Trouble.FULL: kinds.DISK_FULL,
    Trouble.LOCKED: kinds.HELD,
    Trouble.READ_ONLY: kinds.READ_ONLY,
    Trouble.AWAY: kinds.AWAY,
}


def rebuilt_finding(damage: str, kept: str, from_backup: str) -> Finding:
    """The file was lost or damaged, and what there is of it was put together again."""
    return kinds.REBUILT.found(
        "the history was lost or damaged and is rebuilt from its backup and the exchange's fills",
        evidence={"damage": damage, "kept": kept, "from_backup": from_backup},
    )


def elsewhere_finding(before: Path, now: Path, from_backup: str) -> Finding:
    """Another file is opened than the last time, and that one is still there."""
    return kinds.ELSEWHERE.found(
        f"the history is opened at {now}; until now it was at {before}, which is still there",
        evidence={"opened": str(now), "before": str(before), "from_backup": from_backup},
    )


def damaged_finding(damage: str) -> Finding:
    """The file was found damaged while it is in use."""
    return kinds.DAMAGED.found("the history's file is damaged", evidence={"damage": damage})


def replaced_finding(file: str) -> Finding:
    """Somebody removed or replaced the file under everybody's hands."""
    return kinds.REPLACED.found(
        "the history's file was removed or replaced while it is in use", evidence={"file": file}
    )


def unwritable_finding(trouble: Trouble, said: str, waiting: int) -> Finding:
    """Nothing can be recorded just now."""
    return kinds.UNWRITABLE.found(
        f"the history takes nothing at the moment: {said}",
        evidence={"trouble": trouble.value, "said": said, "equity_rows_waiting": waiting},
        cause=_CAUSES.get(trouble, ""),
    )


def lag_finding(behind: int | None, age_s: float | None, failing: str | None) -> Finding:
    """The exchange knows more than the history."""
    return kinds.LAG.found(
        f"the history is {behind} fills behind, last complete {age_s or 0:.0f} s ago",
        evidence={"behind": behind, "age_s": age_s, "failing": failing},
        cause=failing or "",
        healable=failing is None,  # nothing here can mend an exchange that does not answer
    )


def disk_finding(free_mb: float, limit_mb: float) -> Finding:
    """The disk is nearly full."""
    return kinds.DISK.found(
        f"only {free_mb:.0f} MB are free where the history is kept",
        evidence={"free_mb": free_mb, "limit_mb": limit_mb},
    )


def backup_finding(said: str) -> Finding:
    """The last backup that was due was not made."""
    return kinds.NO_BACKUP.found(f"no backup of the history could be made: {said}", evidence={"said": said})
