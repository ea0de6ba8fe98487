"""What the guard's health says: which limits are broken, whether the kill is proven, and what it cannot keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugins.domain import Posture
from plugins.risk_guard.fence import Fence
from plugins.risk_guard.limits import Breach
from qtcore import Finding, Health, Remedy, RemedyKind, Severity

_LET_IT_STAND = "find out why, and let the limit stand; `qt call risk_guard.limits` shows how far each is used"
_FIX_OF = {
    "kill_switch": "`qt kill off --why ...`, once its reason is gone",
    "memory": "the history proves it by itself where there is one; otherwise `qt call risk_guard.accept` and why",
}
_CAUSE_OF = {
    "memory": "the guard's file was lost or damaged, so it is not known what the day began with",
    "exposure_unknown": "a position was opened by somebody else, or a message of the exchange was lost",
    "order_rate": "something sends orders in a loop",
}


def health_of(
    broken: Sequence[Breach],
    fence: Fence | None,
    *,
    unwritten: str | None,
    starting: bool,
    equity: str,
    facts: dict[str, Any],
) -> Health:
    """Degraded with a finding for each broken limit; healthy within all of them.

    In a home that is new there is nothing to remember yet, which is no finding.
    """
    findings = [_finding(breach, fence) for breach in broken if not (starting and breach.limit == "memory")]
    if fence is not None and fence.proven_at is None:
        findings.append(_unproven(fence))
    if unwritten is not None:
        findings.append(_unwritten(unwritten))
    if broken:
        blind = broken[0].limit == "account"
        told = broken[0].sentence if blind else f"entries are stopped: {broken[0].sentence}"
        return Health.degraded(told, *findings, **facts)
    if findings:
        return Health.degraded(findings[0].summary, *findings, **facts)
    return Health.healthy(f"within all limits, equity {equity} USDT", **facts)


def _finding(breach: Breach, fence: Fence | None) -> Finding:
    severe = breach.level is not Posture.NO_ENTRIES
    memory = breach.limit == "memory"
    accept = Remedy(
        kind=RemedyKind.MANUAL,
        act='qt call risk_guard.accept \'{"why": "..."}\'',
        effect="measure losses from the present equity on",
    )
    return Finding(
        code=f"QT-RISK-{breach.limit.replace('_', '-').upper()}",
        severity=Severity.HIGH if severe else Severity.MEDIUM,
        summary=breach.sentence,
        evidence={"proof": fence.told()} if breach.limit == "kill_switch" and fence is not None else {},
        cause=_CAUSE_OF.get(breach.limit, ""),
        consequence=f"the posture is at least {breach.level.value}: no entries, exits still go out",
        fix=_FIX_OF.get(breach.limit, _LET_IT_STAND),
        verify="`qt status` shows posture normal",
        remedies=(accept,) if memory else (),
        healable=memory,
    )


def _unproven(fence: Fence) -> Finding:
    what = f"{len(fence.resting)} entries still rest" if fence.resting else "the second look is still to come"
    return Finding(
        code="QT-RISK-KILL-UNPROVEN",
        severity=Severity.CRITICAL if fence.resting else Severity.LOW,
        summary=f"it is not proven yet that no entry is left after the kill: {what}",
        evidence=fence.told(),
        cause="the exchange does not answer, or the venue keeps an order",
        consequence="the door refuses entries all the same; an old one could still fill",
        fix="see `qt orders`; cancel what rests at the venue by hand",
        verify="`qt kill status` shows proven_at",
    )


def _unwritten(why: str) -> Finding:
    return Finding(
        code="QT-RISK-MEMORY-UNWRITTEN",
        severity=Severity.MEDIUM,
        summary=f"what losses are measured against cannot be kept: {why}",
        cause="the disk takes no bytes",
        consequence="limits hold as long as this process lives; after a restart they would have to be proven again",
        fix="free space on the disk of the home folder",
        verify="the finding is gone",
    )
