"""What the models' health says, and which findings it opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plugins.domain import MemberName, Standing
from plugins.learning.ensemble import Ballot
from plugins.models import kinds
from qtcore import Finding, Health

LEFT_OUT = {Standing.NOT_INSTALLED}
"""Members that somebody chose to do without."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known when health is asked. Times are real seconds."""

    symbols: int
    behind: list[str]
    age_s: float
    limit_s: float
    standings: list[Ballot]
    damaged: dict[MemberName, str]
    fewest: int
    lacking: dict[MemberName, str] = field(default_factory=dict)
    """Members whose trained champion has no library any more."""


def health_of(known: Condition) -> Health:
    """Worst first; with the members' standings in every answer."""
    facts: dict[str, Any] = {"symbols": known.symbols, "age_s": round(known.age_s, 1)}
    facts |= {
        str(row.member): f"{row.standing}: {row.reason}" if row.reason else row.standing for row in known.standings
    }
    findings = _findings(known)
    if known.age_s > known.limit_s:
        return Health.degraded("no candle has come for too long", _starved(known), *findings, **facts)
    if known.behind:
        return Health.degraded(f"no history of {', '.join(known.behind)}", *findings, **facts)
    if findings:
        return Health.degraded(findings[0].summary, *findings, **facts)
    voting = [str(row.member) for row in known.standings if row.standing is Standing.VOTED]
    return Health.healthy(f"{known.symbols} symbols judged by {', '.join(voting)} and the RSI rule", **facts)


def _findings(known: Condition) -> list[Finding]:
    unfit = unfit_findings(known.lacking, known.damaged)
    untrained = [row for row in known.standings if row.standing is Standing.NOT_TRAINED]
    present = [row for row in known.standings if row.standing not in LEFT_OUT or row.member in known.lacking]
    if untrained and len(untrained) == len(present):
        return [*unfit, _untrained("the first training has not ended; the RSI rule trades")]
    voting = [row for row in known.standings if row.standing is Standing.VOTED]
    lacking = min(known.fewest, len(present)) - len(voting)
    if 0 < lacking <= len(untrained):  # members get their first champions one after another
        names = ", ".join(str(row.member) for row in untrained)
        return [*unfit, _untrained(f"no training of {names} has ended yet; the RSI rule trades too")]
    if lacking > 0:
        return [*unfit, _too_few(known, voting)]
    degenerate = [_degenerate(row) for row in known.standings if row.standing is Standing.DEGENERATE]
    return [*unfit, *degenerate]


def unfit_findings(lacking: Mapping[MemberName, str], damaged: Mapping[MemberName, str]) -> list[Finding]:
    """Of champions that cannot vote: their library is gone, or they are not what they were."""
    return [
        *(_lacking(name, reason) for name, reason in lacking.items()),
        *(_damaged(name, reason) for name, reason in damaged.items()),
    ]


def _starved(known: Condition) -> Finding:
    return kinds.STARVED.found(
        f"no candle has been judged for {known.age_s:.0f} s",
        evidence={"age_s": round(known.age_s, 1), "limit_s": round(known.limit_s, 1)},
    )


def _untrained(summary: str) -> Finding:
    return kinds.UNTRAINED.found(summary)


def _damaged(name: MemberName, reason: str) -> Finding:
    return kinds.ARTEFACT[name].found(
        f"{name} has no vote: {reason}", subject=str(name), evidence={"member": str(name), "reason": reason}
    )


def _lacking(name: MemberName, reason: str) -> Finding:
    return kinds.LIBRARY.found(
        f"{name} was trained here and has no vote: {reason}",
        subject=str(name),
        evidence={"member": str(name), "reason": reason},
    )


def _too_few(known: Condition, voting: list[Ballot]) -> Finding:
    absent = {str(row.member): f"{row.standing}: {row.reason}" for row in known.standings if row not in voting}
    return kinds.FEW_MEMBERS.found(
        f"{len(voting)} of {len(known.standings)} members vote; {known.fewest} is the least",
        evidence={**absent, "voting": len(voting)},
    )


def _degenerate(row: Ballot) -> Finding:
    return kinds.DEGENERATE[row.member].found(
        f"{row.member} has no vote: {row.reason}",
        subject=str(row.member),
        evidence={"member": str(row.member), "artefact": row.artefact[:12]},
    )
