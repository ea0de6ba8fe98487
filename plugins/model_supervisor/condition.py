"""What the model supervisor's health says: what it knows of the sources in, an answer with its findings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from plugins.domain import Source
from plugins.model_supervisor.edge import EdgeWord
from plugins.model_supervisor.rules import Rules
from plugins.model_supervisor.standing import SourceStanding
from plugins.model_supervisor.weighing import Record
from qtcore import Finding, Health, Severity

NO_EDGE = "QT-MODEL-NO-EDGE"


@dataclass(frozen=True, slots=True)
class Overview:
    """How all sources stand; `late_s` is the time from candle to signal that 95 of 100 keep, None before any."""

    sources: Sequence[SourceStanding]
    members: Sequence[Record]
    fallback: float | None
    late_s: float | None
    judged_ago_s: float | None
    judged_limit_s: float
    failure: str
    waiting: int


def health_of(now: Overview, rules: Rules) -> Health:
    """Unknown before the first judgement; degraded when it cannot judge, or a source is not what it should be."""
    facts = facts_of(now)
    if now.failure or (now.judged_ago_s is not None and now.judged_ago_s > now.judged_limit_s):
        finding = _blind(now)
        return Health.degraded(finding.summary, finding, **facts)
    if now.judged_ago_s is None:
        return Health.unknown("the sources have not been judged yet", **facts)
    findings = findings_of(now, rules)
    if findings:
        return Health.degraded(findings[0].summary, *findings, **facts)
    return Health.healthy(summary_of(now), **facts)


def summary_of(now: Overview) -> str:
    """What is known of each source that has spoken."""
    spoken = [each.sentence for each in now.sources if each.said]
    return "; ".join(spoken) or "no source has said anything yet"


def facts_of(now: Overview) -> dict[str, JsonValue]:
    """The figures behind the answer."""
    return {
        "sources": {str(each.source): shown(each) for each in now.sources},
        "members": {
            str(each.member): {
                "votes": each.n,
                "log_loss": round(each.log_loss, 4),
                "coverage": round(each.coverage, 3),
            }
            for each in now.members
        },
        "fallback_share": None if now.fallback is None else round(now.fallback, 3),
        "late_s": None if now.late_s is None else round(now.late_s, 3),
        "waiting_for_their_fate": now.waiting,
    }


def shown(standing: SourceStanding) -> dict[str, JsonValue]:
    """One source as plain data."""
    edge = standing.edge
    known = edge.word is not EdgeWord.TOO_EARLY
    return {
        "signals": standing.said,
        "fates_known": edge.n,
        "word": str(edge.word),
        "mean_net": round(edge.mean, 6),
        "interval": [round(edge.low, 6), round(edge.high, 6)] if known else None,
        "hit_rate": round(standing.reliability.right, 3),
        "calibration_gap": round(standing.reliability.gap, 3),
        "long_share": round(standing.balance.share, 3),
        "market_long_share": round(standing.balance.market, 3),
        "disagreement": None if standing.disagreement is None else round(standing.disagreement, 3),
        "changed": [change.sentence for change in standing.changes],
        "stop": standing.stop,
    }


def no_edge(sources: Sequence[SourceStanding], *, enforced: bool) -> Finding | None:
    """What is said, in those words, of sources that earn nothing; None when there is none."""
    idle = [each for each in sources if each.edge.word is EdgeWord.NO_EDGE]
    if not idle:
        return None
    return Finding(
        code=NO_EDGE,
        severity=Severity.LOW,
        summary="; ".join(f"{each.source}: {each.edge.sentence}" for each in idle),
        evidence={str(each.source): shown(each) for each in idle},
        cause="acting on these signals would have earned nothing that is surely above costs",
        consequence="their entries are stopped" if enforced else "their entries go on: the supervisor only advises",
        fix="train on more or other data (`qt models train`), or live with a source that does not earn",
        verify="`qt sources` shows an interval above zero",
    )


def doubt(sources: Sequence[SourceStanding], rules: Rules) -> str:
    """Why the trained models should learn anew: their calibration is gone, or what they live on has changed."""
    for each in sources:
        if each.source is Source.ENSEMBLE and _is_uncalibrated(each, rules):
            return f"the ensemble's calibration is off by {each.reliability.gap:.0%}"
        if each.source is Source.ENSEMBLE and each.changes:
            return each.changes[0].sentence
    return ""


def findings_of(now: Overview, rules: Rules) -> list[Finding]:
    """Every complaint about sources and members, the gravest first."""
    return [
        *(_meaningless(each) for each in now.sources if each.complaint),
        *(_biased(each) for each in now.sources if each.balance.biased),
        *(_uncalibrated(each, rules) for each in now.sources if _is_uncalibrated(each, rules)),
        *(_changed(each) for each in now.sources if each.changes and each.source is Source.ENSEMBLE),
        *(_absent(each, rules) for each in now.members if each.coverage < rules.coverage),
        *([_fallback(now.fallback)] if now.fallback is not None and now.fallback > rules.fallback else ()),
        *([_late(now.late_s, rules)] if now.late_s is not None and now.late_s > rules.late_s else ()),
    ]


def _is_uncalibrated(standing: SourceStanding, rules: Rules) -> bool:
    """A rule's confidence is on a scale of its own and promises no hit rate."""
    figures = standing.reliability
    return standing.source is Source.ENSEMBLE and figures.n >= rules.least and figures.gap > rules.calibration


