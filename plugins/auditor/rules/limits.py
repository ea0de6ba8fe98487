"""Limits hold on the venue's own word, whoever else counts (H7, A5)."""

from __future__ import annotations

from collections.abc import Iterator

from plugins.auditor.rules.rule import SHOW, Rule, Suspicion, Verdict, after_a_yes, by_hand, missing, unseen, verdict
from plugins.auditor.view import Moment, Scene
from plugins.domain import OutcomeCode, Posture
from qtcore import FindingKind, Severity

LEAK_S = 35.0
"""The executor keeps a slot for an entry whose position is not told for 30 s; only longer is a leak."""

RECENT_S = 6.0

OVER = FindingKind(
    code="QT-AUDIT-LIMIT",
    title="more positions than allowed",
    severity=Severity.CRITICAL,
    root=True,
    cause="whoever counts positions before an entry counts something else than the venue, or others trade there",
    consequence="more is at risk than was ever allowed; no further entries until it is within the limit",
    fix="close what is too much; `qt positions`, `qt strangers` and `qt call risk_guard.limits` show who counts",
    verify="`qt positions` lists no more than the limit",
    remedies=(by_hand("qt positions", "lists what the venue holds"), SHOW),
)
LEAKED = FindingKind(
    code="QT-AUDIT-SLOTS",
    title="slots taken by nothing",
    severity=Severity.HIGH,
    cause="the executor counts positions that the venue does not have",
    consequence="entries are refused for want of a slot although there are free ones",
    fix="`qt restart executor` reads the positions anew",
    verify="`qt funnel --minutes 1` shows no more signals that found every slot taken",
    remedies=(after_a_yes("restart executor", "forgets what it counted and hears every position anew"), SHOW),
)


def check_limits(scene: Scene, _: Moment) -> Verdict:
    """The number of positions at the venue against the limit."""
    if scene.venue is None:
        return unseen(missing(scene, "venue"))
    count, most = len(scene.venue.positions), scene.limits.positions
    if count <= most:
        return verdict(count, ())
    summary = f"the venue holds {count} positions, and {most} are allowed"
    evidence = {"positions": sorted(scene.venue.positions), "limit": most}
    return verdict(count, [Suspicion(OVER, "", summary, evidence)])


def check_slots(scene: Scene, moment: Moment) -> Verdict:
    """Refusals for want of a slot against the positions that the venue holds."""
    if scene.venue is None:
        return unseen(missing(scene, "venue"))
    refused = [
        each
        for each in scene.outcomes
        if each.code is OutcomeCode.SLOTS_FULL and moment.now_s - each.heard_s < RECENT_S
    ]
    return verdict(len(refused), _leaks(scene, len(refused)))


def _leaks(scene: Scene, refused: int) -> Iterator[Suspicion]:
    held = len(scene.venue.positions) if scene.venue else 0
    if refused and held < scene.limits.positions:
        summary = f"signals found no free slot, although the venue holds {held} of {scene.limits.positions} positions"
        yield Suspicion(LEAKED, "", summary, {"held": held, "limit": scene.limits.positions})


LIMITS = Rule(
    name="limits",
    says="the venue holds no more positions than are allowed",
    looks_at="positions",
    incidents=("H7", "A5"),
    check=check_limits,
    kinds=(OVER,),
    patience_s=1.5,
    posture=Posture.NO_ENTRIES,
)
SLOTS = Rule(
    name="slots",
    says="a signal is refused for want of a slot only while the venue's positions take them all",
    looks_at="refusals for want of a slot",
    incidents=("G3", "G10", "H15"),
    check=check_slots,
    kinds=(LEAKED,),
    patience_s=LEAK_S,
    needs=frozenset({"executor", "exchange"}),
)
