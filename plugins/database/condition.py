"""How the history is doing; pure."""

from __future__ import annotations

from dataclasses import dataclass

from qtcore import Finding, Health, Severity, Status

LAG_S = 30.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What health looks at."""

    fills: int
    behind: int | None
    age_s: float | None
    failing: str | None
    damage: str | None
    free_mb: float | None
    least_free_mb: float


def health_of(figures: Figures) -> Health:
    """Lag behind the exchange, soundness of the file, room on the disk."""
    findings = [finding for rule in (_damaged, _lagging, _short_of_disk) if (finding := rule(figures)) is not None]
    facts = {"fills": figures.fills, "behind": figures.behind, "age_s": figures.age_s, "free_mb": figures.free_mb}
    if findings:
        worst = Status.CRITICAL if figures.damage else Status.DEGRADED
        return Health(status=worst, summary=findings[0].summary, findings=tuple(findings), facts=facts)
    if figures.age_s is None:
        return Health(status=Status.UNKNOWN, summary="the exchange has not been asked yet", facts=facts)
    return Health.healthy(f"{figures.fills} fills, {figures.behind} behind the exchange", **facts)


def _damaged(figures: Figures) -> Finding | None:
    if figures.damage is None:
        return None
    return Finding(
        code="QT-DATABASE-DAMAGED",
        severity=Severity.CRITICAL,
        summary="the history's file is damaged",
        evidence={"damage": figures.damage},
        cause="the disk or something else wrote into the file",
        consequence="signals and trades cannot be relied on until it is rebuilt",
        fix="restart the plugin: it sets the file aside and rebuilds it from the exchange's fills",
        verify="qt trades",
    )


def _lagging(figures: Figures) -> Finding | None:
    lost = (figures.behind or 0) > 0 and figures.failing is None
    old = figures.age_s is not None and figures.age_s > LAG_S
    if not lost and not old:
        return None
    return Finding(
        code="QT-DATABASE-LAG",
        severity=Severity.MEDIUM,
        summary=f"the history is {figures.behind} fills behind, last complete {figures.age_s or 0:.0f} s ago",
        evidence={"behind": figures.behind, "age_s": figures.age_s, "failing": figures.failing},
        cause=figures.failing or "fills were missed",
        consequence="trades and reports lack the newest executions; trading itself does not need them",
        fix="none needed once the exchange answers; it catches up by itself",
        verify="qt trades",
        healable=figures.failing is None,  # nothing here can mend an exchange that does not answer
    )


def _short_of_disk(figures: Figures) -> Finding | None:
    if figures.free_mb is None or figures.free_mb >= figures.least_free_mb:
        return None
    return Finding(
        code="QT-DATABASE-DISK",
        severity=Severity.HIGH,
        summary=f"only {figures.free_mb:.0f} MB are free where the history is kept",
        evidence={"free_mb": figures.free_mb, "limit_mb": figures.least_free_mb},
        cause="the disk is filling up",
        consequence="when it is full, nothing can be recorded and entries stop",
        fix="free space, or move the home folder to a larger disk",
        verify="df -h",
    )
