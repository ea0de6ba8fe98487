"""How the history is doing; pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from plugins.database import findings
from plugins.store import Trouble
from qtcore import Finding, Health, Severity, Status

LAG_S = 30.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the database said when it last took nothing, and how many rows of equity wait."""

    trouble: Trouble
    said: str
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What health looks at; `replaced` is the file that is no longer the one in use."""

    fills: int
    behind: int | None
    age_s: float | None
    failing: str | None
    damage: str | None = None
    replaced: str | None = None
    refusal: Refusal | None = None
    no_backup: str | None = None
    free_mb: float | None = None
    least_free_mb: float = 0.0
    backups: dict[str, str | int] = field(default_factory=dict)


def health_of(figures: Figures) -> Health:
    """Lag behind the exchange, soundness of the file, whether it takes anything, room on the disk."""
    rules = (_damaged, _replaced, _unwritable, _lagging, _short_of_disk, _without_backup)
    found = [finding for rule in rules if (finding := rule(figures)) is not None]
    facts = {
        "fills": figures.fills, "behind": figures.behind, "age_s": figures.age_s, "free_mb": figures.free_mb,
        **figures.backups,
    }  # fmt: skip
    if found:
        grave = figures.refusal is not None or found[0].severity is Severity.CRITICAL
        worst = Status.CRITICAL if grave else Status.DEGRADED
        return Health(status=worst, summary=found[0].summary, findings=tuple(found), facts=facts)
    if figures.age_s is None:
        return Health(status=Status.UNKNOWN, summary="the exchange has not been asked yet", facts=facts)
    return Health.healthy(f"{figures.fills} fills, {figures.behind} behind the exchange", **facts)


def _damaged(figures: Figures) -> Finding | None:
    return None if figures.damage is None else findings.damaged_finding(figures.damage)


def _replaced(figures: Figures) -> Finding | None:
    return None if figures.replaced is None else findings.replaced_finding(figures.replaced)


def _unwritable(figures: Figures) -> Finding | None:
    refusal = figures.refusal
    return None if refusal is None else findings.unwritable_finding(refusal.trouble, refusal.said, refusal.waiting)


def _lagging(figures: Figures) -> Finding | None:
    lost = (figures.behind or 0) > 0 and figures.failing is None
    old = figures.age_s is not None and figures.age_s > LAG_S
    if figures.refusal is not None or not (lost or old):
        return None
    return findings.lag_finding(figures.behind, figures.age_s, figures.failing)


def _short_of_disk(figures: Figures) -> Finding | None:
    if figures.free_mb is None or figures.free_mb >= figures.least_free_mb:
        return None
    return findings.disk_finding(figures.free_mb, figures.least_free_mb)


def _without_backup(figures: Figures) -> Finding | None:
    return None if figures.no_backup is None else findings.backup_finding(figures.no_backup)
