"""What the models' health says, and which findings it opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from plugins.domain import MemberName, Standing
from plugins.learning.ensemble import Ballot
from qtcore import Finding, Health, Severity

ARTEFACT = "QT-MODELS-ARTEFACT"
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
    damaged = [_damaged(name, reason) for name, reason in known.damaged.items()]
    untrained = [row for row in known.standings if row.standing is Standing.NOT_TRAINED]
    present = [row for row in known.standings if row.standing not in LEFT_OUT]
    if untrained and len(untrained) == len(present):
        return [*damaged, _untrained()]
    voting = [row for row in known.standings if row.standing is Standing.VOTED]
    if len(voting) < min(known.fewest, len(present)):
        return [*damaged, _too_few(known, voting)]
    degenerate = [_degenerate(row) for row in known.standings if row.standing is Standing.DEGENERATE]
    return [*damaged, *degenerate]


def _starved(known: Condition) -> Finding:
    return Finding(
        code="QT-MODELS-STARVED",
        severity=Severity.MEDIUM,
        summary=f"no candle has been judged for {known.age_s:.0f} s",
        evidence={"age_s": round(known.age_s, 1), "limit_s": round(known.limit_s, 1)},
        cause="no closed candle reaches the models: the feed is away, or the market stands still",
        consequence="no signals are made, so nothing is entered and nothing is exited by signal",
        fix="see the feed: `qt why feed`",
        verify="`qt call models.latest` shows recent candles",
    )


def _untrained() -> Finding:
    return Finding(
        code="QT-MODELS-UNTRAINED",
        severity=Severity.LOW,
        summary="the first training has not ended; the RSI rule trades",
        cause="no member has a champion yet",
        consequence="all signals come from the rule, labelled as what they are",
        fix="wait for the first training, or see what keeps it: `qt why retraining`",
        verify="`qt models list` shows champions",
    )


def _damaged(name: MemberName, reason: str) -> Finding:
    return Finding(
        code=f"{ARTEFACT}-{name.upper()}",
        severity=Severity.HIGH,
        summary=f"{name} has no vote: {reason}",
        evidence={"member": str(name), "reason": reason},
        cause="its artefact is damaged, foreign, made for other features, or answers differently from when it was made",
        consequence=f"the ensemble decides without {name}; its weight goes to the others",
        fix="healing goes back to the last good champion; where none is left, train anew",
        verify="`qt models list` shows its champion as whole",
    )


def _too_few(known: Condition, voting: list[Ballot]) -> Finding:
    absent = {str(row.member): f"{row.standing}: {row.reason}" for row in known.standings if row not in voting}
    return Finding(
        code="QT-MODELS-FEW-MEMBERS",
        severity=Severity.MEDIUM,
        summary=f"{len(voting)} of {len(known.standings)} members vote; {known.fewest} is the least",
        evidence={**absent, "voting": len(voting)},
        cause="the others are absent for the reasons in the evidence",
        consequence="the ensemble is no more than those that are left; where nobody votes, the rule trades",
        fix="mend what keeps them away: `qt why deep`, `qt models list`",
        verify="`qt call models.votes` shows their votes",
    )


def _degenerate(row: Ballot) -> Finding:
    return Finding(
        code=f"QT-MODELS-DEGENERATE-{row.member.upper().replace('_', '-')}",
        severity=Severity.MEDIUM,
        summary=f"{row.member} has no vote: {row.reason}",
        evidence={"member": str(row.member), "artefact": row.artefact[:12]},
        cause="it learned nothing, or what it is shown does not reach it",
        consequence=f"the ensemble decides without {row.member}; its weight goes to the others",
        fix="train it anew, or go back: `qt models list`",
        verify="`qt call models.votes` shows its votes varying",
    )