def _blind(now: Overview) -> Finding:
    why = now.failure or f"the last judgement is {now.judged_ago_s or 0:.0f} s old"
    return Finding(
        code="QT-MODEL-BLIND",
        severity=Severity.MEDIUM,
        summary=f"sources are not judged any more: {why}",
        cause="a judgement failed or took longer than its deadline",
        consequence="verdicts run out, and with them the entries of the sources that they allow",
        fix="none is needed when it comes back by itself; otherwise see `qt logs model_supervisor`",
        verify="`qt sources` answers with young figures",
    )


def _meaningless(standing: SourceStanding) -> Finding:
    return Finding(
        code="QT-MODEL-CONFIDENCE",
        severity=Severity.HIGH,
        summary=f"{standing.source}: {standing.complaint}",
        evidence=shown(standing),
        cause="a model that is stuck, fed with constants, or answers on another scale",
        consequence="its confidence passes or fails thresholds for no reason",
        fix="`qt models list` shows what votes; `qt models rollback MEMBER` takes the version before",
        verify="`qt sources` shows confidences that differ and stay inside their scale",
    )


def _biased(standing: SourceStanding) -> Finding:
    return Finding(
        code="QT-MODEL-BIAS",
        severity=Severity.HIGH,
        summary=f"{standing.source} leans to one side: {standing.balance.sentence}",
        evidence={**shown(standing), "chance": standing.balance.chance},
        cause="the source says one side more often than the market rewards it; a trend alone does not explain it",
        consequence="all positions stand or fall together, against what happens",
        fix="train anew, or roll back to the version before the lean began",
        verify="`qt sources` shows shares that do not differ by more than chance",
    )


def _uncalibrated(standing: SourceStanding, rules: Rules) -> Finding:
    figures = standing.reliability
    return Finding(
        code="QT-MODEL-CALIBRATION",
        severity=Severity.MEDIUM,
        summary=f"{standing.source} says {figures.confidence:.0%} and is right in {figures.right:.0%}",
        evidence={**shown(standing), "limit": rules.calibration},
        cause="the market is not what the calibration was fitted on",
        consequence="thresholds let pass what they were not meant for",
        fix="train anew; retraining does so by itself on this finding",
        verify="`qt sources` shows a calibration gap below the limit",
    )


def _changed(standing: SourceStanding) -> Finding:
    return Finding(
        code="QT-MODEL-DRIFT",
        severity=Severity.LOW,
        summary="; ".join(change.sentence for change in standing.changes),
        evidence=shown(standing),
        cause="what goes in or comes out of the source is no longer what it was",
        consequence="what was learned before may not hold any more",
        fix="none at once; retraining takes it as a reason",
        verify="the change leaves `qt sources` one window of signals later",
    )


def _absent(record: Record, rules: Rules) -> Finding:
    return Finding(
        code="QT-MODEL-COVERAGE",
        severity=Severity.MEDIUM,
        summary=f"{record.member} counts in {record.coverage:.0%} of the votes, of at least {rules.coverage:.0%}",
        evidence={"member": str(record.member), "votes": record.n, "coverage": round(record.coverage, 3)},
        cause="it is absent, late, or has too little history for most symbols",
        consequence="the ensemble is made by the others alone",
        fix="`qt call models.votes` names the reason of each",
        verify="`qt sources` shows its coverage",
    )


def _fallback(share: float) -> Finding:
    return Finding(
        code="QT-MODEL-FALLBACK",
        severity=Severity.MEDIUM,
        summary=f"{share:.0%} of the signals come from the fallback rule although models vote",
        evidence={"fallback_share": round(share, 3)},
        cause="the ensemble has no view of most symbols",
        consequence="what trades is a rule, not what was trained",
        fix="`qt call models.votes` shows why members do not count",
        verify="`qt sources` shows a lower share",
    )


def _late(late_s: float, rules: Rules) -> Finding:
    return Finding(
        code="QT-MODEL-LATE",
        severity=Severity.MEDIUM,
        summary=f"signals come {late_s:.1f} s after their candle (limit {rules.late_s:g} s)",
        evidence={"late_s": round(late_s, 3), "limit_s": rules.late_s},
        cause="the machine is short of processors, or a member takes too long",
        consequence="prices have moved by the time an order leaves",
        fix="take a member out (DEEP=0), or fewer symbols",
        verify="`qt sources` shows the time",
    )
