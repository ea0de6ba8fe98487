"""How notify is, by effect (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from plugins.notify import kinds
from plugins.notify.outbox import Tally
from qtcore import Finding, Health, Severity, Status, counted

BLIND_S = 15.0
"""The journal is read each second; so much later something is wrong with it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the judgement rests on."""

    read_age_s: float | None
    blind: str | None
    forgot: str | None
    open_groups: int
    told: int
    withheld: int
    brief: int
    lost_lines: int
    receivers: Mapping[str, tuple[int, Tally]]
    """By name: letters that wait, and what became of the others."""


def health_of(figures: Figures) -> Health:
    """Unknown before the first reading; degraded when somebody may not learn what he must know."""
    if figures.read_age_s is None and figures.blind is None:
        return Health.unknown("the journal has not been read yet")
    facts = _facts(figures)
    findings = [*_findings(figures)]
    if findings:
        worst = Status.CRITICAL if any(item.severity is Severity.CRITICAL for item in findings) else Status.DEGRADED
        return Health(status=worst, summary=findings[0].summary, findings=tuple(findings), facts=facts)
    return Health.healthy(_summary(figures), **facts)


def _summary(figures: Figures) -> str:
    told = f"{counted(figures.told, 'notice')} so far, {counted(figures.open_groups, 'trouble')} open"
    if not figures.receivers:
        return f"{told}; no receiver is configured, so notices are only in notices.jsonl"
    return f"{told}; {' and '.join(figures.receivers)} told"


def _findings(figures: Figures) -> list[Finding]:
    found = []
    if figures.blind is not None or (figures.read_age_s or 0.0) > BLIND_S:
        why = figures.blind or f"it was read last {figures.read_age_s:.0f} s ago"
        found.append(kinds.BLIND.found(f"the journal cannot be read: {why}"))
    for name, (waiting, tally) in figures.receivers.items():
        if tally.trouble is not None:
            found.append(_undelivered(name, waiting, tally))
    if figures.forgot is not None or figures.lost_lines:
        lost = f"{counted(figures.lost_lines, 'notice')} could not be written to the file"
        found.append(kinds.FORGOT.found(figures.forgot or lost))
    return found


def _undelivered(name: str, waiting: int, tally: Tally) -> Finding:
    lost = f", {counted(tally.given_up, 'notice')} given up" if tally.given_up else ""
    return kinds.UNDELIVERED[name].found(
        f"{tally.trouble}; {counted(waiting, 'notice')} wait{'s' if waiting == 1 else ''}{lost}",
        evidence={"waiting": waiting, "given_up": tally.given_up, "delivered": tally.delivered},
    )


def _facts(figures: Figures) -> dict[str, JsonValue]:
    return {
        "told": figures.told,
        "open": figures.open_groups,
        "too_brief_to_tell": figures.brief,
        "withheld": figures.withheld,
        "receivers": {
            name: {
                "delivered": tally.delivered,
                "waiting": waiting,
                "given_up": tally.given_up,
                "last": tally.last_at.isoformat() if tally.last_at else None,
            }
            for name, (waiting, tally) in figures.receivers.items()
        },
    }
