"""What the model supervisor's health says: what it knows of the sources in, an answer with its findings out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from plugins.domain import Source
from plugins.model_supervisor import kinds
from plugins.model_supervisor.edge import EdgeWord
from plugins.model_supervisor.rules import Rules
from plugins.model_supervisor.standing import SourceStanding
from plugins.model_supervisor.weighing import Record
from qtcore import Finding, Health


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
        "hit_rate": round(standing.reliability.earned, 3),
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
    return kinds.NO_EDGE.found(
        "; ".join(f"{each.source}: {each.edge.sentence}" for each in idle),
        evidence={**{str(each.source): shown(each) for each in idle}, "entries_stopped": enforced},
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
    told = figures.n >= rules.least and figures.gap > rules.calibration and figures.proven
    return standing.source is Source.ENSEMBLE and told


def _blind(now: Overview) -> Finding:
    why = now.failure or f"the last judgement is {now.judged_ago_s or 0:.0f} s old"
    return kinds.BLIND.found(f"sources are not judged any more: {why}")


def _meaningless(standing: SourceStanding) -> Finding:
    return kinds.CONFIDENCE.found(
        f"{standing.source}: {standing.complaint}", subject=str(standing.source), evidence=shown(standing)
    )


def _biased(standing: SourceStanding) -> Finding:
    return kinds.BIAS.found(
        f"{standing.source} leans to one side: {standing.balance.sentence}",
        subject=str(standing.source),
        evidence={**shown(standing), "chance": standing.balance.chance},
    )


def _uncalibrated(standing: SourceStanding, rules: Rules) -> Finding:
    figures = standing.reliability
    return kinds.CALIBRATION.found(
        f"{standing.source} says {figures.confidence:.0%}, and what it says comes about in {figures.came:.0%}",
        subject=str(standing.source),
        evidence={**shown(standing), "limit": rules.calibration},
    )


def _changed(standing: SourceStanding) -> Finding:
    return kinds.DRIFT.found(
        "; ".join(change.sentence for change in standing.changes),
        subject=str(standing.source),
        evidence=shown(standing),
    )


def _absent(record: Record, rules: Rules) -> Finding:
    return kinds.COVERAGE.found(
        f"{record.member} counts in {record.coverage:.0%} of the votes, of at least {rules.coverage:.0%}",
        subject=str(record.member),
        evidence={"member": str(record.member), "votes": record.n, "coverage": round(record.coverage, 3)},
    )


def _fallback(share: float) -> Finding:
    return kinds.FALLBACK.found(
        f"{share:.0%} of the signals come from the fallback rule although models vote",
        evidence={"fallback_share": round(share, 3)},
    )


def _late(late_s: float, rules: Rules) -> Finding:
    return kinds.LATE.found(
        f"signals come {late_s:.1f} s after their candle (limit {rules.late_s:g} s)",
        evidence={"late_s": round(late_s, 3), "limit_s": rules.late_s},
    )
