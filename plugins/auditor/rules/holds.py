"""What blocks entries is in force, says why, and does not outlive its reason (G7, G12, H3, H4)."""

from __future__ import annotations

from collections.abc import Iterator

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, by_hand, verdict
from plugins.auditor.view import Ended, Moment, Scene, age_s
from plugins.domain import OutcomeCode, Posture
from qtcore import FindingKind, Severity

BLOCKED_S = 900.0
RECENT_S = 3.0
SETTLE_S = 4.0

HOLD = FindingKind(
    code="QT-AUDIT-HOLD",
    title="a hold without a reason, or for very long",
    severity=Severity.MEDIUM,
    effect_of=("QT-RISK-KILL-SWITCH", "QT-POSTURE-SOURCE-SILENT", "QT-VITAL-AWAY"),
    cause="whoever set it has not taken it back, or somebody still believes in one that is over",
    consequence="nothing is entered, and nobody is told why",
    fix="`qt status` shows the posture and who claims it, `qt kill status` the kill switch",
    verify="`qt invariants` shows the rule `holds` holding",
    remedies=(by_hand("qt events --kind posture_changed", "shows who changed the posture, when and why"), SHOW),
)


def check_holds(scene: Scene, moment: Moment) -> Verdict:
    """The posture and its reason, and signals that were refused for a hold that is not in force."""
    recent = [each for each in scene.outcomes if moment.now_s - each.heard_s < RECENT_S]
    return verdict(len(recent) + 1, [*_long(scene, moment), *_over(scene, moment, recent)])


def _long(scene: Scene, moment: Moment) -> Iterator[Suspicion]:
    span = scene.postures[-1] if scene.postures else None
    if span is None or not span.forbids:
        return
    lasted_s = age_s(span.since, moment.wall)
    if not span.reason or lasted_s > BLOCKED_S:
        why = span.reason or "nobody says why"
        summary = f"entries have been stopped by posture {span.level} for {lasted_s / 60:.0f} min: {why}"
        evidence = {"posture": span.level, "since": span.since.isoformat(), "reason": span.reason}
        yield Suspicion(HOLD, "posture", summary, evidence)


def _over(scene: Scene, moment: Moment, recent: list[Ended]) -> Iterator[Suspicion]:
    """A refusal for a hold that ended a while before."""
    by_posture = [each for each in recent if each.code is OutcomeCode.POSTURE]
    span = scene.postures[-1] if scene.postures else None
    free = span is not None and not span.forbids and age_s(span.since, moment.wall) > SETTLE_S + RECENT_S
    if by_posture and free and scene.posture == Posture.NORMAL:
        summary = f"{len(by_posture)} signals were refused for a posture that is over: {by_posture[-1].sentence}"
        yield Suspicion(HOLD, "executor", summary, {"said": by_posture[-1].sentence})
    by_kill = [each for each in recent if each.code is OutcomeCode.KILL_SWITCH]
    since = scene.kill.when
    if by_kill and not scene.kill.on and (since is None or age_s(since, moment.wall) > SETTLE_S + RECENT_S):
        summary = f"{len(by_kill)} signals were refused by a kill switch that is off: {by_kill[-1].sentence}"
        yield Suspicion(HOLD, "kill switch", summary, {"said": by_kill[-1].sentence})


HOLDS = Rule(
    name="holds",
    says="what stops entries is in force, has a reason and does not outlive it",
    looks_at="holds and refusals",
    incidents=("G7", "G12", "H3", "H4"),
    check=check_holds,
    kinds=(HOLD,),
    patience_s=1.5,
    needs=frozenset({"executor"}),
)
