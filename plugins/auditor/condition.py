"""What the auditor's health says: the gravest thing that is not as it should be; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from plugins.auditor.patience import Case
from plugins.auditor.rules.rule import SHOW
from plugins.auditor.verdicts import Court
from qtcore import Condition, Finding, FindingKind, Health, Severity, Status, counted

BLIND = FindingKind(
    code="QT-AUDIT-BLIND",
    title="the auditor cannot look",
    severity=Severity.MEDIUM,
    cause="what it asks does not answer, or a rule of its own is broken",
    consequence="what would be noticed there is not noticed",
    fix="`qt invariants` says which rules cannot look and why",
    verify="`qt invariants` shows no rule that cannot look or has failed",
    remedies=(SHOW,),
)
VALID_S = 8.0
"""Asked for each second, because a detection should not wait; an answer holds longer, so that few are written down."""

BLIND_S = 60.0
"""So long a place may be out of sight before it is said: a start and every restart take their time."""


def health_of(court: Court, blind: Mapping[str, str], blind_s: float) -> Health:
    """Critical with what breaks an invariant gravely, degraded with less; unknown before the first look."""
    if not court.last:
        return Health.unknown("no rule has looked yet")
    findings = [*map(finding_of, court.open), *_blind(court, blind, blind_s)]
    facts = facts_of(court)
    if not findings:
        holding = sum(court.word(rule) == "holds" for rule in court.rules)
        idle = len(court.rules) - holding
        rest = f", {idle} had nothing to look at or could not" if idle else ""
        told = f"{holding} of {counted(len(court.rules), 'invariant')} hold{rest}"
        return Health.healthy(told, **facts).model_copy(update={"valid_for_s": VALID_S})
    worst = Status.CRITICAL if any(each.severity is Severity.CRITICAL for each in findings) else Status.DEGRADED
    return Health(
        status=worst,
        summary=findings[0].summary,
        findings=tuple(findings),
        facts=facts,
        valid_for_s=VALID_S,
        conditions=(Condition(name="invariants", status=worst, reason=findings[0].summary),),
    )


def finding_of(case: Case) -> Finding:
    """A case as a finding."""
    suspicion = case.suspicion
    evidence = to_jsonable_python({"rule": case.rule.name, "incidents": case.rule.incidents, **suspicion.evidence})
    return suspicion.kind.found(suspicion.summary, subject=suspicion.subject, evidence=evidence, cause=suspicion.cause)


def facts_of(court: Court) -> dict[str, JsonValue]:
    """How much was looked at, so that nobody takes a blind rule for a satisfied one."""
    return {
        "rules": len(court.rules),
        "looked_at": {rule.name: court.last[rule.name].verdict.looked_at for rule in court.rules},
        "cannot_look": [rule.name for rule in court.rules if court.word(rule) == "cannot look"],
        "broken": [rule.name for rule in court.rules if court.word(rule) == "broken"],
    }


def _blind(court: Court, blind: Mapping[str, str], blind_s: float) -> Sequence[Finding]:
    failed = {rule.name: court.last[rule.name].failure for rule in court.rules if court.last[rule.name].failure}
    if failed:
        name, why = next(iter(failed.items()))
        return [BLIND.found(f"the rule {name} fails: {why}", evidence={"failed": to_jsonable_python(failed)})]
    if blind and blind_s > BLIND_S:
        name, why = next(iter(blind.items()))
        told = f"{name} has not been seen for {blind_s:.0f} s: {why}"
        return [BLIND.found(told, evidence={"blind": to_jsonable_python(dict(blind))})]
    return []
